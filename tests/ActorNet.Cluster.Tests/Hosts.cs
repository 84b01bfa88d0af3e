using System.Collections.Concurrent;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Membership;
using Akka.Cluster;

namespace ActorNet.Cluster.Tests;

/// <summary>Several control systems of one test, each on its own loopback address, all stopped at the end.</summary>
internal sealed class Hosts(ControlTls?[]? tls = null) : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<ControlSystem> _running = [];

    public ConcurrentQueue<ControlLogEntry> Log { get; } = new();

    public ControlOptions Options(int number, params ControlEndpoint[] seeds) => new()
    {
        HostName = $"h{number}",
        BindAddress = $"127.0.10.{number}",
        Seeds = [.. seeds],
        MayForm = seeds.Length == 0,
        Tls = tls?[number],
        Log = Log.Enqueue,
    };

    public async Task<ControlSystem> StartAsync(ControlOptions options, ControlLinks? links = null)
    {
        ControlSystem host = await ControlSystem.StartAsync(options, links);
        _running.Add(host);
        return host;
    }

    /// <summary>Hosts h1 .. hN in one cluster, all Up everywhere.</summary>
    public async Task<ControlSystem[]> FormAsync(int count)
    {
        List<ControlSystem> hosts = [await StartAsync(Options(1))];
        for (int number = 2; number <= count; number++)
            hosts.Add(await StartAsync(Options(number, hosts[0].Endpoint)));
        foreach (ControlSystem host in hosts)
            await Until(() => host.Snapshot.Members.Length == count && host.Snapshot.Members.All(member => member.Status == MemberStatus.Up), () => Describe(host));
        return [.. hosts];
    }

    public static async Task Until(Func<bool> condition, Func<string> found)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!condition())
        {
            if (Environment.TickCount64 > end)
                Assert.Fail($"Not within {Patience.TotalSeconds} s: {found()}");
            await Task.Delay(20);
        }
    }

    public static string Describe(ControlSystem host)
    {
        ControlSnapshot now = host.Snapshot;
        return $"{host.HostName} sees {string.Join(", ", now.Members.Select(member => $"{member.Name} {member.Status} {(member.IsReachable ? "" : "unreachable")}"))}, leader {now.Leader}, singleton {now.SingletonHost}";
    }

    public async ValueTask DisposeAsync()
    {
        // Without leaving: a test has said what it wanted, and its links may be cut.
        await Task.WhenAll(_running.Select(host => host.TerminateAsync()));
    }
}
