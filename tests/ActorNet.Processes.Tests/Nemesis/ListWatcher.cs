using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Histories;

namespace ActorNet.Processes.Tests.Nemesis;

/// <summary>
/// One watcher, as a client library is one: it lists once, and goes on behind the last revision that it was told of, at another host when one is lost. Only
/// one that is told 410 lists again, and what came between is then nobody's promise.
/// </summary>
/// <param name="name">For people.</param>
/// <param name="fronts">The hosts' fronts.</param>
/// <param name="first">At which it begins.</param>
internal sealed class ListWatcher(string name, IReadOnlyList<RestLists> fronts, int first)
{
    // A connection whose host was frozen or cut off is silent: then another host is asked.
    private const int Seconds = 6;

    private readonly Lock _gate = new();
    private readonly List<WatchedVersions> _closed = [];
    private List<ListVersion> _told = [];
    private long _behind = -1, _last = -1;

    public int Connections { get; private set; }

    /// <summary>How often it was told that what it asked for is no longer there.</summary>
    public int Relists { get; private set; }

    public int Events { get; private set; }

    /// <summary>The last revision that it was told of.</summary>
    public long Last => Interlocked.Read(ref _last);

    /// <summary>What it was told, for a judge who knows that all up to a revision has to be there.</summary>
    public IReadOnlyList<WatchedVersions> Told(long through)
    {
        lock (_gate)
            return _behind < 0 ? [.. _closed] : [.. _closed, new WatchedVersions(name, _behind, through, [.. _told])];
    }

    /// <summary>Watches until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken enough)
    {
        for (int at = first; !enough.IsCancellationRequested; at = (at + 1) % fronts.Count)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(enough);
            patience.CancelAfter(TimeSpan.FromSeconds(Seconds + 2));
            try
            {
                if (_behind < 0)
                    await BeginAsync(fronts[at], patience.Token);
                await FollowAsync(fronts[at], patience.Token);
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or NotDoneException or OperationCanceledException)
            {
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    private async Task BeginAsync(RestLists front, CancellationToken cancel)
    {
        long revision = (await front.ReadAllAsync(cancel)).Revision;
        lock (_gate)
            (_behind, _last, _told) = (revision, revision, []);
    }

    private async Task FollowAsync(RestLists front, CancellationToken cancel)
    {
        Connections++;
        await foreach ((string type, JsonNode what) in front.WatchAsync(Last, Seconds, cancel))
        {
            if (type == "ERROR")
            {
                Fail(what);
                return;
            }

            if (type is not ("ADDED" or "MODIFIED") || !RestLists.IsList(what))
                continue;
            ListVersion version = RestLists.Version(what);
            lock (_gate)
                _told.Add(version);
            Events++;
            Interlocked.Exchange(ref _last, Math.Max(_last, version.Revision));
        }
    }

    private void Fail(JsonNode status)
    {
        if (status["code"] is not { } code || int.Parse(code.ToString(), CultureInfo.InvariantCulture) != 410)
            throw new NotDoneException(status.ToJsonString());
        Relists++;
        lock (_gate)
        {
            _closed.Add(new WatchedVersions(name, _behind, _last, _told));
            _behind = -1;
        }
    }
}
