namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>The newest changes of one kind, bounded in number and bytes, and the places of its readers among them. For any thread.</summary>
/// <param name="from">Every change of the kind after this revision is kept, until the bounds let go of the oldest.</param>
internal sealed class KindChanges(long from)
{
    /// <summary>The most changes that are kept.</summary>
    public const int MostChanges = 500;

    /// <summary>The most bytes of objects in them, unless one change alone has more.</summary>
    public const int MostBytes = 4 * 1024 * 1024;

    private readonly Lock _lock = new();
    // A ring: change n is at n % MostChanges. Most kinds do not change while somebody watches another.
    private ObjectChange[]? _ring;
    private readonly List<KindReader> _readers = [];
    private long _from = from;
    private long _last = from;
    private long _first;
    private long _end;
    private long _bytes;

    /// <summary>The revision of the newest change, or the one that the log began at.</summary>
    public long Last
    {
        get
        {
            lock (_lock)
                return _last;
        }
    }

    /// <summary>Keeps changes, in their order, and wakes the readers that they concern.</summary>
    public void Add(IReadOnlyList<ObjectChange> changes)
    {
        lock (_lock)
        {
            long before = _last;
            foreach (ObjectChange each in changes)
                Keep(each);

            foreach (KindReader reader in _readers)
            {
                if (reader.Concerns(changes))
                    reader.Signal.Set();
                else if (reader.Position >= before)
                    // It has seen all: what does not concern it passes by without waking it.
                    reader.Position = Math.Max(reader.Position, _last);
            }
        }
    }

    /// <summary>Adds a reader.</summary>
    public void Enter(KindReader reader)
    {
        lock (_lock)
            _readers.Add(reader);
    }

    /// <summary>Takes a reader away.</summary>
    public void Leave(KindReader reader)
    {
        lock (_lock)
            _readers.Remove(reader);
    }

    /// <summary>Puts a reader at a revision up to which it has read elsewhere.</summary>
    /// <returns>False when changes behind that are no longer kept.</returns>
    public bool Move(KindReader reader, long revision)
    {
        lock (_lock)
        {
            if (revision < _from)
                return false;
            reader.Position = revision;
            return true;
        }
    }

    /// <summary>Wakes all readers.</summary>
    public void Wake()
    {
        lock (_lock)
            _readers.ForEach(static reader => reader.Signal.Set());
    }

    /// <summary>Moves a reader on.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="into">Gets the changes of its keys behind its position.</param>
    /// <param name="most">At most so many.</param>
    /// <returns>False when changes behind its position are no longer kept.</returns>
    public bool Read(KindReader reader, List<ObjectChange> into, int most)
    {
        lock (_lock)
        {
            if (reader.Position < _from)
                return false;
            long scanned = reader.Position;
            for (long number = After(reader.Position); number < _end; number++)
            {
                ObjectChange each = At(number);
                // Changes of one revision stay together: a position is a revision.
                if (into.Count >= most && each.Revision != scanned)
                {
                    reader.Position = scanned;
                    return true;
                }

                scanned = each.Revision;
                if (reader.Keys.Contains(each.Key))
                    into.Add(each);
            }

            reader.Position = Math.Max(reader.Position, _last);
            return true;
        }
    }

    private ref ObjectChange At(long number) => ref (_ring ??= new ObjectChange[MostChanges])[number % MostChanges];

    private void Keep(ObjectChange change)
    {
        if (_end - _first == MostChanges)
            Forget();
        At(_end++) = change;
        _bytes += change.Size;
        _last = change.Revision;
        while (_bytes > MostBytes && _end - _first > 1)
            Forget();
    }

    private void Forget()
    {
        _from = At(_first).Revision;
        _bytes -= At(_first).Size;
        At(_first++) = null!;
    }

    // The first change behind a revision.
    private long After(long revision)
    {
        (long low, long high) = (_first, _end);
        while (low < high)
        {
            long middle = low + (high - low) / 2;
            if (At(middle).Revision > revision)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
