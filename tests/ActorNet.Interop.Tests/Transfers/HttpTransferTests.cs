using System.Diagnostics;
using System.Globalization;
using ActorNet.Dataplane.Links;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>Bodies that curl carries between an emulated pod and a kernel pod, hashes compared.</summary>
[Collection(TransferTestCollection.Name)]
public sealed class HttpTransferTests(SharedTransferBed shared, ITestOutputHelper log)
{
    private const int Large = 100_000_000;

    // At 5 % a window of a few segments often has no third to tell of a loss, and each timeout is 200 ms: the formula of Padhye and others (1998)
    // gives 2.5 Mbit/s at this path's 0.3 ms, five minutes for 100 MB. RACK and tail probes do better, but not by enough for a test.
    private const int Small = 20_000_000;

    [Theory]
    [InlineData(Large, 0)]
    [InlineData(Large, 0.01)]
    [InlineData(Small, 0.05)]
    public async Task Our_curl_downloads_from_the_kernels_nginx(int bytes, double loss)
    {
        TransferBed bed = await shared.GetAsync();
        await using SegmentLoss? _ = await LoseAsync(bed, loss);
        await DownloadAsync(bed, bytes);
    }

    [Theory]
    [InlineData(Large, 0)]
    [InlineData(Large, 0.01)]
    [InlineData(Small, 0.05)]
    public async Task Our_curl_uploads_to_the_kernels_nginx(int bytes, double loss)
    {
        TransferBed bed = await shared.GetAsync();
        await using SegmentLoss? _ = await LoseAsync(bed, loss);
        await UploadAsync(bed, bytes);
    }

    [Theory]
    [InlineData(Large, 0)]
    [InlineData(Large, 0.01)]
    [InlineData(Small, 0.05)]
    public async Task The_kernels_curl_downloads_from_our_nginx(int bytes, double loss)
    {
        TransferBed bed = await shared.GetAsync();
        await using SegmentLoss? _ = await LoseAsync(bed, loss);
        await ServeAsync(bed, bytes);
    }

    [Fact]
    public async Task Both_directions_bear_reordering_and_duplication()
    {
        TransferBed bed = await shared.GetAsync();
        await using IAsyncDisposable _ = await bed.Host.ImpairAsync(new ImpairmentSettings
        {
            Seed = 7,
            Delay = TimeSpan.FromMilliseconds(1),
            Reorder = 0.02,
            Duplicate = 0.02,
        });
        await DownloadAsync(bed, 50_000_000);
        await UploadAsync(bed, 50_000_000);
        await ServeAsync(bed, 50_000_000);
    }

    private static async Task<SegmentLoss?> LoseAsync(TransferBed bed, double loss) =>
        loss > 0 ? await SegmentLoss.StartAsync(bed.KernelNode.Root, loss) : null;

    private async Task DownloadAsync(TransferBed bed, int bytes)
    {
        string name = bytes.ToString(CultureInfo.InvariantCulture);
        await bed.Nginx.AddFileAsync(name, bytes);
        var watch = Stopwatch.StartNew();

        string hash = await bed.Client.ShellAsync($"curl -sSf {bed.KernelUrl}/{name} | sha256sum", TimeSpan.FromSeconds(120));

        Note("download", bytes, watch.Elapsed);
        Assert.Equal(await bed.Nginx.HashAsync(name), hash.Split(' ')[0]);
    }

    private async Task UploadAsync(TransferBed bed, int bytes)
    {
        // Numbered lines: every part of the body differs from every other.
        string lines = string.Create(CultureInfo.InvariantCulture, $"seq 10000000 {10_000_000 + (bytes / 9)}");
        var watch = Stopwatch.StartNew();

        await bed.Client.ShellAsync($"{lines} | curl -sSf -T - {bed.KernelUrl}/put/lines", TimeSpan.FromSeconds(120));

        Note("upload", bytes, watch.Elapsed);
        string expected = (await ProcessRunner.RunAsync(["sh", "-c", $"{lines} | sha256sum"])).EnsureSuccess().Output;
        Assert.Equal(expected.Split(' ')[0], await bed.Nginx.HashAsync("put/lines"));
    }

    private async Task ServeAsync(TransferBed bed, int bytes)
    {
        var watch = Stopwatch.StartNew();

        CommandResult hash = await bed.Kernel.Namespace.TryExecAsync(
            ["sh", "-c", string.Create(CultureInfo.InvariantCulture, $"curl -sSf http://{bed.Web.Address}/generated/{bytes} | sha256sum")], TimeSpan.FromSeconds(120));

        Note("served", bytes, watch.Elapsed);
        // The formula of the content, by the machine's own tools: lines of 16 bytes, each with its own offset.
        string lines = string.Create(CultureInfo.InvariantCulture, $"seq -f %015.0f 0 16 {bytes - 1} | head -c {bytes} | sha256sum");
        Assert.Equal((await ProcessRunner.RunAsync(["sh", "-c", lines])).EnsureSuccess().Output, hash.EnsureSuccess().Output);
    }

    private void Note(string what, int bytes, TimeSpan took) =>
        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {bytes / 1e6:0} MB in {took.TotalSeconds:0.00} s, {bytes * 8 / took.TotalSeconds / 1e6:0} Mbit/s"));
}
