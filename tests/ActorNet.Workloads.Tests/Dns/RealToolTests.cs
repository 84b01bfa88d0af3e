using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ActorNet.Workloads.Dns.Server;
using ActorNet.Workloads.Dns.Tools;
using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Tests.Dns;

/// <summary>
/// The real dig (BIND 9.18) and the real nslookup (busybox 1.35) ask our server over a real loopback socket: they understand it, and what they print is
/// what ours print of the same answer.
/// </summary>
public sealed partial class RealToolTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("web.default.svc.cluster.local")]
    [InlineData("web.default.svc.cluster.local AAAA")]
    [InlineData("-t SRV _http._tcp.web.default.svc.cluster.local")]
    [InlineData("db.default.svc.cluster.local")]
    [InlineData("_sql._tcp.db.default.svc.cluster.local SRV")]
    [InlineData("-x 10.96.0.20")]
    [InlineData("-x 10.1.2.3")]
    [InlineData("nosuch.default.svc.cluster.local")]
    [InlineData("ext.default.svc.cluster.local")]
    [InlineData("dns-version.cluster.local TXT")]
    [InlineData("cluster.local SOA")]
    [InlineData("cluster.local NS")]
    [InlineData("example.com +nocookie")]
    [InlineData("example.com +noedns")]
    [InlineData("+short db.default.svc.cluster.local")]
    [InlineData("+short _sql._tcp.db.default.svc.cluster.local SRV")]
    [InlineData("+noall +answer alias.default.svc.cluster.local")]
    [InlineData("+noall +authority nosuch.cluster.local")]
    [InlineData("+nocmd +nostats +noquestion web.default.svc.cluster.local")]
    [InlineData("+nocomments web.default.svc.cluster.local")]
    [InlineData("+dnssec web.default.svc.cluster.local")]
    [InlineData("+norecurse web.default.svc.cluster.local")]
    public async Task Dig_prints_what_ours_prints(string arguments)
    {
        Need("dig", "bind9-dnsutils");
        using var server = new RealServer();

        string[] words = arguments.Split(' ');
        string real = await RunAsync("dig", ["@127.0.0.1", "-p", $"{server.Port}", .. words]);

        DigOptions options = DigOptions.Parse(words, out _)!;
        string ours = DigText.Of(options, server.Last!);
        Assert.Equal(Masked(ours), Masked(Body(real)));
    }

    [Theory]
    [InlineData("web.default.svc.cluster.local")]
    [InlineData("db.default.svc.cluster.local")]
    [InlineData("nosuch.default.svc.cluster.local")]
    [InlineData("ext.default.svc.cluster.local")]
    [InlineData("10.96.0.20")]
    [InlineData("-type=srv _http._tcp.web.default.svc.cluster.local")]
    [InlineData("-type=txt dns-version.cluster.local")]
    [InlineData("-type=soa cluster.local")]
    public async Task Nslookup_prints_what_ours_prints(string arguments)
    {
        Need("busybox", "busybox");
        using var server = new RealServer();

        string real = await RunAsync("busybox", ["nslookup", .. arguments.Split(' '), $"127.0.0.1:{server.Port}"]);

        string ours = $"Server:\t\t127.0.0.1:{server.Port}\nAddress:\t127.0.0.1:{server.Port}\n\n"
            + string.Concat(server.Answers.OrderBy(static each => each.Questions[0].Type).Select(static each => NslookupText.Of(each.Questions[0], each)));
        Assert.Equal(ours, real);
    }

    // What dig says of itself: its command, its statistics.
    private static string Body(string real)
    {
        string[] lines = [.. real.Split('\n').Where(static line => !line.StartsWith("; <<>> DiG", StringComparison.Ordinal) && !line.StartsWith("; (1 server", StringComparison.Ordinal)
            && !line.StartsWith(";; global options", StringComparison.Ordinal) && !Statistics().IsMatch(line))];
        return string.Join('\n', lines);
    }

    private static string Masked(string text) => string.Join('\n', Id().Replace(text, "id: N").Split('\n', StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex("^;; (Query time|SERVER|WHEN|MSG SIZE)")]
    private static partial Regex Statistics();

    [GeneratedRegex("id: [0-9]+")]
    private static partial Regex Id();

    private static void Need(string tool, string package)
    {
        bool isThere = (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, tool)));
        string why = $"needs {tool} on the PATH (Debian package {package})";
        if (!isThere && System.Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(why);
        Assert.SkipUnless(isThere, why);
    }

    private static async Task<string> RunAsync(string tool, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        using var bound = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(bound.Token);
        await errors;
        return await output;
    }

    /// <summary>Our server's answers on a real socket of loopback.</summary>
    private sealed class RealServer : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly DnsAnswerer _answerer = new(FakeCluster.File, FakeCluster.Create());
        private readonly System.Collections.Concurrent.ConcurrentQueue<DnsMessage> _answers = new();

        public RealServer()
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _ = ServeAsync();
        }

        public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

        public DnsMessage? Last => _answers.LastOrDefault();

        public IReadOnlyCollection<DnsMessage> Answers => _answers;

        public void Dispose() => _socket.Dispose();

        private async Task ServeAsync()
        {
            byte[] buffer = new byte[ushort.MaxValue];
            try
            {
                while (true)
                {
                    SocketReceiveFromResult received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                    if (DnsReader.Read(buffer.AsSpan(0, received.ReceivedBytes)) is not { } query || _answerer.Answer(query) is not { } answer)
                        continue;
                    byte[] bytes = DnsWriter.Write(answer, query.Edns?.Size ?? DnsMessage.PlainSize);
                    _answers.Enqueue(DnsReader.Read(bytes)!);
                    await _socket.SendToAsync(bytes, received.RemoteEndPoint);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
