using ActorNet.Cluster.Informers;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Cluster.Api;

/// <summary>
/// What a new API server begins with while the store is in memory: of each kind the newest view that a host offers. A view is a state
/// that the API server before had, so nothing in it contradicts itself; what no surviving host had heard of is lost. Single-threaded.
/// </summary>
public sealed class RecoveryState
{
    /// <summary>
    /// How far the first revision lies above the highest known: revisions that the API server before gave to writes which nobody heard
    /// of are never given again, and whoever has seen one is told 410.
    /// </summary>
    public const long Leap = 100_000;

    // The first of January 2026.
    private const long FirstEpoch = 1_767_225_600_000;

    private readonly HashSet<string> _awaited;
    private readonly Dictionary<string, View> _views = new(StringComparer.Ordinal);
    private readonly KindCatalog _kinds;
    private long _heard;

    /// <summary>Begins to wait.</summary>
    /// <param name="kinds">The kinds that are taken.</param>
    /// <param name="awaited">Names of the hosts whose offers are waited for.</param>
    public RecoveryState(KindCatalog kinds, IEnumerable<string> awaited)
    {
        _kinds = kinds;
        _awaited = [.. awaited];
    }

    /// <summary>Whether every awaited host has offered all it knows.</summary>
    public bool IsComplete => _awaited.Count == 0;

    /// <summary>How many objects were left out because they came without their bytes or the bytes are no object.</summary>
    public int Refused { get; private set; }

    /// <summary>Takes a page; one that comes twice changes nothing.</summary>
    /// <param name="offer">The page.</param>
    public void Take(OfferObjects offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        if (_kinds.All.FirstOrDefault(kind => kind.IsStored && kind.Resource.ToString() == offer.Topic) is { } kind)
            ViewOf(kind, offer)?.Take(offer.Items);
        _heard = Math.Max(_heard, offer.KnownRevision);
        if (offer.Last)
            _awaited.Remove(offer.Host);
    }

    /// <summary>The lowest revision that an epoch begins at: a store in memory cannot remember how far an earlier one had come, the clock can. One millisecond, one revision.</summary>
    /// <param name="epoch">The epoch, in milliseconds of Unix time.</param>
    public static long FloorOf(long epoch) => Math.Max(1, epoch - FirstEpoch);

    /// <summary>The objects to begin with, and the revision to begin at.</summary>
    /// <param name="epoch">The epoch that begins.</param>
    /// <param name="local">Objects that this process knows whole: they stand in for those that were too large to be offered.</param>
    public (IReadOnlyList<ApiObject> Objects, long Revision) Result(long epoch, Func<KindDescriptor, string, ApiObject?> local)
    {
        var objects = new List<ApiObject>();
        long revision = _heard;
        foreach (View view in _views.Values.OrderBy(view => view.Kind.Resource.ToString(), StringComparer.Ordinal))
        {
            foreach ((string key, ApiObject? known) in view.Objects.OrderBy(each => each.Key, StringComparer.Ordinal))
            {
                if ((known ?? local(view.Kind, key)) is not { } found)
                {
                    Refused++;
                    continue;
                }
                objects.Add(found);
                revision = Math.Max(revision, found.Revision);
            }
        }
        return (objects, Math.Max(FloorOf(epoch), revision + Leap));
    }

    private View? ViewOf(KindDescriptor kind, OfferObjects offer)
    {
        if (_views.TryGetValue(offer.Topic, out View? known))
        {
            if (known.Host == offer.Host)
                return known;
            // Ties go to the name, so that the result is one.
            if (known.Revision > offer.KnownRevision || (known.Revision == offer.KnownRevision && string.CompareOrdinal(known.Host, offer.Host) < 0))
                return null;
        }
        return _views[offer.Topic] = new View(kind, offer.Host, offer.KnownRevision);
    }

    private sealed record View(KindDescriptor Kind, string Host, long Revision)
    {
        public Dictionary<string, ApiObject?> Objects { get; } = new(StringComparer.Ordinal);

        public void Take(ObjectItem[] items)
        {
            foreach (ObjectItem item in items)
                Objects[item.Key] = item.Json.Length == 0 ? null : StoredObjects.Read(Kind, item.Revision, item.Json);
        }
    }
}
