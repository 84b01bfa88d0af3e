using System.Net;
using System.Net.Sockets;

namespace ActorNet.Interop.Tests.Disks;

/// <summary>A store of three members, each a process with a disk of its own. Followers are slow to synchronise; the first member, which stands for election first, is not.</summary>
/// <param name="disks">The disks.</param>
/// <param name="slow">Makes the others slow.</param>
/// <param name="flags">What each server is told besides.</param>
internal sealed class StoreOnDisks(DiskImages disks, SlowSync slow, params string[] flags) : IAsyncDisposable
{
    private static readonly TimeSpan SyncDelay = TimeSpan.FromMilliseconds(200);
    private static readonly string[] Names = ["a", "b", "c"];
    private readonly Dictionary<string, (IPEndPoint Peers, IPEndPoint Clients)> _places = Names.ToDictionary(name => name, _ => (FreePlace(), FreePlace()));
    private readonly Dictionary<string, StoreServerProcess> _running = [];

    public IEnumerable<string> Running => _running.Keys;

    public IPEndPoint ClientsOf(string name) => _places[name].Clients;

    /// <summary>Makes the disks and the store.</summary>
    public async Task FormAsync()
    {
        foreach (string name in Names)
            Start(name, await disks.MakeAsync(name), isUnderLoad: true, name == "a" ? ["--form"] : []);
        foreach (StoreServerProcess server in _running.Values)
            await server.ReadyAsync();
        foreach (string name in Names[1..])
            await Eventually.HoldsAsync($"{name} is a member", async () => await _running["a"].OrderAsync($"add {name}") == $"added {name}");
    }

    /// <summary>Starts all members again, on their disks.</summary>
    public Task StartAsync() => StartAsync(isUnderLoad: true, static name => name, Names);

    /// <summary>Starts members on the copies of their disks, only to look at what they have.</summary>
    public Task StartCopiesAsync(params string[] names) => StartAsync(isUnderLoad: false, static name => $"{name}-copy", names);

    /// <summary>The leader, as the first running member sees it; null while it knows none.</summary>
    public async Task<string?> LeaderAsync() => await _running.Values.First().OrderAsync("leader") is ['l', ..] answer && answer[7..] is not "-" and var name ? name : null;

    /// <summary>Kills all members and takes the disks off.</summary>
    public async Task KillAsync()
    {
        await Task.WhenAll(_running.Values.Select(server => server.KillAsync()));
        await DisposeAsync();
        await disks.UnmountAllAsync();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        foreach (StoreServerProcess server in _running.Values)
            server.Dispose();
        _running.Clear();
        return ValueTask.CompletedTask;
    }

    private async Task StartAsync(bool isUnderLoad, Func<string, string> diskOf, params string[] names)
    {
        foreach (string name in names)
            Start(name, await disks.MountAsync(diskOf(name)), isUnderLoad);
        foreach (StoreServerProcess server in _running.Values)
            await server.ReadyAsync();
    }

    private void Start(string name, string directory, bool isUnderLoad, params string[] more)
    {
        bool isFirst = name == Names[0];
        // A slow follower answers after several of its flushes, on a busy machine later still.
        string electionTimeout = !isUnderLoad ? "1" : isFirst ? "2.5" : "6";
        _running[name] = StoreServerProcess.Start(
            name,
            isFirst || !isUnderLoad ? [] : slow.Environment(SyncDelay),
            [
                "--directory", Path.Combine(directory, "store"), "--clients", $"{_places[name].Clients}", "--listen", $"{_places[name].Peers}",
                "--election-timeout", electionTimeout, "--snapshot-after", $"{32 << 10}",
                .. Names.Where(other => other != name).SelectMany(other => new[] { "--peer", $"{other}={_places[other].Peers}" }),
                .. flags, .. more,
            ]);
    }

    /// <summary>An address that nobody listens at. Below what Linux gives out by itself: nobody takes it while its server is down.</summary>
    public static IPEndPoint FreePlace()
    {
        while (true)
        {
            var place = new IPEndPoint(IPAddress.Parse("127.0.12.1"), Random.Shared.Next(20_000, 30_000));
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(place);
                return place;
            }
            catch (SocketException)
            {
                // Taken: another one.
            }
        }
    }
}
