namespace ActorNet.Netstack;

/// <summary>The send memory of all sockets of a namespace: blocks of one size, kept for reuse, bounded in all.</summary>
internal sealed class SendMemory(long limit)
{
    /// <summary>Bytes of a block: what a small request costs while it is unacknowledged.</summary>
    public const int BlockSize = 8192;

    // 2 MB are kept for the next bursts; what is beyond goes back to the runtime.
    private const int MaxSpare = 256;

    private readonly Stack<byte[]> _spare = new();

    /// <summary>Bytes in use.</summary>
    public long Used { get; private set; }

    public byte[]? TryRent()
    {
        if (Used + BlockSize > limit)
            return null;
        Used += BlockSize;
        return _spare.TryPop(out byte[]? block) ? block : GC.AllocateUninitializedArray<byte>(BlockSize);
    }

    public void Return(byte[] block)
    {
        Used -= BlockSize;
        if (_spare.Count < MaxSpare)
            _spare.Push(block);
    }
}
