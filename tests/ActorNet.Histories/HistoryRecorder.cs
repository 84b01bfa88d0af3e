using System.Collections.Concurrent;

namespace ActorNet.Histories;

/// <summary>Keeps what concurrent clients did to lists, by key. Thread-safe.</summary>
/// <param name="time">The one clock of all clients.</param>
public sealed class HistoryRecorder(TimeProvider time)
{
    private readonly ConcurrentQueue<(string Key, TimedOperation<ListOperation> Operation)> _all = new();

    private readonly ConcurrentQueue<ListVersion> _told = new();

    /// <summary>Versions that clients were told of, for <see cref="WatchAudit"/>.</summary>
    public IReadOnlyCollection<ListVersion> Versions => _told;

    /// <summary>How many operations are kept.</summary>
    public int Count => _all.Count;

    /// <summary>The moment right before an operation is sent.</summary>
    public long Call() => time.GetTimestamp();

    /// <summary>Keeps an operation that was answered, now.</summary>
    public void Answered(int client, string key, ListOperation operation, long call) =>
        _all.Enqueue((key, new TimedOperation<ListOperation>(client, operation, call, time.GetTimestamp())));

    /// <summary>Keeps a write of which nobody knows what becomes.</summary>
    public void Unanswered(int client, string key, ListOperation operation, long call) =>
        _all.Enqueue((key, new TimedOperation<ListOperation>(client, operation, call, null)));

    /// <summary>Keeps a version that a client was told of.</summary>
    public void Told(ListVersion version) => _told.Enqueue(version);

    /// <summary>Decides for each key: a history of several objects is linearizable when each one's is (Herlihy and Wing, theorem 1).</summary>
    /// <param name="initial">What each list was before all.</param>
    public IReadOnlyDictionary<string, Verdict> Decide(Func<string, TokenList> initial) =>
        _all.GroupBy(static each => each.Key, StringComparer.Ordinal)
            .ToDictionary(static group => group.Key, group => ListHistory.Decide(initial(group.Key), [.. group.Select(static each => each.Operation)]), StringComparer.Ordinal);
}
