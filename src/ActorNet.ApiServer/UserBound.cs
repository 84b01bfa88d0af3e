using System.Collections.Concurrent;

namespace ActorNet.ApiServer;

/// <summary>A bound on how much of something is taken at once, by all users and by each. For any thread.</summary>
/// <param name="most">Of all users.</param>
/// <param name="mostOfOne">Of one user.</param>
internal sealed class UserBound(int most, int mostOfOne)
{
    private readonly ConcurrentDictionary<string, int> _ofUsers = new(StringComparer.Ordinal);
    private int _taken;
    private long _refused;

    /// <summary>Of all users.</summary>
    public int Most => most;

    /// <summary>How much is taken now.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>How often there was too little left.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Takes some; disposing gives it back.</summary>
    /// <param name="user">For whom.</param>
    /// <param name="count">How much.</param>
    /// <param name="full">The bound that it would exceed.</param>
    /// <returns>null: there is too little left.</returns>
    public IDisposable? TryTake(string user, int count, out int full)
    {
        bool fits = Interlocked.Add(ref _taken, count) <= most, fitsUser = _ofUsers.AddOrUpdate(user, count, (_, taken) => taken + count) <= mostOfOne;
        full = fits ? mostOfOne : most;
        if (fits && fitsUser)
            return new Share(this, user, count);
        Interlocked.Increment(ref _refused);
        Return(user, count);
        return null;
    }

    // Users come and go: the last share of one takes its count away.
    private void Return(string user, int count)
    {
        Interlocked.Add(ref _taken, -count);
        while (_ofUsers.TryGetValue(user, out int taken))
        {
            if (taken == count ? _ofUsers.TryRemove(KeyValuePair.Create(user, taken)) : _ofUsers.TryUpdate(user, taken - count, taken))
                return;
        }
    }

    private sealed class Share(UserBound bound, string user, int count) : IDisposable
    {
        public void Dispose() => bound.Return(user, count);
    }
}
