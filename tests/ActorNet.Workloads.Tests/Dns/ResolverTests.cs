using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Dns.Server;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Tests.Programs;

namespace ActorNet.Workloads.Tests.Dns;

/// <summary>The tools of a pod ask a server in another namespace, over the emulated network.</summary>
public sealed class ResolverTests
{
    private const string PodFile = "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.0.0.2\noptions ndots:5\n";

    /// <summary>resolv.conf(5): names with fewer dots than ndots try the search list first, others come last to it; a last dot forbids it.</summary>
    [Theory]
    [InlineData("web", 5, "web.a web.b web")]
    [InlineData("web.default.svc", 5, "web.default.svc.a web.default.svc.b web.default.svc")]
    [InlineData("web.default", 1, "web.default web.default.a web.default.b")]
    [InlineData("web.", 5, "web.")]
    public void The_search_list_is_used_as_resolv_conf_says(string name, int dots, string expected)
    {
        var resolver = new Resolver(null!, ResolverSettings.Parse($"search a b\nnameserver 10.0.0.2\noptions ndots:{dots}\n"));
        Assert.Equal(expected.Split(' '), resolver.Candidates(name));
    }

    [Fact]
    public async Task A_name_is_found_by_the_search_list()
    {
        await using var rig = new ProgramRig();
        await using Serving server = await Serving.StartAsync(rig.B);

        Assert.Equal((0, "10.96.0.20      web\n", ""), await RunAsync(rig, "getent hosts web"));
        Assert.Equal((0, "10.96.0.20      web.default\n", ""), await RunAsync(rig, "getent hosts web.default"));
        Assert.Equal((2, "", ""), await RunAsync(rig, "getent hosts nosuch"));
        Assert.Equal((2, "", "ping: nosuch.example: Name or service not known\n"), await RunAsync(rig, "ping -c 1 nosuch.example"));
        Assert.Equal((6, "", "curl: (6) Could not resolve host: nosuch.example\n"), await RunAsync(rig, "curl -sS http://nosuch.example/"));
    }

    /// <summary>glibc 2.36 resolv/res_send.c, send_dg: (retrans &lt;&lt; ns), shared among the servers for all but the first, at least a second.</summary>
    [Theory]
    [InlineData(1, "", "5")]
    [InlineData(2, "", "5 5")]
    [InlineData(3, "", "5 3 6")]
    [InlineData(3, "options timeout:1\n", "1 1 1")]
    public void Servers_are_waited_for_as_by_glibc(int servers, string options, string seconds)
    {
        var settings = ResolverSettings.Parse(string.Concat(Enumerable.Range(1, servers).Select(static i => $"nameserver 10.0.0.{i}\n")) + options);
        Assert.Equal(seconds.Split(' '), Enumerable.Range(0, servers).Select(i => $"{settings.PatienceFor(i).TotalSeconds}"));
    }

    /// <summary>A closed port answers with an ICMP error: the next server is asked at once, and the look-up fails at once where there is none.</summary>
    [Fact]
    public async Task A_server_whose_port_is_closed_is_not_waited_for()
    {
        await using var rig = new ProgramRig();
        await using Serving server = await Serving.StartAsync(rig.B);

        // Waiting would take 5 s for each question, twice; the clock stands still.
        var exchange = new DnsExchange(rig.A, new StoppedTime());
        var closed = new Resolver(exchange, ResolverSettings.Parse("nameserver 127.0.0.1\n"));
        Assert.Equal(LookupOutcome.TryAgain, (await closed.FindAsync("web", CancellationToken.None)).Outcome);
        var second = new Resolver(exchange, ResolverSettings.Parse("search default.svc.cluster.local\nnameserver 127.0.0.1\nnameserver 10.0.0.2\n"));
        Assert.Equal("10.96.0.20", $"{(await second.FindAsync("web", CancellationToken.None)).Address}");
    }

    /// <summary>iputils' pr_addr: the name of a reply's sender before its address, unless -n or an address was given.</summary>
    [Fact]
    public async Task A_ping_of_a_name_shows_the_names_of_those_who_answer()
    {
        await using var rig = new ProgramRig();
        await using Serving server = await Serving.StartAsync(rig.B);

        (_, string named, _) = await RunAsync(rig, "ping -c 1 localhost");
        Assert.Contains("64 bytes from localhost (127.0.0.1): icmp_seq=1", named, StringComparison.Ordinal);
        (_, string numbered, _) = await RunAsync(rig, "ping -n -c 1 localhost");
        Assert.Contains("64 bytes from 127.0.0.1: icmp_seq=1", numbered, StringComparison.Ordinal);
        (_, string address, _) = await RunAsync(rig, "ping -c 1 127.0.0.1");
        Assert.Contains("64 bytes from 127.0.0.1: icmp_seq=1", address, StringComparison.Ordinal);
    }

