namespace ActorNet.Dataplane.Frames;

/// <summary>
/// One pooled piece of pinned memory. A buffer may hold one frame, or, when a segmented receive brought many datagrams at once, several
/// frames that each own a region of it: the count says how many frames still stand in it, and the last one to go returns it to its pool.
/// </summary>
public sealed class FrameBuffer
{
    private int _references;

    internal FrameBuffer(FramePool pool, FrameSize size, byte[] slab, int offset, int length)
    {
        Pool = pool;
        Size = size;
        Slab = slab;
        Offset = offset;
        Length = length;
    }

    /// <summary>The pinned array that the buffer is cut from.</summary>
    public byte[] Slab { get; }

    /// <summary>Where in <see cref="Slab"/> the buffer begins.</summary>
    public int Offset { get; }

    /// <summary>Capacity in bytes.</summary>
    public int Length { get; }

    /// <summary>The size class, which says where the buffer returns to.</summary>
    public FrameSize Size { get; }

    internal FramePool Pool { get; }

    /// <summary>How many frames stand in the buffer; 0 in the pool.</summary>
    public int References => Volatile.Read(ref _references);

    /// <summary>The buffer's bytes.</summary>
    public Span<byte> Span => Slab.AsSpan(Offset, Length);

    /// <summary>Counts further frames in the buffer. Only an owner of a frame in it may call this.</summary>
    /// <param name="frames">How many are added.</param>
    public void AddReferences(int frames) => Interlocked.Add(ref _references, frames);

    /// <summary>Takes frames away that became part of another in the same buffer, which stays.</summary>
    /// <param name="frames">How many; fewer than stand in it.</param>
    public void RemoveReferences(int frames) => Interlocked.Add(ref _references, -frames);

    internal void Rented() => _references = 1;

    /// <summary>Takes one frame away.</summary>
    /// <returns>Whether it was the last.</returns>
    /// <exception cref="InvalidOperationException">The buffer had no frame: somebody released a frame twice.</exception>
    internal bool Release()
    {
        // One frame in a buffer is the rule: then nobody else can hold a reference and no interlocked operation is needed.
        if (Volatile.Read(ref _references) == 1)
        {
            _references = 0;
            return true;
        }

        int left = Interlocked.Decrement(ref _references);
        if (left < 0)
            throw new InvalidOperationException($"A frame buffer of {Length} bytes was released twice.");
        return left == 0;
    }
}

/// <summary>The size classes of a pool.</summary>
public enum FrameSize : byte
{
    /// <summary>2,048 bytes: headroom and any frame of an ordinary MTU.</summary>
    Small,

    /// <summary>67,584 bytes: headroom and the largest IPv4 packet, or a whole segmented receive.</summary>
    Large,
}
