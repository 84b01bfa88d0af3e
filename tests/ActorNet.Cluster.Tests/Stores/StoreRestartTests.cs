using System.Text;
using ActorNet.Cluster.Stores;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Tests.Stores;

public sealed class StoreRestartTests : IAsyncDisposable
{
    private readonly StoreBed _bed = new();

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Theory]
    [InlineData(16 << 20)]
    [InlineData(4 << 10)]
    public async Task What_was_acknowledged_is_there_after_a_restart_with_its_revisions_and_its_history(int snapshotAfterBytes)
    {
        RaftObjectStore store = await _bed.StartAsync("a", snapshotAfterBytes);
        for (int i = 0; i < 300; i++)
            await Put(store, $"k{i % 20}", new string('x', 100) + i);
        await store.CommitAsync(StoreTransaction.Of(new DeleteOperation(new KeyRange("k5", "k7"))));
        await store.CompactAsync(200);
        await Put(store, "last", "1");
        (string objects, string history) = await ShowAsync(store);

        for (int again = 0; again < 3; again++)
        {
            await store.DisposeAsync();
            store = await _bed.StartAsync("a", snapshotAfterBytes);
            Assert.Equal((objects, history), await ShowAsync(store));
        }

        Assert.Equal(304, await Put(store, "next", "1"));
    }

    [Fact]
    public async Task The_disk_stays_bounded_while_the_log_grows_and_what_is_compacted_is_forgotten()
    {
        const int snapshotAfter = 256 << 10;
        RaftObjectStore store = await _bed.StartAsync("a", snapshotAfter);
        long largest = 0;
        for (int round = 0; round < 60; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Put(store, $"k{i}", new string('x', 1000)).AsTask()));
            await store.CompactAsync((await store.RangeAsync(new RangeRequest(KeyRange.All, 0, 1))).Revision);
            largest = Math.Max(largest, BytesOf(_bed.DirectoryOf("a")));
        }

        // 3.9 MB were written. The log is cut in chunks of 4 MB, of which the two that are in use stay; a snapshot has 64 objects and little history.
        await store.DisposeAsync();
        Assert.InRange(largest, 1, 12 << 20);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(_bed.DirectoryOf("a"), "snapshots"), "*.snapshot"));
        store = await _bed.StartAsync("a", snapshotAfter);
        Assert.Equal(64, (await store.RangeAsync(new RangeRequest(KeyRange.All))).Count);
    }

    [Fact]
    public async Task A_store_that_grows_makes_its_snapshots_ever_more_rarely()
    {
        const int snapshotAfter = 4 << 10, writes = 256;
        RaftObjectStore store = await _bed.StartAsync("a", snapshotAfter);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < writes; i++)
        {
            await Put(store, $"k{i}", new string('x', 1000));
            seen.UnionWith(Directory.GetFiles(Path.Combine(_bed.DirectoryOf("a"), "snapshots"), "*.snapshot"));
        }

        // Each has at least as many bytes as came before it: of 4 KiB and then twice as many each time, 280 KB hold 7. One for every 4 KiB would be 70.
        Assert.InRange(seen.Count, 1, 12);
    }

    [Fact]
    public async Task Small_writes_without_end_leave_a_bounded_number_of_log_files()
    {
        const int snapshotAfter = 256, writes = 4_096;
        RaftObjectStore store = await _bed.StartAsync("a", snapshotAfterEntries: snapshotAfter);
        string log = Path.Combine(_bed.DirectoryOf("a"), "log");
        int most = 0;
        for (int i = 0; i < writes; i++)
        {
            await Put(store, "k", "1");
            if (i % 64 == 0)
                most = Math.Max(most, Directory.GetFiles(log, "*", SearchOption.AllDirectories).Length);
        }

        // An entry a write: of 64 entries each they would be 64 files. Writing a snapshot and clearing away may take as long as many entries.
        Assert.InRange(most, 1, writes / 64 / 2);
    }

    [Theory]
    [InlineData("a byte changed in its middle")]
    [InlineData("cut in half")]
    [InlineData("emptied")]
    public async Task A_damaged_snapshot_is_recognised_named_and_never_half_read(string damage)
    {
        RaftObjectStore store = await _bed.StartAsync("a", 4 << 10);
        for (int i = 0; i < 100; i++)
            await Put(store, $"k{i}", new string('x', 200));
        await store.DisposeAsync();
        string snapshot = Directory.GetFiles(Path.Combine(_bed.DirectoryOf("a"), "snapshots")).OrderByDescending(file => long.Parse(Path.GetFileName(file).Split('-')[0])).First();
        Damage(snapshot, damage);

        var refused = await Assert.ThrowsAsync<StoreDamagedException>(() => _bed.StartAsync("a"));

        Assert.Contains(snapshot, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a byte changed in its middle")]
    [InlineData("cut in half")]
    [InlineData("emptied")]
    public async Task A_damaged_log_is_recognised_and_never_half_read(string damage)
    {
        RaftObjectStore store = await _bed.StartAsync("a");
        for (int i = 0; i < 100; i++)
            await Put(store, $"k{i}", new string('x', 200));
        await store.DisposeAsync();
        string page = Path.Combine(_bed.DirectoryOf("a"), "log", "data", "0");
        // The page is as long as it may become; its entries lie at its beginning.
        long used = 100 * 200;
        if (damage.StartsWith('a'))
            Flip(page, used / 2);
        else
            SetLength(page, damage == "emptied" ? 0 : used / 2);

        var refused = await Assert.ThrowsAsync<StoreDamagedException>(() => _bed.StartAsync("a"));

        Assert.Contains(_bed.DirectoryOf("a"), refused.Message, StringComparison.Ordinal);
    }

    // The library begins a log anew when one of these is missing or short, over what was acknowledged.
    [Theory]
    [InlineData("log/checkpoint", "removed")]
    [InlineData("log/checkpoint", "emptied")]
    [InlineData("log/checkpoint", "cut in half")]
    [InlineData("log/checkpoint", "of a version to come")]
    [InlineData("log/state", "removed")]
    [InlineData("log/state", "emptied")]
    [InlineData("members", "removed")]
    [InlineData("members", "emptied")]
    [InlineData("members", "cut in half")]
    public async Task A_small_file_that_is_not_whole_is_recognised_named_and_left_as_it_is(string name, string damage)
    {
        RaftObjectStore store = await _bed.StartAsync("a");
        await Put(store, "k", "v");
        await store.DisposeAsync();
        string file = Path.Combine(_bed.DirectoryOf("a"), name);
        switch (damage)
        {
            case "removed":
                File.Delete(file);
                break;
            case "of a version to come":
                Flip(file, 0);
                break;
            default:
                Damage(file, damage);
                break;
        }

        byte[]? before = File.Exists(file) ? await File.ReadAllBytesAsync(file) : null;

        var refused = await Assert.ThrowsAsync<StoreDamagedException>(() => _bed.StartAsync("a"));

        Assert.Contains(damage.StartsWith('o') ? "a newer format" : file, refused.Message, StringComparison.Ordinal);
        Assert.Contains(_bed.DirectoryOf("a"), refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.Exists(file) ? await File.ReadAllBytesAsync(file) : null);
    }

    private static void Damage(string file, string damage)
    {
        long length = new FileInfo(file).Length;
        if (damage.StartsWith('a'))
            Flip(file, length / 2);
        else
            SetLength(file, damage == "emptied" ? 0 : length / 2);
    }

    private static void Flip(string file, long position)
    {
        using FileStream bytes = File.Open(file, FileMode.Open);
        bytes.Position = position;
        int old = bytes.ReadByte();
        bytes.Position = position;
        bytes.WriteByte((byte)(old ^ 0x10));
    }

    private static void SetLength(string file, long length)
    {
        using FileStream bytes = File.Open(file, FileMode.Open);
        bytes.SetLength(length);
    }

    private static long BytesOf(string directory) => new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private static async ValueTask<long> Put(RaftObjectStore store, string key, string value) =>
        (await store.CommitAsync(StoreTransaction.Of(new PutOperation(key, Encoding.UTF8.GetBytes(value))))).Revision;

    private static async Task<(string Objects, string History)> ShowAsync(RaftObjectStore store)
    {
        RangeResult all = await store.RangeAsync(new RangeRequest(KeyRange.All));
        string objects = string.Join('\n', all.Objects.Select(Show).Prepend($"{all.Revision}"));
        var history = new StringBuilder();
        await using IStoreWatch watch = store.Watch(KeyRange.All, 201);
        for (long seen = 0; seen < all.Revision;)
        {
            StoreChanges changes = await watch.NextAsync(new CancellationTokenSource(TimeSpan.FromMinutes(1)).Token);
            foreach (StoreEvent each in changes.Events)
                history.AppendLine($"{each.IsDeletion} {Show(each.Object)} was {(each.Previous is null ? "" : Show(each.Previous))}");
            seen = changes.Revision;
        }

        return (objects, history.ToString());
    }

    private static string Show(StoredObject each) => $"{each.Key}={Encoding.UTF8.GetString(each.Value.Span)}@{each.CreateRevision}/{each.ModRevision}/{each.Version}";
}
