using System.Runtime.CompilerServices;
using ActorNet.Kubernetes.Api.Watches;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api;

/// <summary>A watch of one kind: what the store changes, in the words of the API and as far as the filter lets it through.</summary>
public sealed class ResourceWatch
{
    /// <summary>How often a quiet watch says how far it has come, as upstream's cacher does.</summary>
    public static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);

    private readonly WatchSource _source;
    private readonly KeyRange _keys;
    private readonly WatchOptions _options;
    private readonly TimeProvider _time;
    private readonly InitialObjects? _initial;
    private readonly long _after;

    internal ResourceWatch(WatchSource source, KeyRange keys, WatchOptions options, TimeProvider time, InitialObjects? initial, long after)
    {
        (_source, _keys, _options, _time, _initial, _after) = (source, keys, options, time, initial, after);
    }

    /// <summary>Begins to read; once.</summary>
    /// <param name="cancel">Ends it.</param>
    public WatchReader Open(CancellationToken cancel) => new(_source, _keys, _options, _time, _initial, _after, cancel);

    /// <summary>Reads the events until the timeout, the cancellation or compaction.</summary>
    /// <exception cref="ApiException">What comes next was compacted: 410.</exception>
    public async IAsyncEnumerable<WatchEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        WatchReader reader = Open(cancel);
        await using ConfiguredAsyncDisposable closing = reader.ConfigureAwait(false);
        while (await reader.WaitAsync().ConfigureAwait(false))
        {
            while (reader.TryRead(out WatchEvent? told))
                yield return told;
        }
    }
}
