using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>
/// ss -i and ss -m: /proc/net cannot show these to the real ss, so the same conversation is held twice, with the kernel and with us in each
/// role, and the real ss's row of the kernel's end is compared with our row of ours. Compared are the values that the conversation determines;
/// times, rates and what depends on when an ACK was delayed are not, and of memory what is 0 when nothing waits.
/// </summary>
[Collection(TransferTestCollection.Name)]
public sealed partial class SocketInfoTests(SharedTransferBed shared)
{
    private static readonly string[] Determined =
        ["wscale", "mss", "pmtu", "advmss", "cwnd", "bytes_sent", "bytes_acked", "bytes_received", "data_segs_out", "data_segs_in", "bytes_retrans", "backoff", "unacked", "notsent", "dsack_dups"];

    private const int Attempts = 10;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(KernelEnd.Client)]
    [InlineData(KernelEnd.Server)]
    public async Task A_connection_shows_the_values_that_the_kernels_shows_in_the_same_role(KernelEnd role)
    {
        Need.Tool("ss");
        TransferBed bed = await shared.GetAsync();
        string[] expected = [];
        string[] shown = [];
        // An end that the machine stops for a moment sends a tail probe, and one conversation has a segment more: another is held then.
        for (int attempt = 0; attempt < Attempts && (attempt == 0 || !expected.SequenceEqual(shown)); attempt++)
            (expected, shown) = await HoldAsync(bed, role);

        Assert.Equal(expected, shown);
        Assert.Contains("cubic", shown);
        Assert.Contains("bytes_sent:" + (role == KernelEnd.Client ? "3000" : "5000"), shown);
        Assert.Contains("skmem r0 t0 w0 o0 bl0 d0", shown);
    }

    // What the kernel's end shows in a role, and ours in the same.
    private static async Task<(string[] Expected, string[] Shown)> HoldAsync(TransferBed bed, KernelEnd role)
    {
        await using ConnectedPair kernels = await ConnectedPair.OpenAsync(bed, role);
        await using ConnectedPair ours = await ConnectedPair.OpenAsync(bed, role == KernelEnd.Client ? KernelEnd.Server : KernelEnd.Client);
        (Stream kernelAsks, Stream oursAnswers) = role == KernelEnd.Client ? ((Stream)kernels.KernelStream, (Stream)kernels.Ours) : (kernels.Ours, kernels.KernelStream);
        (Stream oursAsks, Stream kernelAnswers) = role == KernelEnd.Client ? ((Stream)ours.Ours, (Stream)ours.KernelStream) : (ours.KernelStream, ours.Ours);
        await TalkAsync(kernelAsks, oursAnswers);
        await TalkAsync(oursAsks, kernelAnswers);
        string[] expected = [];
        string[] shown = [];
        await Eventually.HoldsAsync("everything is acknowledged at both ends", async () =>
        {
            expected = Values((await bed.Kernel.Namespace.ExecAsync("ss", "-Htnoim", $"sport = :{kernels.KernelPort}")).Output);
            shown = Values((await bed.Client.TryExecAsync("ss", "-Htnoim", string.Create(CultureInfo.InvariantCulture, $"sport = :{ours.Ours.Connection.Local.Port}"))).EnsureSuccess().Output);
            return !expected.Concat(shown).Any(static value => value.StartsWith("unacked", StringComparison.Ordinal));
        });
        // The scales are the peer's and the end's own: seen from the other side they change places.
        return ([.. expected.Select(Mirrored)], shown);
    }

    // One asks with 3,000 bytes and the other answers with 5,000: three segments and four.
    private static async Task TalkAsync(Stream asking, Stream answering)
    {
        await asking.WriteAsync(new byte[3000], Ct);
        await answering.ReadExactlyAsync(new byte[3000], Ct);
        await answering.WriteAsync(new byte[5000], Ct);
        await asking.ReadExactlyAsync(new byte[5000], Ct);
    }

    private static string[] Values(string row)
    {
        Match memory = Memory().Match(row);
        IEnumerable<string> words = row.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Where(static word => word is "ts" or "sack" or "cubic" || Determined.Contains(word.Split(':')[0]));
        return [.. words, $"skmem r{memory.Groups[1].Value} t{memory.Groups[2].Value} w{memory.Groups[3].Value} o{memory.Groups[4].Value} bl{memory.Groups[5].Value} d{memory.Groups[6].Value}"];
    }

    private static string Mirrored(string value) => Scales().Replace(value, "wscale:$2,$1");

    [GeneratedRegex(@"^wscale:(\d+),(\d+)$")]
    private static partial Regex Scales();

    [GeneratedRegex(@"skmem:\(r(\d+),rb\d+,t(\d+),tb\d+,f\d+,w(\d+),o(\d+),bl(\d+),d(\d+)\)")]
    private static partial Regex Memory();
}
