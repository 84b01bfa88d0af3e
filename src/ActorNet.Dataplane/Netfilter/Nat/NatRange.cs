using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Nat;

/// <summary>What addresses and ports a translation may choose (linux struct nf_nat_range2).</summary>
internal readonly record struct NatRange
{
    /// <summary>Lowest address; null when the address stays.</summary>
    internal Ipv4Address? MinAddress { get; init; }

    internal Ipv4Address MaxAddress { get; init; }

    /// <summary>Lowest port; null when ports are free to choose.</summary>
    internal ushort? MinPort { get; init; }

    internal ushort MaxPort { get; init; }

    /// <summary>The port that corresponds to the lowest one: destination ports are shifted, not drawn (DNAT's range/base).</summary>
    internal ushort? BasePort { get; init; }

    internal bool Random { get; init; }

    internal bool RandomFully { get; init; }

    internal bool Persistent { get; init; }

    /// <summary>Reads [address[-address]][:port[-port[/base]]].</summary>
    /// <param name="text">The text.</param>
    /// <param name="ports">Whether the rule's protocol has ports.</param>
    internal static NatRange Parse(string text, bool ports)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        ReadOnlySpan<char> addresses = colon < 0 ? text : text.AsSpan(0, colon);
        var range = new NatRange();
        if (colon >= 0)
            range = WithPorts(range, text.AsSpan(colon + 1), ports);
        if (addresses.Length == 0)
            return range;
        int dash = addresses.IndexOf('-');
        Ipv4Address low = Host(dash < 0 ? addresses : addresses[..dash]);
        return range with { MinAddress = low, MaxAddress = dash < 0 ? low : Host(addresses[(dash + 1)..]) };
    }

    /// <summary>Reads port[-port[/base]].</summary>
    internal static NatRange WithPorts(NatRange range, ReadOnlySpan<char> text, bool ports)
    {
        if (!ports)
            throw new RuleSyntaxException("Need TCP, UDP, SCTP or DCCP with port specification");
        int slash = text.IndexOf('/');
        ReadOnlySpan<char> span = slash < 0 ? text : text[..slash];
        int dash = span.IndexOf('-');
        ushort low = Port(text, dash < 0 ? span : span[..dash]);
        ushort high = dash < 0 ? low : Port(text, span[(dash + 1)..]);
        if (high < low)
            throw new RuleSyntaxException($"Port range `{span}' funky");
        return range with { MinPort = low, MaxPort = high, BasePort = slash < 0 ? null : Port(text, text[(slash + 1)..]) };
    }

    /// <summary>The range as iptables-save shows it.</summary>
    internal string Format()
    {
        string text = "";
        if (MinAddress is { } low)
            text = MaxAddress == low ? $"{low}" : $"{low}-{MaxAddress}";
        return MinPort is null ? text : $"{text}:{FormatPorts()}";
    }

    internal string FormatPorts()
    {
        string ports = MaxPort == MinPort ? $"{MinPort}" : $"{MinPort}-{MaxPort}";
        return BasePort is { } first ? $"{ports}/{first}" : ports;
    }

    /// <summary>Writes --random, --random-fully and --persistent.</summary>
    internal void PrintFlags(RuleText text)
    {
        if (Random)
            text.Word("--random");
        if (RandomFully)
            text.Word("--random-fully");
        if (Persistent)
            text.Word("--persistent");
    }

    private static Ipv4Address Host(ReadOnlySpan<char> text) =>
        Ipv4Address.TryParse(text, out Ipv4Address address) ? address : throw new RuleSyntaxException($"Bad IP address \"{text}\"\n");

    private static ushort Port(ReadOnlySpan<char> all, ReadOnlySpan<char> text) =>
        ushort.TryParse(text, out ushort port) && port > 0 ? port : throw new RuleSyntaxException($"Port `{all}' not valid\n");
}
