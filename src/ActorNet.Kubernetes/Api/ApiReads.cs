using ActorNet.Kubernetes.Api.Watches;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api;

/// <summary>The verbs of the Kubernetes API that write nothing, over a store or a copy of a part of it. For any thread.</summary>
/// <remarks>Failures are <see cref="ApiException"/>, whose status is what a client gets.</remarks>
public sealed class ApiReads
{
    private readonly IObjectSource _source;
    private readonly ObjectReader _reader;
    private readonly ChangeLog _log;

    /// <summary>Makes the verbs.</summary>
    /// <param name="source">What is read.</param>
    /// <param name="kinds">The kinds that are in it.</param>
    /// <param name="time">The clock.</param>
    public ApiReads(IObjectSource source, KindCatalog kinds, TimeProvider time)
    {
        (_source, Time) = (source, time);
        _reader = new ObjectReader(source);
        _log = new ChangeLog(source, kinds);
    }

    /// <summary>The clock that ages are taken from.</summary>
    public TimeProvider Time { get; }

    /// <summary>One object.</summary>
    public async ValueTask<ApiObject> GetAsync(KindDescriptor kind, string space, string name, CancellationToken cancel = default) =>
        await _reader.FindAsync(kind, space, name, cancel).ConfigureAwait(false) ?? throw ApiErrors.NotFound(kind.Resource, name);

    /// <summary>One object; null: it is not there.</summary>
    public ValueTask<ApiObject?> FindAsync(KindDescriptor kind, string space, string name, CancellationToken cancel = default) =>
        _reader.FindAsync(kind, space, name, cancel);

    /// <summary>A page of objects.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace; empty: all.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="cancel">Ends it.</param>
    public ValueTask<ObjectList> ListAsync(KindDescriptor kind, string space, ListOptions options, CancellationToken cancel = default) =>
        _reader.ListAsync(kind, space, options, cancel);

    /// <summary>How far some kinds have changed up to now: while the mark stays the same, what a list of them would show is the same.</summary>
    /// <param name="kinds">The kinds.</param>
    /// <param name="cancel">Ends it.</param>
    /// <remarks>One read of the source. Where nobody watches, the mark changes with every write of whatever kind.</remarks>
    public async ValueTask<ChangeMark> MarkAsync(IReadOnlyList<KindDescriptor> kinds, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        RangeResult nothing = await _source.RangeAsync(new RangeRequest(KeyRange.Single("/"), 0, 1), cancel).ConfigureAwait(false);
        return await _log.MarkAsync(kinds, nothing.Revision, cancel).ConfigureAwait(false) ?? new ChangeMark(_source, nothing.Revision);
    }

    /// <summary>Opens a watch.</summary>
    /// <exception cref="ApiException">The version is too old: 410.</exception>
    public async ValueTask<ResourceWatch> WatchAsync(KindDescriptor kind, string space, WatchOptions options, CancellationToken cancel = default)
    {
        ObjectReader.CheckFields(kind, options.Filter.Fields);
        WatchRules.Check(options);
        KeyRange keys = StoreKeys.Range(kind, ObjectReader.NamespaceOf(kind, space, options.Filter), options.Filter.Fields.Exact("metadata.name"));
        var source = new WatchSource(_log, _source, kind);
        if (options.InitialEvents || options.ResourceVersion is "" or "0")
        {
            ObjectList first = await PageAsync("", cancel).ConfigureAwait(false);
            return new ResourceWatch(source, keys, options, Time, new InitialObjects(first, PageAsync), first.Revision);
        }

        long after = ObjectReader.ParseRevision(options.ResourceVersion);
        try
        {
            // What cannot be read any more is refused before the answer begins.
            await _source.RangeAsync(new RangeRequest(keys, after, 1), cancel).ConfigureAwait(false);
        }
        catch (CompactedException e)
        {
            throw ApiErrors.Expired($"too old resource version: {after} ({e.CompactRevision})");
        }
        catch (FutureRevisionException)
        {
            // A watch may wait for it.
        }

        return new ResourceWatch(source, keys, options, Time, null, after);

        ValueTask<ObjectList> PageAsync(string token, CancellationToken ct) => _reader.ListAsync(kind, space, new ListOptions(options.Filter, InitialObjects.PageSize, token), ct);
    }
}
