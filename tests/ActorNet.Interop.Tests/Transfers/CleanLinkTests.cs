using System.Globalization;
using ActorNet.Dataplane.Links;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Interop.Tests.Wire;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>What Wireshark's TCP analysis says of a transfer on a link where nothing is lost or late.</summary>
[Collection(TransferTestCollection.Name)]
public sealed class CleanLinkTests(SharedTransferBed shared)
{
    private const int Bytes = 20_000_000;
    private const int Attempts = 5;

    // A round trip of 20 ms, so that a tail probe is due after 40: on a path of 0.3 ms an end that a full machine stops for a moment looks lost.
    private static readonly ImpairmentSettings Delayed = new() { Delay = TimeSpan.FromMilliseconds(10) };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tshark_finds_no_segment_out_of_place(bool weSend)
    {
        Need.Tool("tcpdump", "tshark", "nstat");
        TransferBed bed = await shared.GetAsync();
        await bed.Nginx.AddFileAsync("clean", Bytes);
        await using IAsyncDisposable impaired = await bed.Host.ImpairAsync(Delayed);
        await using OrderedDelivery ordered = await OrderedDelivery.StartAsync(bed.Lab.Namespaces);
        for (int attempt = 1; !await IsJudgedAsync(bed, weSend); attempt++)
            Assert.True(attempt < Attempts, $"in each of {Attempts} transfers the machine lost datagrams or stood still: no link was clean");
    }

    // The judge must see one frame of a thousand that is not where it belongs, whichever end receives.
    [Theory]
    [InlineData(true, 0.001, 0)]
    [InlineData(false, 0.001, 0)]
    [InlineData(true, 0, 0.001)]
    [InlineData(false, 0, 0.001)]
    public async Task A_link_that_loses_or_reorders_is_not_taken_for_a_clean_one(bool weSend, double loss, double reorder)
    {
        Need.Tool("tcpdump", "tshark");
        TransferBed bed = await shared.GetAsync();
        await bed.Nginx.AddFileAsync("clean", Bytes);
        await using IAsyncDisposable _ = await bed.Host.ImpairAsync(Delayed with { Loss = loss, Reorder = reorder });
        await using PacketCapture capture = await TransferAsync(bed, weSend);
        CleanLinkFault? fault = new CleanLinkJudge().Find(await CapturedSegment.ReadAsync(capture.File));
        Assert.NotNull(fault);
        Assert.False(fault.IsOfStall, fault.What);
    }

    // False when the machine threw datagrams away or stopped an end: then the link was not clean, and what was sent again had to be.
    private static async Task<bool> IsJudgedAsync(TransferBed bed, bool weSend)
    {
        long lost = bed.Host.KernelReceiveDrops + await OrderedDelivery.BacklogDropsAsync();
        string before = await CountersAsync(bed);
        await using PacketCapture capture = await TransferAsync(bed, weSend);
        if (bed.Host.KernelReceiveDrops + await OrderedDelivery.BacklogDropsAsync() != lost)
            return false;
        var judge = new CleanLinkJudge();
        CleanLinkFault? fault = judge.Find(await CapturedSegment.ReadAsync(capture.File));
        if (fault?.IsOfStall == true)
            return false;
        if (fault is not null)
        {
            Assert.Fail($"frame {fault.Frame}: {fault.What}\n{await AroundAsync(capture.File, fault.Frame)}\n"
                + $"the kernel's counters before:\n{before}\nand after:\n{await CountersAsync(bed)}\nthe node's drops:\n{string.Join('\n', await bed.Host.DropsAsync())}");
        }

        Assert.True(judge.Judged > Bytes / 1_500, $"only {judge.Judged} segments judged");
        return true;
    }

    private static async Task<PacketCapture> TransferAsync(TransferBed bed, bool weSend)
    {
        PacketCapture capture = await PacketCapture.StartAsync(bed.Kernel.Namespace, "eth0", "tcp port 80", snapLength: 96);
        try
        {
            await bed.Client.ShellAsync(weSend
                ? string.Create(CultureInfo.InvariantCulture, $"seq 10000000 {10_000_000 + (Bytes / 9)} | curl -sSf -T - {bed.KernelUrl}/put/clean")
                : $"curl -sSf -o /dev/null {bed.KernelUrl}/clean");
            await capture.StopAsync();
            return capture;
        }
        catch
        {
            await capture.DisposeAsync();
            throw;
        }
    }

    // The frames around it of both ends, and the ACKs of the moment: what was resent because of a hole stands behind the ACK that told of it.
    private static async Task<string> AroundAsync(string file, int frame)
    {
        string[] ranges =
        [
            string.Create(CultureInfo.InvariantCulture, $"frame.number > {frame - 12} && frame.number < {frame + 6}"),
            string.Create(CultureInfo.InvariantCulture, $"frame.number > {frame - 3000} && frame.number < {frame + 500} && tcp.options.sack_le"),
            string.Create(CultureInfo.InvariantCulture, $"frame.number > {frame - 3000} && frame.number < {frame + 500} && tcp.analysis.flags"),
        ];
        string[] printed = await Task.WhenAll(ranges.Select(async range => (await ProcessRunner.RunAsync(["tshark", "-n", "-r", file, "-Y", range])).Output));
        return string.Join("\n...\n", printed.Select(part => string.Join('\n', part.Split('\n').Take(60))));
    }

    // netstat's names, of the kernel pod's namespace; those that are 0 are left out.
    private static async Task<string> CountersAsync(TransferBed bed)
    {
        string printed = (await bed.Kernel.Namespace.ExecAsync("nstat", "-a", "-s")).Output;
        return string.Join('\n', printed.Split('\n').Where(line => line.StartsWith("Tcp", StringComparison.Ordinal)));
    }
}
