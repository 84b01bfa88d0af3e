namespace ActorNet.Netstack;

/// <summary>
/// What all receive queues of a namespace hold, in bytes of truesize (the part of tcp_mem that falls to receiving). Frames come from a
/// pool that others need too: under pressure buffers stop growing, and at the limit a connection keeps only its minimum.
/// </summary>
internal sealed class ReceiveMemory(long limit)
{
    /// <summary>Bytes that a connection may hold whatever the others do: SK_MEM_QUANTUM and a few segments.</summary>
    public const int Minimum = 16_384;

    /// <summary>Bytes held.</summary>
    public long Used { get; private set; }

    public bool IsUnderPressure => Used > limit / 2;

    public bool IsExhausted => Used >= limit;

    public void Add(int bytes) => Used += bytes;
}
