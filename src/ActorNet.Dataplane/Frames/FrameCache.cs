namespace ActorNet.Dataplane.Frames;

/// <summary>
/// One owner's front of the <see cref="FramePool"/>: not thread-safe, used only by the actor or socket thread that owns it. Frames may be
/// rented by one cache and released by another.
/// </summary>
public sealed class FrameCache : IDisposable
{
    private readonly FramePool _pool;
    private readonly Stash _small;
    private readonly Stash _large;
    private readonly FrameVector[] _vectors = new FrameVector[FramePool.MagazineSize];
    private int _vectorCount;

    internal FrameCache(FramePool pool, string owner)
    {
        _pool = pool;
        Owner = owner;
        _small = new Stash(pool, FrameSize.Small, FramePool.MagazineSize);
        _large = new Stash(pool, FrameSize.Large, 8);
    }

    /// <summary>Who rents here.</summary>
    public string Owner { get; }

    internal int CachedSmall => _small.Count;

    internal int CachedLarge => _large.Count;

    internal int CachedVectors => _vectorCount;

    /// <summary>Rents an empty vector.</summary>
    /// <param name="vector">The vector.</param>
    /// <returns>False when the pool is at its bound.</returns>
    public bool TryRentVector(out FrameVector vector)
    {
        if (_vectorCount == 0)
        {
            _vectorCount = _pool.TakeVectors(_vectors.AsSpan(0, FramePool.MagazineSize / 2));
            if (_vectorCount == 0)
            {
                vector = null!;
                return false;
            }
        }

        vector = _vectors[--_vectorCount];
        return true;
    }

    /// <summary>Rents memory for one frame: <paramref name="length"/> bytes behind <see cref="FramePool.Headroom"/> bytes of headroom. The bytes are not cleared.</summary>
    /// <param name="length">Frame length in bytes, at most 65,535 + 14 + 4.</param>
    /// <param name="frame">The frame.</param>
    /// <returns>False when the pool is at its bound.</returns>
    public bool TryRentFrame(int length, out Frame frame)
    {
        bool small = length <= FramePool.SmallLength - FramePool.Headroom;
        if (!(small ? _small : _large).TryTake(out FrameBuffer? buffer))
        {
            frame = default;
            return false;
        }

        frame = new Frame
        {
            Buffer = buffer,
            RegionStart = buffer.Offset,
            RegionEnd = buffer.Offset + buffer.Length,
            Start = buffer.Offset + FramePool.Headroom,
            Length = length,
        };
        return true;
    }

    /// <summary>Rents a bare buffer of a size class, counted as one frame, for a receive that fills it.</summary>
    /// <param name="size">Size class.</param>
    /// <param name="buffer">The buffer.</param>
    /// <returns>False when the pool is at its bound.</returns>
    public bool TryRentBuffer(FrameSize size, out FrameBuffer buffer)
    {
        bool taken = (size == FrameSize.Small ? _small : _large).TryTake(out FrameBuffer? taken1);
        buffer = taken1!;
        return taken;
    }

    /// <summary>Copies a frame, or a train, and its marks into memory of its own.</summary>
    /// <param name="source">The frame to copy; it keeps its owner.</param>
    /// <param name="copy">The copy.</param>
    /// <returns>False when the pool is at its bound.</returns>
    public bool TryCopy(in Frame source, out Frame copy)
    {
        if (!TryRentFrame(source.IsTrain ? FrameTrain.Extent(source) : source.Length, out copy))
            return false;
        source.Buffer.Slab.AsSpan(source.Start, copy.Length).CopyTo(copy.Span);
        copy.Length = source.Length;
        copy.Followers = source.Followers;
        copy.Stride = source.Stride;
        copy.LastShort = source.LastShort;
        copy.FlowHash = source.FlowHash;
        copy.Remote = source.Remote;
        copy.Mark = source.Mark;
        copy.OuterTypeOfService = source.OuterTypeOfService;
        copy.Flags = source.Flags & ~FrameFlags.Shared;
        return true;
    }

    /// <summary>Makes a second frame over the same bytes, for flooding: both are marked <see cref="FrameFlags.Shared"/>.</summary>
    /// <param name="frame">The frame, which is marked as well.</param>
    public static Frame Share(ref Frame frame)
    {
        frame.Flags |= FrameFlags.Shared;
        frame.Buffer.AddReferences(1);
        return frame;
    }

