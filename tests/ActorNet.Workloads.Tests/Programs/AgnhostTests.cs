using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;

namespace ActorNet.Workloads.Tests.Programs;

/// <summary>agnhost's smaller subcommands; texts and exit codes of kubernetes test/images/agnhost.</summary>
public class AgnhostTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("127.0.0.1:81", "REFUSED\n")]
    [InlineData("127.0.0.1:81 --protocol udp", "REFUSED: ")]
    [InlineData("10.0.0.2:9 --protocol=udp --timeout=60s", "REFUSED: ")]
    [InlineData("10.0.0.77:80 --timeout=50ms", "TIMEOUT\n")]
    [InlineData("192.0.2.1:80", "OTHER: dial tcp 192.0.2.1:80: connect: network is unreachable\n")]
    [InlineData("nohost:80", "DNS: lookup nohost: no such host\n")]
    [InlineData("127.0.0.1:99999", "DNS: address 99999: invalid port\n")]
    [InlineData("127.0.0.1", "UNKNOWN: address 127.0.0.1: missing port in address\n")]
    [InlineData("", "Error: accepts 1 arg(s), received 0\n")]
    [InlineData("a:1 --timeout=5", "Error: invalid argument \"5\" for \"--timeout\" flag: time: invalid duration \"5\"\n")]
    public async Task Connect_says_in_a_word_why_it_failed(string args, string message)
    {
        await using var rig = new ProgramRig();
        (int code, string output, string error) = await ProgramRig.RunAsync(rig.A, "agnhost connect " + args).WaitAsync(Patience);
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.Equal((1, ""), (code, output));
    }

    [Fact]
    public async Task Porter_serves_what_its_environment_says()
    {
        await using var rig = new ProgramRig();
        using var stop = new CancellationTokenSource();
        var environment = new Dictionary<string, string> { ["SERVE_PORT_8080"] = "one", ["SERVE_TCP_PORT_81"] = "two", ["SERVE_UDP_PORT_82"] = "three", ["SERVE_PORT_x"] = "none" };
        Task<(int Code, string Out, string Error)> run = ProgramRig.RunAsync(rig.B, "agnhost porter", environment: environment, cancellation: stop.Token);
        await ProgramRig.ListeningAsync(rig.B, 8080);
        await ProgramRig.ListeningAsync(rig.B, 81);
        using HttpClient client = ProgramRig.Client(rig.A);
        Assert.Equal("one", await client.GetStringAsync(new Uri("any", UriKind.Relative)).WaitAsync(Patience));
        Assert.Equal("two", await client.GetStringAsync(new Uri("http://10.0.0.2:81/")).WaitAsync(Patience));
        Assert.Equal((0, "", ""), await ProgramRig.RunAsync(rig.A, "agnhost connect 10.0.0.2:8080").WaitAsync(Patience));
        await stop.CancelAsync();
        Assert.Contains("server on port \"x\" failed: address x: invalid port\n", (await run.WaitAsync(Patience)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_hostname_over_tcp_sends_it_and_closes()
    {
        await using var rig = new ProgramRig();
        using var stop = new CancellationTokenSource();
        _ = ProgramRig.RunAsync(rig.B, "agnhost serve-hostname --http=false --tcp --udp --port=9000", cancellation: stop.Token);
        await ProgramRig.ListeningAsync(rig.B, 9000);
        await using TcpStream connection = await TcpConnector.OpenStreamAsync(rig.A, new Ipv4Endpoint(Ipv4Address.Parse("10.0.0.2"), 9000)).WaitAsync(Patience);
        using var reader = new StreamReader(connection);
        Assert.Equal("web-0", await reader.ReadToEndAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task Serve_hostname_over_http_closes_when_asked()
    {
        await using var rig = new ProgramRig();
        _ = ProgramRig.RunAsync(rig.B, "agnhost serve-hostname --close --port 8080");
        await ProgramRig.ListeningAsync(rig.B, 8080);
        using HttpClient client = ProgramRig.Client(rig.A);
        using HttpResponseMessage response = await client.GetAsync(new Uri("", UriKind.Relative)).WaitAsync(Patience);
        Assert.Equal("web-0", await response.Content.ReadAsStringAsync());
        Assert.True(response.Headers.ConnectionClose);
    }
}
