using System.Diagnostics.CodeAnalysis;
using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>The part of a rule that needs no extension: addresses, devices, protocol, fragment (linux struct ipt_ip, ip_packet_match).</summary>
internal sealed record RuleHead
{
    /// <summary>Every packet.</summary>
    internal static readonly RuleHead Any = new();

    internal AddressMatch Source { get; init; }

    internal AddressMatch Destination { get; init; }

    internal DeviceMatch In { get; init; }

    internal DeviceMatch Out { get; init; }

    /// <summary>Protocol number; 0 for all.</summary>
    internal byte Protocol { get; init; }

    internal bool NotProtocol { get; init; }

    /// <summary>-f: later fragments only; with <see cref="NotFragment"/> all but those.</summary>
    internal bool Fragment { get; init; }

    internal bool NotFragment { get; init; }

    /// <summary>Whether it asks for more than addresses and protocol (<see cref="QuickHead"/>).</summary>
    internal bool AsksMore => In.Name is not null || Out.Name is not null || Fragment;

    /// <summary>What <see cref="QuickHead"/> does not see.</summary>
    internal bool MatchesRest(NetfilterPacket packet) =>
        In.Matches(packet.InName) && Out.Matches(packet.OutName) && (!Fragment || packet.IsLaterFragment != NotFragment);

    internal void Print(RuleText text)
    {
        Source.Print(text, "-s");
        Destination.Print(text, "-d");
        In.Print(text, "-i");
        Out.Print(text, "-o");
        if (Protocol != 0)
            text.Option("-p", NotProtocol).Word(ProtocolNames.NameOf(Protocol));
        if (Fragment)
            text.Option("-f", NotFragment);
    }
}

/// <summary>An address under a mask, which need not be a prefix's. The default matches all.</summary>
/// <param name="Address">The address; its bits outside the mask do not count.</param>
/// <param name="Mask">The mask.</param>
/// <param name="Not">Whether all others are meant.</param>
internal readonly record struct AddressMatch(uint Address, uint Mask, bool Not)
{
    internal bool Matches(Ipv4Address address) => (((address.Value ^ Address) & Mask) == 0) != Not;

    /// <summary>Parses address, address/length or address/mask; a host name or a malformed text is no address.</summary>
    /// <param name="text">The text.</param>
    /// <param name="not">Whether all others are meant.</param>
    /// <param name="match">What was read.</param>
    /// <param name="keepsHostBits">Whether bits outside the mask stay to be seen: conntrack's options keep them, -s and -d clear them.</param>
    internal static bool TryParse(string text, bool not, out AddressMatch match, bool keepsHostBits = false)
    {
        match = default;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        uint mask = uint.MaxValue;
        if (slash >= 0 && !TryParseMask(text[(slash + 1)..], out mask))
            return false;
        string address = slash < 0 ? text : text[..slash];
        // "-s 0/0" is what people write for everything.
        if (address == "0")
            address = "0.0.0.0";
        if (!Ipv4Address.TryParse(address, out Ipv4Address parsed))
            return false;
        match = new AddressMatch(keepsHostBits ? parsed.Value : parsed.Value & mask, mask, not);
        return true;
    }

    internal void Print(RuleText text, string option)
    {
        if (Mask == 0 && !Not)
            return;
        text.Option(option, Not).Word(Format(alwaysMask: true));
    }

    /// <summary>address/length, or address/mask when the mask is no prefix's.</summary>
    internal string Format(bool alwaysMask)
    {
        var address = new Ipv4Address(Address);
        if (Mask == uint.MaxValue && !alwaysMask)
            return address.ToString();
        uint zeros = ~Mask;
        return (zeros & (zeros + 1)) == 0
            ? $"{address}/{System.Numerics.BitOperations.PopCount(Mask)}"
            : $"{address}/{new Ipv4Address(Mask)}";
    }

    private static bool TryParseMask([NotNullWhen(true)] string? text, out uint mask)
    {
        mask = 0;
        if (byte.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out byte length))
        {
            mask = length == 0 ? 0 : uint.MaxValue << (32 - length);
            return length <= 32;
        }

        bool dotted = Ipv4Address.TryParse(text, out Ipv4Address address);
        mask = address.Value;
        return dotted;
    }
}

/// <summary>A device by name, or by the beginning of its name (<c>veth+</c>). The default matches all.</summary>
/// <param name="Name">The name, or its beginning; null for all.</param>
/// <param name="IsPrefix">Whether a + stood behind it.</param>
/// <param name="Not">Whether all others are meant.</param>
internal readonly record struct DeviceMatch(string? Name, bool IsPrefix, bool Not)
{
    /// <summary>Parses what stands behind -i; <c>+</c> alone means every device and says nothing.</summary>
    internal static DeviceMatch Parse(string text, bool not)
    {
        if (text == "+")
            return not ? new DeviceMatch("", true, true) : default;
        return text.EndsWith('+') ? new DeviceMatch(text[..^1], true, not) : new DeviceMatch(text, false, not);
    }

    /// <summary>Whether the device is meant; null is a packet without one, whose name the kernel takes as empty.</summary>
    internal bool Matches(string? device)
    {
        if (Name is null)
            return true;
        device ??= "";
        return (IsPrefix ? device.StartsWith(Name, StringComparison.Ordinal) : device == Name) != Not;
    }

    internal void Print(RuleText text, string option)
    {
        if (Name is not null)
            text.Option(option, Not).Word(IsPrefix ? Name + "+" : Name);
    }
}