    /// <summary>getaddrinfo asks for A and AAAA together, from one port.</summary>
    [Fact]
    public async Task Both_kinds_of_addresses_are_asked_for()
    {
        await using var rig = new ProgramRig();
        await using Serving server = await Serving.StartAsync(rig.B);

        Assert.Equal((0, "10.96.0.20      web.default.svc.cluster.local.\n", ""), await RunAsync(rig, "getent hosts web.default.svc.cluster.local."));
        Assert.Equal(2, server.Server.Counters.Questions);
    }

    [Fact]
    public async Task A_long_answer_comes_by_tcp()
    {
        await using var rig = new ProgramRig();
        await using Serving server = await Serving.StartAsync(rig.B);

        (int code, string output, _) = await RunAsync(rig, "getent hosts many");
        Assert.Equal((0, 60), (code, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length));
        (_, string dug, _) = await RunAsync(rig, "dig +short +noedns +search many");
        Assert.Equal(60, dug.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task The_tools_show_what_the_server_says()
    {
        await using var rig = new ProgramRig();
        await using Serving server = await Serving.StartAsync(rig.B);

        Assert.Equal((0, "10.96.0.20\n", ""), await RunAsync(rig, "dig +short web.default.svc.cluster.local"));
        Assert.Equal((0, "web.default.svc.cluster.local.\n", ""), await RunAsync(rig, "dig @10.0.0.2 +short +tcp -x 10.96.0.20"));
        Assert.Equal((0, "web.default.svc.cluster.local. 30 IN\tA\t10.96.0.20\n", ""), await RunAsync(rig, "dig +noall +answer web.default.svc.cluster.local a"));
        Assert.Equal((0, "Server:\t\t10.0.0.2\nAddress:\t10.0.0.2:53\n\n20.0.96.10.in-addr.arpa\tname = web.default.svc.cluster.local\n\n", ""), await RunAsync(rig, "nslookup 10.96.0.20"));
    }

    /// <summary>Garbage, floods and false answers have no effect but on the counters.</summary>
    [Fact]
    public async Task Garbage_does_a_server_no_harm()
    {
        await using var rig = new ProgramRig();
        await using Serving server = await Serving.StartAsync(rig.B);
        (_, DatagramEndpoint? flood) = await DatagramEndpoint.OpenAsync(rig.A, default, new Ipv4Endpoint(Ipv4Address.Parse("10.0.0.2"), 53));
        await using (flood!)
        {
            for (int i = 0; i < 300; i++)
                await flood!.SendAsync(new byte[i]);
            (_, TcpDuplexPipe? half) = await TcpConnector.ConnectAsync(rig.A, new Ipv4Endpoint(Ipv4Address.Parse("10.0.0.2"), 53));
            await half!.Output.WriteAsync(new byte[] { 0xFF, 0xFF, 1 });

            Assert.Equal((0, "10.96.0.20      web\n", ""), await RunAsync(rig, "getent hosts web"));
            await half.DisposeAsync();
        }

        Assert.True(server.Server.Counters.Garbage > 0);
    }

    private static Task<(int Code, string Out, string Error)> RunAsync(ProgramRig rig, string command)
    {
        FileTree files = ContainerFiles.Create("client", null, ProgramTable.CreateDefault().Names, TimeProvider.System);
        files.AddText("/etc/resolv.conf", PodFile);
        return ProgramRig.RunAsync(rig.A, command, files: files);
    }

    private sealed class Serving : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly DatagramEndpoint _udp;
        private readonly TcpAcceptor _tcp;
        private readonly Task _running;

        private Serving(DatagramEndpoint udp, TcpAcceptor tcp)
        {
            (_udp, _tcp) = (udp, tcp);
            Server = new DnsServer(new DnsAnswerer(FakeCluster.File, FakeCluster.Create()), udp, tcp, TimeProvider.System, null);
            _running = Server.RunAsync(_stop.Token);
        }

        public DnsServer Server { get; }

        public static async Task<Serving> StartAsync(INamespaceExecutor door)
        {
            var any = new Ipv4Endpoint(Ipv4Address.Any, 53);
            (_, DatagramEndpoint? udp) = await DatagramEndpoint.OpenAsync(door, any);
            (_, TcpAcceptor? tcp) = await TcpAcceptor.ListenAsync(door, any);
            return new Serving(udp!, tcp!);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            await _udp.DisposeAsync();
            await _tcp.DisposeAsync();
            _stop.Dispose();
        }
    }

    // Nothing is ever due.
    private sealed class StoppedTime : TimeProvider
    {
        public override long GetTimestamp() => 0;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

        private sealed class Never : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
