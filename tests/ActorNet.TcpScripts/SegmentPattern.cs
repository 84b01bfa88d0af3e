using ActorNet.Packets;

namespace ActorNet.TcpScripts;

/// <summary>A TCP segment as a script writes it. Sequence numbers count from the initial one of the side that owns them.</summary>
public sealed record SegmentPattern
{
    /// <summary>The control bits. Of a segment that the stack sends, PSH only counts when it stands here.</summary>
    public required TcpFlags Flags { get; init; }

    /// <summary>The connection's name.</summary>
    public string Connection { get; init; } = "a";

    /// <summary>Sequence number.</summary>
    public required NumberPattern Sequence { get; init; }

    /// <summary>Acknowledgment number; null when it does not count.</summary>
    public NumberPattern? Acknowledgment { get; init; }

    /// <summary>The window field, not scaled; null: any, and 65535 in what the script sends.</summary>
    public NumberPattern? Window { get; init; }

    /// <summary>Data bytes; the least number of them where <see cref="LengthRange"/> is given.</summary>
    public int Length { get; init; }

    /// <summary>How many data bytes the stack's segment may have, where it is not one number.</summary>
    public NumberPattern? LengthRange { get; init; }

    /// <summary>Urgent pointer.</summary>
    public int UrgentPointer { get; init; }

    /// <summary>The options in the order in which the script writes them.</summary>
    public IReadOnlyList<OptionPattern> Options { get; init; } = [];

    /// <summary>Whether options that do not stand here are let pass.</summary>
    public bool AnyOptions { get; init; }

    /// <summary>The DF bit; null: any, and clear in what the script sends.</summary>
    public bool? DontFragment { get; init; }

    /// <summary>Whether the script sends a wrong checksum.</summary>
    public bool BadChecksum { get; init; }

    /// <summary>Whether the SYN begins another incarnation: its number is the new zero.</summary>
    public bool NewIsn { get; init; }

    /// <summary>A byte that all data consist of, in place of the stream's own.</summary>
    public byte? Fill { get; init; }

    /// <summary>So many segments, one behind the other.</summary>
    public int Count { get; init; } = 1;
}

/// <summary>An option as a script writes it.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="First">mss, shift or TSval.</param>
/// <param name="Second">TSecr.</param>
/// <param name="Blocks">SACK blocks, left and right edge each.</param>
/// <param name="Raw">The bytes of an option that is written raw.</param>
public sealed record OptionPattern(
    TcpOptionKind Kind, NumberPattern? First = null, NumberPattern? Second = null, IReadOnlyList<(long Left, long Right)>? Blocks = null, byte[]? Raw = null);

/// <summary>An ICMP error as a script writes it.</summary>
/// <param name="Name">Its name, such as <c>frag-needed</c>.</param>
/// <param name="Type">ICMP type.</param>
/// <param name="Code">ICMP code.</param>
/// <param name="Connection">The connection whose segment it quotes.</param>
/// <param name="Sequence">The quoted segment's sequence number.</param>
/// <param name="Mtu">Next-hop MTU in bytes.</param>
/// <param name="Length">Data bytes of the quoted segment, for its IP total length.</param>
public sealed record IcmpPattern(string Name, IcmpType Type, byte Code, string Connection, long Sequence, ushort Mtu, int Length);

/// <summary>A socket call as a script writes it.</summary>
/// <param name="Verb">What is called.</param>
/// <param name="Socket">The socket's name; empty for <c>socket</c>.</param>
/// <param name="Result">The name that the new socket gets; empty where there is none.</param>
/// <param name="Arguments">The words behind.</param>
/// <param name="Expected">What it must come to: a number, a range, <c>*</c>, a state, an errno's name; null: success.</param>
public sealed record CallPattern(string Verb, string Socket, string Result, IReadOnlyList<string> Arguments, string? Expected);
