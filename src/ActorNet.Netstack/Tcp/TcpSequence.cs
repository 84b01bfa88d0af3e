namespace ActorNet.Netstack;

/// <summary>Arithmetic of 32-bit sequence numbers and timestamps, which wrap (RFC 9293, 3.4; RFC 7323, 5.2).</summary>
internal static class TcpSequence
{
    public static bool IsBefore(uint a, uint b) => (int)(a - b) < 0;

    public static bool IsAfter(uint a, uint b) => (int)(b - a) < 0;

    public static bool IsAtMost(uint a, uint b) => (int)(a - b) <= 0;

    /// <summary>Whether low &lt;= value &lt;= high.</summary>
    public static bool IsBetween(uint value, uint low, uint high) => high - low >= value - low;

    public static uint Max(uint a, uint b) => IsAfter(a, b) ? a : b;

    public static uint Min(uint a, uint b) => IsBefore(a, b) ? a : b;

    /// <summary>How far a lies behind b in the stream; negative when it lies in front.</summary>
    public static int Distance(uint a, uint b) => (int)(a - b);
}
