namespace ActorNet.Netstack;

/// <summary>The bytes of a stream that were queued and not acknowledged, in blocks of <see cref="SendMemory"/>. Nothing is held while it is empty.</summary>
internal sealed class SendBuffer(SendMemory memory)
{
    private byte[][] _blocks = [];
    private int _firstBlock;
    private int _blockCount;
    private int _start;

    /// <summary>Bytes held.</summary>
    public int Length { get; private set; }

    /// <summary>Copies data to the end.</summary>
    /// <returns>How much there was memory for.</returns>
    public int Append(ReadOnlySpan<byte> data)
    {
        int taken = 0;
        while (taken < data.Length)
        {
            int at = _start + Length;
            if (at == _blockCount * SendMemory.BlockSize && !TryAddBlock())
                break;
            int offset = at % SendMemory.BlockSize;
            int count = Math.Min(data.Length - taken, SendMemory.BlockSize - offset);
            data.Slice(taken, count).CopyTo(Block(at / SendMemory.BlockSize).AsSpan(offset));
            taken += count;
            Length += count;
        }

        return taken;
    }

    /// <summary>Copies bytes out, to be sent.</summary>
    /// <param name="offset">From the first unacknowledged byte.</param>
    /// <param name="target">Where to; as many bytes as it is long must be held.</param>
    public void CopyTo(int offset, Span<byte> target)
    {
        int at = _start + offset;
        while (!target.IsEmpty)
        {
            int inBlock = at % SendMemory.BlockSize;
            int count = Math.Min(target.Length, SendMemory.BlockSize - inBlock);
            Block(at / SendMemory.BlockSize).AsSpan(inBlock, count).CopyTo(target);
            target = target[count..];
            at += count;
        }
    }

    /// <summary>Drops acknowledged bytes from the front.</summary>
    public void Release(int bytes)
    {
        Length -= bytes;
        _start += bytes;
        while (_blockCount > 0 && (_start >= SendMemory.BlockSize || Length == 0))
        {
            memory.Return(Block(0));
            _blocks[_firstBlock] = null!;
            _firstBlock = (_firstBlock + 1) & (_blocks.Length - 1);
            _blockCount--;
            _start = Length == 0 ? 0 : _start - SendMemory.BlockSize;
        }
    }

    public void Clear()
    {
        Release(Length);
        _blocks = [];
        _firstBlock = 0;
    }

    private ref byte[] Block(int index) => ref _blocks[(_firstBlock + index) & (_blocks.Length - 1)];

    private bool TryAddBlock()
    {
        if (memory.TryRent() is not { } block)
            return false;
        if (_blockCount == _blocks.Length)
        {
            var grown = new byte[Math.Max(2, _blocks.Length * 2)][];
            for (int i = 0; i < _blockCount; i++)
                grown[i] = Block(i);
            _blocks = grown;
            _firstBlock = 0;
        }

        Block(_blockCount++) = block;
        return true;
    }
}
