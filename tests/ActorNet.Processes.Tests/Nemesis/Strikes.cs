using ActorNet.Kubernetes.Faults;

namespace ActorNet.Processes.Tests.Nemesis;

/// <summary>What goes wrong, one thing after the other, by chance; each ends before the next begins, but who was struck may still be on its way back.</summary>
/// <param name="trio">The hosts.</param>
/// <param name="random">Chance.</param>
internal sealed class Strikes(HostTrio trio, Random random)
{
    private static readonly Func<Strikes, int, Task<string>>[] Kinds =
        [(s, host) => s.KillAsync(host), (s, host) => s.CutAsync(host, FaultDirection.Both), (s, host) => s.KillAsync(host),
         (s, host) => s.CutAsync(host, FaultDirection.Egress), (s, host) => s.CutAsync(host, FaultDirection.Ingress), (s, host) => s.DelayAsync(host), (s, host) => s.FreezeAsync(host),
         (s, host) => s.StopAsync(host)];

    private readonly SortedDictionary<string, int> _counted = new(StringComparer.Ordinal);
    private int[] _order = [];
    private int _next;

    /// <summary>How many of each kind there were.</summary>
    public string Counted => string.Join(", ", _counted.Select(static each => $"{each.Value} {each.Key}"));

    /// <summary>One fault, from its beginning to its end.</summary>
    /// <returns>What it was.</returns>
    public async Task<string> NextAsync()
    {
        // Each kind comes before any comes again.
        if (_next == _order.Length)
            (_order, _next) = ([.. Enumerable.Range(0, Kinds.Length)], 0);
        if (_next == 0)
            random.Shuffle(_order);
        // Mostly where it hurts: at the host that has the API.
        int api = await trio.ApiHostAsync(), host = api >= 0 && random.Next(3) > 0 ? api : random.Next(trio.Count);
        string what = await Kinds[_order[_next++]](this, host);
        string kind = what[..what.IndexOf(' ', StringComparison.Ordinal)];
        _counted[kind] = _counted.GetValueOrDefault(kind) + 1;
        return what + (host == api ? " (has the API)" : "");
    }

    private async Task<string> KillAsync(int host)
    {
        await trio[host].KillAsync();
        await Task.Delay(random.Next(200, 4000));
        trio.Restart(host);
        return $"kill -9 {HostTrio.NameOf(host)} and start it again";
    }

    private async Task<string> StopAsync(int host)
    {
        int code = await trio[host].StopAsync();
        trio.Restart(host);
        return $"stop {HostTrio.NameOf(host)} (exit code {code}) and start it again";
    }

    private async Task<string> FreezeAsync(int host)
    {
        int milliseconds = random.Next(500, 7000);
        await trio[host].SignalAsync("STOP");
        await Task.Delay(milliseconds);
        await trio[host].SignalAsync("CONT");
        return $"freeze {HostTrio.NameOf(host)} for {milliseconds} ms";
    }

    private async Task<string> CutAsync(int host, FaultDirection direction)
    {
        var duration = TimeSpan.FromMilliseconds(random.Next(1000, 7000));
        // What a host hands on to the API's host meets its own faults alone: the other ends have the same one, seen from there.
        FaultDirection seen = direction switch { FaultDirection.Egress => FaultDirection.Ingress, FaultDirection.Ingress => FaultDirection.Egress, _ => direction };
        bool[][] both = await Task.WhenAll(Others(host).Select(peer =>
            Task.WhenAll(trio.FaultAsync(host, peer, direction, TimeSpan.Zero, duration), trio.FaultAsync(peer, host, seen, TimeSpan.Zero, duration))));
        await Task.Delay(duration);
        return $"cut {HostTrio.NameOf(host)} from {both.Count(static each => each[0] || each[1])} others, {direction}, for {duration.TotalMilliseconds:0} ms";
    }

    private async Task<string> DelayAsync(int host)
    {
        TimeSpan duration = TimeSpan.FromMilliseconds(random.Next(2000, 5000)), delay = TimeSpan.FromMilliseconds(random.Next(50, 800));
        bool[] taken = await Task.WhenAll(Others(host).Select(peer => trio.FaultAsync(host, peer, FaultDirection.Egress, delay, duration)));
        await Task.Delay(duration);
        return $"delay what {HostTrio.NameOf(host)} sends to {taken.Count(static each => each)} others by {delay.TotalMilliseconds:0} ms for {duration.TotalMilliseconds:0} ms";
    }

    private IEnumerable<int> Others(int host) => Enumerable.Range(0, trio.Count).Where(each => each != host);
}
