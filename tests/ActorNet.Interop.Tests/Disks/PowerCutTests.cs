using System.Globalization;
using ActorNet.Cluster.Stores.Peers;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Interop.Tests.Disks;

/// <summary>
/// Power cuts of all members of a store at once: their disks are copied as they are at one instant, the processes are killed, and the store is
/// started from the copies. The members are bare stores without the hosts around them; the disks and the processes are real ones.
/// </summary>
public sealed class PowerCutTests(ITestOutputHelper output)
{
    /// <summary>How many power cuts there are; in half of them the leader's disk is lost, too.</summary>
    private static int Rounds => int.Parse(System.Environment.GetEnvironmentVariable("ACTORNET_POWER_CUTS") ?? "4", CultureInfo.InvariantCulture);

    [Fact]
    public async Task What_was_acknowledged_survives_a_power_cut_of_all_members_also_with_the_leaders_disk_lost()
    {
        await using DiskImages disks = await DiskImages.CreateAsync();
        using SlowSync slow = await SlowSync.BuildAsync();
        await using var store = new StoreOnDisks(disks, slow);
        var load = new WriteLoad();
        await store.FormAsync();
        for (int round = 0; round < Rounds; round++)
        {
            IReadOnlyCollection<string> lost = await LostByPowerCutAsync(disks, store, load, isLeaderLost: round % 2 == 1);
            output.WriteLine($"power cut {round + 1}: {load.Acknowledged.Count} writes acknowledged, {lost.Count} of them lost");
            Assert.Empty(lost);
            if (round < Rounds - 1)
                await store.StartAsync();
        }
    }

    [Fact]
    public async Task The_same_power_cut_loses_acknowledged_writes_when_followers_acknowledge_before_they_flush()
    {
        await using DiskImages disks = await DiskImages.CreateAsync();
        using SlowSync slow = await SlowSync.BuildAsync();
        await using var store = new StoreOnDisks(disks, slow, "--acknowledge-unflushed");
        var load = new WriteLoad();
        await store.FormAsync();
        IReadOnlyCollection<string> lost = [];
        for (int round = 0; round < 10 && lost.Count == 0; round++)
        {
            if (round > 0)
                await store.StartAsync();
            lost = await LostByPowerCutAsync(disks, store, load, isLeaderLost: true);
            output.WriteLine($"power cut {round + 1}: {load.Acknowledged.Count} writes acknowledged, {lost.Count} of them lost");
        }

        Assert.NotEmpty(lost);
    }

    [Fact]
    public async Task A_copy_of_a_disk_has_what_was_synchronised_and_nothing_else()
    {
        await using DiskImages disks = await DiskImages.CreateAsync();
        string at = await disks.MakeAsync("control");
        byte[] content = WriteLoad.ValueOf("content");
        await WriteAsync(Path.Combine(at, "written"), content, isSynchronised: false);
        await WriteAsync(Path.Combine(at, "synchronised"), content, isSynchronised: true);
        await WriteAsync(Path.Combine(at, "written later"), content, isSynchronised: false);
        await disks.CopyAsync("control", "copy");
        await disks.UnmountAllAsync();
        string copy = await disks.MountAsync("copy");

        Assert.True(Has("synchronised"));
        // A name may have come with another's, as ext4's journal is one. The bytes did not.
        Assert.False(Has("written"));
        Assert.False(Has("written later"));

        bool Has(string name) => File.Exists(Path.Combine(copy, name)) && File.ReadAllBytes(Path.Combine(copy, name)).AsSpan().SequenceEqual(content);
    }

    // A new file that is truncated first, as File.Create does, is one that ext4 writes out when it is closed (auto_da_alloc).
    private static async Task WriteAsync(string file, byte[] content, bool isSynchronised)
    {
        await using var stream = new FileStream(file, FileMode.CreateNew);
        await stream.WriteAsync(content);
        stream.Flush(flushToDisk: isSynchronised);
    }

    // The members that are started from the copies must have every write that was acknowledged before the first copy was begun.
    private static async Task<IReadOnlyCollection<string>> LostByPowerCutAsync(DiskImages disks, StoreOnDisks store, WriteLoad load, bool isLeaderLost)
    {
        string[] members = [.. store.Running];
        string leader = await store.LeaderAsync() ?? members[0];
        int before = load.Acknowledged.Count;
        using var enough = new CancellationTokenSource();
        Task writing = load.RunAsync(store.ClientsOf(leader), enough.Token);
        // At some moment between two acknowledgements, not at one of them.
        await Eventually.HoldsAsync("writes are acknowledged", async () =>
        {
            await Task.Delay(50);
            return load.Acknowledged.Count > before + 32 || writing.IsCompleted;
        });
        await Task.Delay(Random.Shared.Next(1000));

        IReadOnlyCollection<string> acknowledged = load.Acknowledged;
        await Task.WhenAll(members.Select(name => disks.CopyAsync(name, $"{name}-copy")));
        await store.KillAsync();
        await enough.CancelAsync();
        await writing;

        string[] left = [.. members.Where(name => !isLeaderLost || name != leader)];
        await store.StartCopiesAsync(left);
        IReadOnlyCollection<string> lost = await MissingAsync(store, left[0], acknowledged);
        await store.KillAsync();
        foreach (string name in members)
            disks.Delete($"{name}-copy");
        return lost;
    }

    private static async Task<IReadOnlyCollection<string>> MissingAsync(StoreOnDisks store, string member, IReadOnlyCollection<string> acknowledged)
    {
        await using StoreClient client = await StoreClient.ConnectAsync(store.ClientsOf(member));
        RangeResult all = await client.RangeAsync(new RangeRequest(KeyRange.All));
        Assert.All(all.Objects, each => Assert.Equal(WriteLoad.ValueOf(each.Key), each.Value.ToArray()));
        return [.. acknowledged.Except(all.Objects.Select(each => each.Key))];
    }
}
