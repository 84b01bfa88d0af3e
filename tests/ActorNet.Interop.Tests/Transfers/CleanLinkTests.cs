using System.Globalization;
using ActorNet.Interop.Tests.Wire;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>What Wireshark's TCP analysis says of a transfer on a link where nothing is lost or late.</summary>
[Collection(TransferTestCollection.Name)]
public sealed class CleanLinkTests(SharedTransferBed shared)
{
    private const int Bytes = 40_000_000;

    // wireshark-filter(4) names; each would be a segment sent for nothing, lost, or out of place.
    private static readonly string[] Faults =
    [
        "tcp.analysis.retransmission", "tcp.analysis.fast_retransmission", "tcp.analysis.spurious_retransmission", "tcp.analysis.lost_segment",
        "tcp.analysis.out_of_order", "tcp.analysis.ack_lost_segment", "tcp.analysis.duplicate_ack", "tcp.analysis.reused_ports", "tcp.flags.reset == 1",
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tshark_finds_no_segment_out_of_place(bool weSend)
    {
        Need.Tool("tcpdump", "tshark");
        TransferBed bed = await shared.GetAsync();
        await bed.Nginx.AddFileAsync("clean", Bytes);
        await using PacketCapture capture = await PacketCapture.StartAsync(bed.Kernel.Namespace, "eth0", "tcp port 80", snapLength: 96);

        string script = weSend
            ? string.Create(CultureInfo.InvariantCulture, $"seq 10000000 {10_000_000 + (Bytes / 9)} | curl -sSf -T - {bed.KernelUrl}/put/clean")
            : $"curl -sSf -o /dev/null {bed.KernelUrl}/clean";
        await bed.Client.ShellAsync(script);

        await capture.StopAsync();
        foreach (string fault in Faults)
        {
            string found = (await ProcessRunner.RunAsync(["tshark", "-n", "-r", capture.File, "-Y", fault])).EnsureSuccess().Output;
            Assert.True(found.Length == 0, $"{fault}:\n{string.Join('\n', found.Split('\n').Take(20))}\n{string.Join('\n', await bed.Host.DropsAsync())}");
        }

        await AssertInsideWindowAsync(capture.File);
    }

    // No sequence number beyond what the receiver had offered by then.
    private static async Task AssertInsideWindowAsync(string file)
    {
        string printed = (await ProcessRunner.RunAsync(
            ["tshark", "-n", "-r", file, "-T", "fields", "-e", "frame.number", "-e", "tcp.stream", "-e", "ip.src", "-e", "tcp.nxtseq", "-e", "tcp.ack", "-e", "tcp.window_size"])).EnsureSuccess().Output;
        var edges = new Dictionary<(string Stream, string Receiver), long>();
        int judged = 0;
        foreach (string line in printed.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.Split('\t');
            (string stream, string source) = (fields[1], fields[2]);
            if (long.TryParse(fields[3], CultureInfo.InvariantCulture, out long next))
            {
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
