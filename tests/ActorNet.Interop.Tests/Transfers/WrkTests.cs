using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>Debian's wrk in the kernel pod against the HTTP servers of emulated pods.</summary>
[Collection(TransferTestCollection.Name)]
public sealed partial class WrkTests(SharedTransferBed shared, ITestOutputHelper log)
{
    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    public async Task Agnhost_answers_every_request(int connections)
    {
        Need.Tool("wrk");
        TransferBed bed = await shared.GetAsync();
        await AssertServedAsync(bed, $"http://{bed.Server.Address}:{TransferBed.HttpPort}/hostname", connections);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    public async Task Nginx_answers_every_request(int connections)
    {
        Need.Tool("wrk");
        TransferBed bed = await shared.GetAsync();
        await AssertServedAsync(bed, $"http://{bed.Web.Address}/", connections);
    }

    private async Task AssertServedAsync(TransferBed bed, string url, int connections)
    {
        string count = connections.ToString(CultureInfo.InvariantCulture);
        string printed = (await bed.Kernel.Namespace.ExecAsync("wrk", "-t", "1", "-c", count, "-d", "3s", "--timeout", "60s", "--latency", url)).Output;

        log.WriteLine(printed);
        Assert.DoesNotContain("Socket errors", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("Non-2xx", printed, StringComparison.Ordinal);
        Match rate = Rate().Match(printed);
        Assert.True(rate.Success, printed);
        // One connection asks again when it is answered: a timer between them (40 ms of a delayed ACK, 200 of a retransmission) would leave 25 a second.
        Assert.True(double.Parse(rate.Groups[1].ValueSpan, CultureInfo.InvariantCulture) > 30, printed);
    }

    [GeneratedRegex(@"Requests/sec: +([\d.]+)")]
    private static partial Regex Rate();
}
