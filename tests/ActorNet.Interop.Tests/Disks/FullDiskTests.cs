using System.Globalization;
using System.Net;
using ActorNet.Cluster.Stores.Peers;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Interop.Tests.Disks;

/// <summary>A store whose disk, a real one of 64 MiB, has no room left.</summary>
public sealed class FullDiskTests
{
    private static readonly RangeRequest Everything = new(KeyRange.All);

    [Fact]
    public async Task A_full_disk_refuses_writes_keeps_reads_also_through_a_restart_and_goes_on_when_there_is_room()
    {
        await using DiskImages disks = await DiskImages.CreateAsync();
        string at = await disks.MakeAsync("full"), filler = Path.Combine(at, "filler");
        IPEndPoint clients = StoreOnDisks.FreePlace();
        using (StoreServerProcess server = Start(at, clients, "--form"))
        {
            await server.ReadyAsync();
            await using StoreClient client = await StoreClient.ConnectAsync(clients);
            for (int i = 0; i < 20; i++)
                await PutAsync(client, $"before-{i}", 1000);

            await FillAsync(at, filler, leave: 5 << 20);
            await RefusedAsync(client, at);
            await FillAsync(at, filler, leave: 0);
            await RefusedAsync(client, at);
            Assert.Equal(20, (await client.RangeAsync(Everything)).Count);
            await server.KillAsync();
        }

        using (StoreServerProcess again = Start(at, clients))
        {
            await again.ReadyAsync();
            await using StoreClient client = await StoreClient.ConnectAsync(clients);
            await RefusedAsync(client, at);
            Assert.Equal(20, (await client.RangeAsync(Everything)).Count);
            File.Delete(filler);
            await PutAsync(client, "after", 1000);
            Assert.Equal(21, (await client.RangeAsync(Everything)).Count);
        }
    }

    [Fact]
    public async Task A_store_that_fills_its_own_disk_stops_before_it_is_full_and_has_what_it_acknowledged()
    {
        await using DiskImages disks = await DiskImages.CreateAsync();
        string at = await disks.MakeAsync("full");
        IPEndPoint clients = StoreOnDisks.FreePlace();
        using StoreServerProcess server = Start(at, clients, "--form");
        await server.ReadyAsync();
        await using StoreClient client = await StoreClient.ConnectAsync(clients);
        int written = 0;
        long acknowledged = 0;
        // Each key once: no snapshot makes it less. 64 MiB are reached at the latest with the thousandth.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await Assert.ThrowsAsync<StoreException>(async () =>
            {
                while (true)
                {
                    int next = Interlocked.Increment(ref written);
                    Assert.True(next < 1024);
                    await PutAsync(client, $"k{next}", 64 << 10);
                    Interlocked.Increment(ref acknowledged);
                }
            });
        }));

        Assert.InRange(acknowledged, 50, 1000);
        Assert.Equal(acknowledged, (await client.RangeAsync(Everything)).Count);
        await server.KillAsync();
        using StoreServerProcess again = Start(at, clients);
        await again.ReadyAsync();
        await using StoreClient later = await StoreClient.ConnectAsync(clients);
        Assert.Equal(acknowledged, (await later.RangeAsync(Everything)).Count);
    }

    private static StoreServerProcess Start(string at, IPEndPoint clients, params string[] more) =>
        StoreServerProcess.Start("a", [], ["--directory", Path.Combine(at, "store"), "--clients", $"{clients}", "--snapshot-after", $"{4 << 20}", .. more]);

    private static async Task PutAsync(StoreClient client, string key, int bytes) =>
        await client.CommitAsync(StoreTransaction.Of(new PutOperation(key, new byte[bytes])));

    private static async Task RefusedAsync(StoreClient client, string at)
    {
        var refused = await Assert.ThrowsAsync<StoreException>(() => PutAsync(client, "refused", 1000));
        Assert.Contains(Path.Combine(at, "store"), refused.Message, StringComparison.Ordinal);
        Assert.Contains("MiB free", refused.Message, StringComparison.Ordinal);
    }

    private static async Task FillAsync(string at, string filler, long leave)
    {
        long size = (File.Exists(filler) ? new FileInfo(filler).Length : 0) + new DriveInfo(at).AvailableFreeSpace - leave;
        if (leave > 0)
            (await ProcessRunner.RunAsync(["fallocate", "-l", size.ToString(CultureInfo.InvariantCulture), filler])).EnsureSuccess();
        else
            // To the last block, also those that are kept for root.
            Assert.NotEqual(0, (await ProcessRunner.RunAsync(["dd", "if=/dev/zero", $"of={filler}", "oflag=append", "conv=notrunc", "bs=64k"])).ExitCode);
    }
}
