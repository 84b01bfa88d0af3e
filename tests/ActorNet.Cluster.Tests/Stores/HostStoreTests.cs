using System.Collections.Concurrent;
using System.Net;
using System.Text;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Stores;
using ActorNet.Cluster.Stores.Hosts;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>Hosts of one cluster that hold the store: they come, leave, come back with a disk that was taken out, and with an empty one.</summary>
[Collection(ClusterCollection.Name)]
public sealed class HostStoreTests : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("actornet-host-stores-");
    private readonly CertificateAuthority _authority = CertificateAuthority.Create(TimeProvider.System);
    private readonly ConcurrentQueue<string> _told = new();
    private readonly Hosts _hosts = new();
    private readonly Dictionary<int, Host> _running = [];

    public async ValueTask DisposeAsync()
    {
        foreach (Host host in _running.Values)
            await host.Store.DisposeAsync();
        await _hosts.DisposeAsync();
        foreach (Host host in _running.Values)
            host.Credentials.Dispose();
        _authority.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task The_store_follows_the_hosts_and_what_was_written_stays()
    {
        for (int number = 1; number <= 3; number++)
            await StartAsync(number);
        await SettlesAsync(1, 2, 3);
        await PutAsync(2, "a");

        // Two hosts are left, which need one disk only.
        await LeaveAsync(3);
        await SettlesAsync(1);
        await PutAsync(1, "b");

        // The disk of the third has missed that and is brought up to date.
        await StartAsync(3);
        await SettlesAsync(1, 2, 3);
        await PutAsync(3, "c");

        // A disk that was lost without a word.
        string lost = Status(2).Member;
        await EndAsync(2);
        Directory.Delete(DirectoryOf(2), recursive: true);
        await StartAsync(2);
        await SettlesAsync(1, 2, 3);
        Assert.DoesNotContain(lost, Status(1).Members);
        IObjectStore store = await _running[2].Store.ObtainAsync(CancellationToken.None).WaitAsync(Hosts.Patience);
        Assert.Equal("a b c", string.Join(' ', (await store.RangeAsync(new RangeRequest(new KeyRange("a", null)))).Objects.Select(static each => each.Key)));

        await ACopyThatIsNotTheOthersIsReplacedAsync();
    }

    // Both ends are told of a fingerprint that is not the copy's: neither can see who is right, and the leader has the majority.
    private async Task ACopyThatIsNotTheOthersIsReplacedAsync()
    {
        await Hosts.Until(() => _running.Keys.Count(n => Status(n).State == "leads") == 1, () => Told);
        int leader = _running.Keys.First(n => Status(n).State == "leads"), follower = _running.Keys.First(n => n != leader);
        string copy = Status(leader).Copy!, disk = Status(follower).Member;
        await Hosts.Until(() => Status(follower).Copy == copy, () => $"{copy} and {Status(follower).Copy}");
        IObjectStore refusing = await _running[follower].Store.ObtainAsync(CancellationToken.None);
        // What is told of a write that the other does not have yet says nothing, so it is told until both have the same.
        await Hosts.Until(
            () =>
            {
                Hear(follower, leader);
                return Status(follower).Problem?.Contains("serves nothing", StringComparison.Ordinal) == true;
            },
            () => Told);
        await Assert.ThrowsAnyAsync<StoreException>(() => refusing.RangeAsync(new RangeRequest(KeyRange.All)).AsTask());
        await Hosts.Until(
            () =>
            {
                Hear(leader, follower);
                return Status(follower) is { Problem: null } status && status.Member != disk && Status(leader).Members.Contains(status.Member);
            },
            () => Told);
        await PutAsync(follower, "d");

        void Hear(int number, int from)
        {
            if (_running[from].Store.Telling(isAnswer: true) is { } told && (from == leader || told.Member == disk))
                Assert.True(_running[number].Store.Hear(told with { CopyHash = told.CopyHash ^ 1 }, _running[from].Control.Endpoint));
        }
    }

    [Fact]
    public async Task A_leader_whose_disk_fills_up_lets_one_lead_that_has_room()
    {
        for (int number = 1; number <= 3; number++)
            await StartAsync(number);
        await SettlesAsync(1, 2, 3);
        await PutAsync(1, "a");
        // Not on the API server's host, which is the oldest; without room it stands aside until another leads.
        RaftObjectStore first = await StoreAsync(1);
        first.Room.Reserve = long.MaxValue / 2;
        if (first.IsLeader)
            await first.StandAsideAsync();
        await Hosts.Until(() => new[] { 2, 3 }.Any(n => Status(n).State == "leads"), () => Told);
        first.Room.Reserve = 0;
        int full = new[] { 2, 3 }.First(n => Status(n).State == "leads");

        (await StoreAsync(full)).Room.Reserve = long.MaxValue / 2;

        await Hosts.Until(() => Enumerable.Range(1, 3).Any(n => n != full && Status(n).State == "leads"), () => Told);
        await PutAsync(1, "b");
        await PutAsync(full, "c");
        using var patience = new CancellationTokenSource(Hosts.Patience);
        Assert.Equal("a b c", string.Join(' ', (await first.RangeAsync(new RangeRequest(KeyRange.All), patience.Token)).Objects.Select(static each => each.Key)));

        // With room again it takes what it missed.
        (await StoreAsync(full)).Room.Reserve = 0;
        Assert.Equal(3, (await (await StoreAsync(full)).RangeAsync(new RangeRequest(KeyRange.All), patience.Token)).Count);
    }

    [Fact]
    public async Task A_host_that_has_the_store_alone_hands_it_over_before_it_leaves_and_the_other_goes_on_alone()
    {
        await StartAsync(1);
        await StartAsync(2);
        await SettlesAsync(1);
        await PutAsync(1, "a");
        HostStore leaving = _running[1].Store;
        using var patience = new CancellationTokenSource(Hosts.Patience);

        // Its own limit ends it.
        string? heir = await leaving.HandOverAsync(CancellationToken.None);
        Assert.True(heir == "h2", Told);

        // Until it goes, it serves the API that may be there.
        await PutAsync(1, "b");
        Assert.Null(leaving.WhyNotLeave(["h2"]));
        Assert.True(await leaving.LeaveAsync(patience.Token), Told);
        await EndAsync(1);
        _running.Remove(1, out Host? gone);
        gone!.Credentials.Dispose();
        Assert.Equal([Status(2).Member], Status(2).Members);
        await PutAsync(2, "c");
        IObjectStore store = await _running[2].Store.ObtainAsync(patience.Token);
        Assert.Equal("a b c", string.Join(' ', (await store.RangeAsync(new RangeRequest(new KeyRange("a", null)), patience.Token)).Objects.Select(static each => each.Key)));
    }

    private async Task<RaftObjectStore> StoreAsync(int number) => (RaftObjectStore)await _running[number].Store.ObtainAsync(CancellationToken.None).WaitAsync(Hosts.Patience);

    private string Told => $"{string.Join('\n', _running.Values.Select(static each => each.Store.Status))}\n{string.Join('\n', _told)}";

    private StoreStatus Status(int number) => _running[number].Store.Status;

    private string DirectoryOf(int number) => Path.Combine(_root.FullName, $"h{number}", "store");

    private async Task StartAsync(int number)
    {
        var links = new ControlLinks();
        Host? before = _running.GetValueOrDefault(number);
        var at = before?.At ?? new IPEndPoint(IPAddress.Parse($"127.0.10.{number}"), FreePort.On($"127.0.10.{number}"));
        HostStore store = await HostStore.OpenAsync(new HostStoreOptions
        {
            Directory = DirectoryOf(number),
            HostName = $"h{number}",
            Listen = at,
            MayForm = number == 1,
            // Long enough that a busy machine makes nobody stand while a test looks at who leads.
            ElectionTimeout = TimeSpan.FromSeconds(3),
            Tell = text => _told.Enqueue($"h{number}: {text}"),
        }, links, CancellationToken.None);
        ControlEndpoint[] seeds = number == 1 ? [] : [_running[1].Control.Endpoint];
        ControlSystem control = await _hosts.StartAsync(_hosts.Options(number, seeds), links);
        LiveCredentials credentials = before?.Credentials ?? StoreTrio.CredentialsOf(_authority, $"h{number}");
        store.Start(credentials);
        store.Attach(control);
        _running[number] = new Host(control, store, at, credentials);
    }

    private async Task LeaveAsync(int number)
    {
        await _running[number].Store.LeaveAsync(CancellationToken.None);
        await EndAsync(number);
    }

    private async Task EndAsync(int number)
    {
        await _running[number].Control.StopAsync();
        await _running[number].Store.DisposeAsync();
    }

    // The members are on these hosts, and nothing is being changed.
    private Task SettlesAsync(params int[] numbers) => Hosts.Until(
        () => Status(1) is { Problem: null } status && status.Members.Select(StoreNames.HostOf).SequenceEqual(numbers.Select(static n => $"h{n}"))
            && numbers.All(n => status.Members.Contains(Status(n).Member)) && numbers.Any(n => Status(n).State == "leads"),
        () => Told);

    private async Task PutAsync(int number, string key)
    {
        IObjectStore store = await _running[number].Store.ObtainAsync(CancellationToken.None).WaitAsync(Hosts.Patience);
        using var patience = new CancellationTokenSource(Hosts.Patience);
        while (true)
        {
            try
            {
                await store.CommitAsync(StoreTransaction.Of(new PutOperation(key, Encoding.UTF8.GetBytes(key))), patience.Token);
                return;
            }
            catch (StoreUnavailableException)
            {
                // The leader moved meanwhile: written once more it is the same.
                await Task.Delay(50, patience.Token);
            }
        }
    }

    private sealed record Host(ControlSystem Control, HostStore Store, IPEndPoint At, LiveCredentials Credentials);
}