    /// <summary>Makes the frame's bytes its own, copying them when others see them.</summary>
    /// <param name="frame">The frame; replaced by its copy.</param>
    /// <returns>False when a copy was needed and the pool is at its bound; the frame is unchanged.</returns>
    public bool TryMakeWritable(ref Frame frame)
    {
        if ((frame.Flags & FrameFlags.Shared) == 0)
            return true;
        if (!TryCopy(frame, out Frame copy))
            return false;
        Release(ref frame);
        frame = copy;
        return true;
    }

    /// <summary>Releases one frame.</summary>
    /// <param name="frame">The frame; its buffer reference is cleared.</param>
    public void Release(ref Frame frame)
    {
        FrameBuffer buffer = frame.Buffer;
        frame.Buffer = null!;
        Release(buffer);
    }

    /// <summary>Takes one frame away from a buffer and returns it to the pool with the last.</summary>
    /// <param name="buffer">The buffer.</param>
    public void Release(FrameBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (buffer.Release())
            (buffer.Size == FrameSize.Small ? _small : _large).Give(buffer);
    }

    /// <summary>Releases a vector whose frames were all moved away; credit is returned.</summary>
    /// <param name="vector">The vector.</param>
    public void ReleaseEmpty(FrameVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        vector.ReturnCredit();
        vector.Holder = null;
        vector.Passage = default;
        vector.Clear();
        if (_vectorCount == _vectors.Length)
        {
            _pool.GiveVectors(_vectors.AsSpan(FramePool.MagazineSize / 2));
            _vectorCount = FramePool.MagazineSize / 2;
        }

        _vectors[_vectorCount++] = vector;
    }

    /// <summary>Releases a vector with every frame in it.</summary>
    /// <param name="vector">The vector.</param>
    public void Release(FrameVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        foreach (ref Frame frame in vector.Frames)
            Release(ref frame);
        ReleaseEmpty(vector);
    }

    /// <summary>
    /// Releases a vector whose handling was broken off: whatever frames are still in it. Those moved away left an empty slot; one that was
    /// moved within the vector, to close a gap, is in it twice and released once.
    /// </summary>
    /// <param name="vector">The vector.</param>
    /// <returns>How many frames were left.</returns>
    public int ReleaseLeft(FrameVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        int left = 0;
        for (int i = 0; i < vector.Count; i++)
        {
            Frame frame = vector[i];
            if (frame.Buffer is null || HasCopyAbove(vector, i))
                continue;
            Release(ref frame);
            left++;
        }

        ReleaseEmpty(vector);
        return left;
    }

    private static bool HasCopyAbove(FrameVector vector, int index)
    {
        for (int i = index + 1; i < vector.Count; i++)
        {
            // Frames of one segmented receive share a buffer; each has a region of its own.
            if (ReferenceEquals(vector[i].Buffer, vector[index].Buffer) && vector[i].RegionStart == vector[index].RegionStart)
                return true;
        }

        return false;
    }

    /// <summary>Gives everything cached back to the pool; the cache must not be used afterwards.</summary>
    public void Dispose()
    {
        _small.Empty();
        _large.Empty();
        if (_vectorCount > 0)
            _pool.GiveVectors(_vectors.AsSpan(0, _vectorCount));
        _vectorCount = 0;
        _pool.Forget(this);
    }

    private sealed class Stash(FramePool pool, FrameSize size, int magazine)
    {
        private readonly FrameBuffer[] _buffers = new FrameBuffer[magazine * 2];

        public int Count { get; private set; }

        public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out FrameBuffer? buffer)
        {
            if (Count == 0)
            {
                Count = pool.TakeMagazine(size, _buffers.AsSpan(0, magazine));
                if (Count == 0)
                {
                    buffer = null;
                    return false;
                }
            }

            buffer = _buffers[--Count];
            buffer.Rented();
            return true;
        }

        public void Give(FrameBuffer buffer)
        {
            if (Count == _buffers.Length)
            {
                pool.GiveMagazine(size, _buffers.AsSpan(magazine));
                Count = magazine;
            }

            _buffers[Count++] = buffer;
        }

        public void Empty()
        {
            pool.GiveMagazine(size, _buffers.AsSpan(0, Count));
            Count = 0;
        }
    }
}
