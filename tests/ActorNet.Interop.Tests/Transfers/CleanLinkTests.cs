using System.Globalization;
using ActorNet.Dataplane.Links;
using ActorNet.Interop.Tests.Wire;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>What Wireshark's TCP analysis says of a transfer on a link where nothing is lost or late.</summary>
[Collection(TransferTestCollection.Name)]
public sealed class CleanLinkTests(SharedTransferBed shared)
{
    private const int Bytes = 20_000_000;
    private const int Attempts = 5;

    // wireshark-filter(4) names; each would be a segment sent for nothing, lost, or out of place.
    private static readonly string[] Faults =
    [
        "tcp.analysis.fast_retransmission", "tcp.analysis.lost_segment", "tcp.analysis.out_of_order", "tcp.analysis.ack_lost_segment",
        "tcp.analysis.reused_ports", "tcp.flags.reset == 1",
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tshark_finds_no_segment_out_of_place(bool weSend)
    {
        Need.Tool("tcpdump", "tshark");
        TransferBed bed = await shared.GetAsync();
        await bed.Nginx.AddFileAsync("clean", Bytes);
        // A round trip of 20 ms, so that a tail probe is due after 40: on a path of 0.3 ms an end that a full machine stops for a moment looks lost.
        await using IAsyncDisposable _ = await bed.Host.ImpairAsync(new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(10) });
        for (int attempt = 1; !await IsJudgedAsync(bed, weSend); attempt++)
            Assert.True(attempt < Attempts, $"in each of {Attempts} transfers the node's socket overflowed: no link was clean");
    }

    // False when datagrams were lost before the node could read them: then the link was not clean, and what was sent again had to be.
    private static async Task<bool> IsJudgedAsync(TransferBed bed, bool weSend)
    {
        long lost = bed.Host.KernelReceiveDrops;
        await using PacketCapture capture = await PacketCapture.StartAsync(bed.Kernel.Namespace, "eth0", "tcp port 80", snapLength: 96);
        string script = weSend
            ? string.Create(CultureInfo.InvariantCulture, $"seq 10000000 {10_000_000 + (Bytes / 9)} | curl -sSf -T - {bed.KernelUrl}/put/clean")
            : $"curl -sSf -o /dev/null {bed.KernelUrl}/clean";
        await bed.Client.ShellAsync(script);
        await capture.StopAsync();
        if (bed.Host.KernelReceiveDrops != lost)
            return false;
        foreach (string fault in Faults)
        {
            string found = (await ProcessRunner.RunAsync(["tshark", "-n", "-r", capture.File, "-Y", fault, "-T", "fields", "-e", "frame.number"])).EnsureSuccess().Output;
            if (found.Length > 0)
                Assert.Fail($"{fault} in frames {string.Join(' ', found.Split('\n').Take(20))}:\n{await AroundAsync(capture.File, found.Split('\n')[0])}\n{string.Join('\n', await bed.Host.DropsAsync())}");
        }

        await AssertInOrderAsync(capture.File);
        return true;
    }

    private static async Task<string> AroundAsync(string file, string frame)
    {
        int number = int.Parse(frame, CultureInfo.InvariantCulture);
        string range = string.Create(CultureInfo.InvariantCulture, $"frame.number > {number - 12} && frame.number < {number + 6}");
        return (await ProcessRunner.RunAsync(["tshark", "-n", "-r", file, "-Y", range])).Output;
    }

    // No sequence number beyond what the receiver had offered by then; nothing sent again but the newest segment, which is a tail probe
    // (RFC 8985, 7.3): the receiver was slow to answer, and nothing was taken for lost.
    private static async Task AssertInOrderAsync(string file)
    {
        string printed = (await ProcessRunner.RunAsync(
        [
            "tshark", "-n", "-r", file, "-T", "fields", "-e", "frame.number", "-e", "tcp.stream", "-e", "ip.src", "-e", "tcp.nxtseq", "-e", "tcp.ack", "-e", "tcp.window_size",
            "-e", "tcp.analysis.retransmission",
        ])).EnsureSuccess().Output;
        var newest = new Dictionary<(string Stream, string Sender), long>();
        var edges = new Dictionary<(string Stream, string Receiver), long>();
        int judged = 0;
        foreach (string line in printed.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.Split('\t');
            (string stream, string source) = (fields[1], fields[2]);
            if (long.TryParse(fields[3], CultureInfo.InvariantCulture, out long next))
            {
                long most = newest.GetValueOrDefault((stream, source));
                if (fields[6].Length > 0 && next != most)
                    Assert.Fail($"frame {fields[0]} is sent again and ends at {next}, the newest at {most}:\n{await AroundAsync(file, fields[0])}");
                newest[(stream, source)] = Math.Max(most, next);
                foreach (((string Stream, string Receiver) key, long edge) in edges.Where(each => each.Key.Stream == stream && each.Key.Receiver != source))
                {
                    judged++;
                    // A FIN takes a number too, and may stand just behind the window's edge.
                    Assert.True(next <= edge + 1, $"frame {fields[0]} ends at {next}, {key.Receiver} had offered up to {edge}");
                }
            }

            long offered = long.Parse(fields[4], CultureInfo.InvariantCulture) + long.Parse(fields[5], CultureInfo.InvariantCulture);
            edges[(stream, source)] = Math.Max(edges.GetValueOrDefault((stream, source)), offered);
        }

        Assert.True(judged > Bytes / 1_500, $"only {judged} segments judged");
    }
}
