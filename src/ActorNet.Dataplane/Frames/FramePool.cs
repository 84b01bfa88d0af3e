namespace ActorNet.Dataplane.Frames;

/// <summary>
/// The process's frame memory: pinned slabs cut into buffers of two sizes, and vectors. It grows on demand up to a bound and then refuses,
/// which the caller counts as a drop. Actors do not use it directly: each has a <see cref="FrameCache"/> that trades 64 buffers at a time
/// (the magazines of Bonwick and Adams, "Magazines and Vmem", USENIX 2001), so that a frame costs no lock.
/// </summary>
public sealed class FramePool
{
    /// <summary>Bytes of a small buffer.</summary>
    public const int SmallLength = 2048;

    /// <summary>Bytes of a large buffer: 64 KiB of packet and 2 KiB of headroom.</summary>
    public const int LargeLength = 66 * 1024;

    /// <summary>Bytes kept free in front of a frame that is rented to be written: the outermost header pushed so far is VXLAN's 8 behind a 14-byte Ethernet header; the rest is alignment and room for what comes.</summary>
    public const int Headroom = 128;

    internal const int MagazineSize = 64;

    private readonly Lock _lock = new();
    private readonly Shelf[] _shelves;
    private readonly Stack<FrameVector> _vectors = new();
    private readonly List<WeakReference<FrameCache>> _caches = [];
    private readonly int _maxVectors;
    private int _vectorsMade;

    /// <summary>Makes an empty pool; memory is taken on first use.</summary>
    /// <param name="maxSmall">Small buffers at most.</param>
    /// <param name="maxLarge">Large buffers at most.</param>
    /// <param name="maxVectors">Vectors at most.</param>
    public FramePool(int maxSmall = 262_144, int maxLarge = 2_048, int maxVectors = 65_536)
    {
        _shelves = [new Shelf(SmallLength, maxSmall, slabBuffers: 64), new Shelf(LargeLength, maxLarge, slabBuffers: 4)];
        _maxVectors = maxVectors;
    }

    /// <summary>Makes the front of the pool for one owner.</summary>
    /// <param name="owner">Who rents, so that a leak has an author.</param>
    public FrameCache CreateCache(string owner)
    {
        var cache = new FrameCache(this, owner);
        lock (_lock)
            _caches.Add(new WeakReference<FrameCache>(cache));
        return cache;
    }

    /// <summary>Counts what is out: made, less what lies in the pool and in every cache. Exact only while nobody works.</summary>
    public PoolUsage Measure()
    {
        lock (_lock)
        {
            int small = _shelves[0].Made - _shelves[0].InMagazines;
            int large = _shelves[1].Made - _shelves[1].InMagazines;
            int vectors = _vectorsMade - _vectors.Count;
            foreach (WeakReference<FrameCache> weak in _caches)
            {
                if (!weak.TryGetTarget(out FrameCache? cache))
                    continue;
                small -= cache.CachedSmall;
                large -= cache.CachedLarge;
                vectors -= cache.CachedVectors;
            }

            return new PoolUsage(small, large, vectors, _shelves[0].Made, _shelves[1].Made);
        }
    }

    /// <summary>Copies up to a magazine of buffers out. Contents travel, not the arrays, so that trading allocates nothing.</summary>
    internal int TakeMagazine(FrameSize size, Span<FrameBuffer> magazine)
    {
        lock (_lock)
            return _shelves[(int)size].Take(this, size, magazine);
    }

    internal void GiveMagazine(FrameSize size, ReadOnlySpan<FrameBuffer> buffers)
    {
        lock (_lock)
            _shelves[(int)size].Give(buffers);
    }

    internal int TakeVectors(Span<FrameVector> magazine)
    {
        lock (_lock)
        {
            int count = Math.Min(magazine.Length, _vectors.Count);
            for (int i = 0; i < count; i++)
                magazine[i] = _vectors.Pop();
            if (count > 0)
                return count;
            count = Math.Min(Math.Min(MagazineSize / 4, magazine.Length), _maxVectors - _vectorsMade);
            for (int i = 0; i < count; i++)
                magazine[i] = new FrameVector();
            _vectorsMade += Math.Max(count, 0);
            return Math.Max(count, 0);
        }
    }

    internal void GiveVectors(ReadOnlySpan<FrameVector> vectors)
    {
        lock (_lock)
        {
            foreach (FrameVector vector in vectors)
                _vectors.Push(vector);
        }
    }

    internal void Forget(FrameCache cache)
    {
        lock (_lock)
            _caches.RemoveAll(w => !w.TryGetTarget(out FrameCache? c) || ReferenceEquals(c, cache));
    }

    private sealed class Shelf(int length, int max, int slabBuffers)
    {
        private readonly Stack<FrameBuffer> _buffers = new();

        public int Made { get; private set; }

        public int InMagazines => _buffers.Count;

        public int Take(FramePool pool, FrameSize size, Span<FrameBuffer> magazine)
        {
            if (_buffers.Count == 0)
                MakeSlab(pool, size);
            int count = Math.Min(magazine.Length, _buffers.Count);
            for (int i = 0; i < count; i++)
                magazine[i] = _buffers.Pop();
            return count;
        }

        public void Give(ReadOnlySpan<FrameBuffer> buffers)
        {
            foreach (FrameBuffer buffer in buffers)
                _buffers.Push(buffer);
        }

        private void MakeSlab(FramePool pool, FrameSize size)
        {
            int count = Math.Min(slabBuffers, max - Made);
            if (count <= 0)
                return;
            byte[] slab = GC.AllocateUninitializedArray<byte>(length * count, pinned: true);
            for (int i = count - 1; i >= 0; i--)
                _buffers.Push(new FrameBuffer(pool, size, slab, i * length, length));
            Made += count;
        }
    }
}

/// <summary>What a pool has given out.</summary>
/// <param name="SmallOut">Small buffers in use.</param>
/// <param name="LargeOut">Large buffers in use.</param>
/// <param name="VectorsOut">Vectors in use.</param>
/// <param name="SmallMade">Small buffers ever made.</param>
/// <param name="LargeMade">Large buffers ever made.</param>
public readonly record struct PoolUsage(int SmallOut, int LargeOut, int VectorsOut, int SmallMade, int LargeMade)
{
    /// <summary>Whether every buffer and vector is back.</summary>
    public bool IsIdle => SmallOut == 0 && LargeOut == 0 && VectorsOut == 0;
}
