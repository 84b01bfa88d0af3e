using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using ActorNet.ApiServer.Kubelet;
using ActorNet.ApiServer.Spdy;
using ActorNet.ApiServer.Streaming;
using ActorNet.Kubernetes.Streaming;
using k8s.Models;

namespace ActorNet.ApiServer.Tests.Streaming;

/// <summary>Clients that do not read, do not go on, or come in crowds, at a kubelet's endpoint whose command writes without end.</summary>
public sealed class HostileStreamTests
{
    // What sockets and buffers of both sides may hold of a flood: far more than they do, far less than a reader takes.
    private const long MostHeld = 32L << 20;
    private const long Taken = 128L << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>A client that reads nothing holds its command back, while another takes 128 MiB; when it goes, the command is ended.</summary>
    [Fact]
    public async Task A_client_that_does_not_read_holds_only_its_own_command_back()
    {
        using var patience = new CancellationTokenSource(Patience);
        using var sessions = new StreamSessions(TimeProvider.System);
        var flood = new Flood();
        await using ApiServerHost host = await StartAsync(flood, sessions);
        using (var slow = new ClientWebSocket())
        {
            await ConnectAsync(slow, host, patience.Token);
            await flood.Started(1).WaitAsync(patience.Token);
            using var fast = new ClientWebSocket();
            await ConnectAsync(fast, host, patience.Token);
            byte[] buffer = new byte[64 << 10];
            for (long taken = 0; taken < Taken;)
                taken += (await fast.ReceiveAsync(buffer.AsMemory(), patience.Token)).Count;
            Assert.InRange(flood.Written(0), 1, MostHeld);
            fast.Abort();
            slow.Abort();
        }

        await flood.Ended(2).WaitAsync(patience.Token);
        while (sessions.Open > 0)
            await Task.Delay(20, patience.Token);
        Assert.Equal(2, sessions.Opened["exec"]);
    }

    /// <summary>SPDY: a client that reads nothing, and one that sends bytes that are no frames.</summary>
    [Fact]
    public async Task Spdy_clients_that_break_the_rules_are_let_go()
    {
        using var patience = new CancellationTokenSource(Patience);
        using var sessions = new StreamSessions(TimeProvider.System);
        var flood = new Flood();
        await using ApiServerHost host = await StartAsync(flood, sessions);
        using (Socket slow = await UpgradeAsync(host, patience.Token))
        {
            var encoder = new SpdyHeaderEncoder();
            foreach ((int id, string type) in new[] { (1, "error"), (3, "stdout") })
                await slow.SendAsync(SpdyFrames.SynStream(id, encoder.Encode([new("streamtype", type)]), isLast: false), patience.Token);
            await flood.Started(1).WaitAsync(patience.Token);
            // Before it goes: what is written to a connection that is gone waits for nobody until that is noticed.
            Assert.InRange(await flood.HeldAsync(0, patience.Token), 0, MostHeld);
        }

        await flood.Ended(1).WaitAsync(patience.Token);
        using Socket wrong = await UpgradeAsync(host, patience.Token);
        await wrong.SendAsync(Enumerable.Repeat((byte)0xFF, 8192).ToArray(), patience.Token);
        byte[] rest = new byte[4096];
        try
        {
            while (await wrong.ReceiveAsync(rest, patience.Token) > 0)
            {
                // GOAWAY, and the end.
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The end too: what it sent was not all read.
        }

        while (sessions.Open > 0)
            await Task.Delay(20, patience.Token);
    }

    /// <summary>There are as many streams as the host allows; one more is told to come later.</summary>
    [Fact]
    public async Task One_stream_too_many_is_refused()
    {
        using var patience = new CancellationTokenSource(Patience);
        using var sessions = new StreamSessions(TimeProvider.System, most: 1);
        await using ApiServerHost host = await StartAsync(new Flood(), sessions);
        using var first = new ClientWebSocket();
        await ConnectAsync(first, host, patience.Token);
        using var http = new HttpClient();
        HttpResponseMessage answer = await http.GetAsync(new Uri(host.Address, "/containerLogs/default/pod/main"), patience.Token);
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Equal(1, sessions.Refused);
    }

    /// <summary>Clients that ask for the upgrade and then open no stream, or not all that they asked for: given up after 30 s, which pass quickly here.</summary>
    [Fact]
    public async Task Commands_whose_clients_never_open_their_streams_are_given_up_and_counted()
    {
        const int Clients = 20;
        using var patience = new CancellationTokenSource(Patience);
        using var sessions = new StreamSessions(new HurriedTime(100), most: Clients);
        var flood = new Flood();
        await using ApiServerHost host = await StartAsync(flood, sessions);
        Socket[] silent = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => UpgradeAsync(host, patience.Token)));
        await silent[0].SendAsync(SpdyFrames.SynStream(1, new SpdyHeaderEncoder().Encode([new("streamtype", "error")]), isLast: false), patience.Token);
        while (sessions.NeverOpened < Clients || sessions.Open > 0)
            await Task.Delay(20, patience.Token);
        Assert.Equal((Clients, 0L), (sessions.NeverOpened, sessions.Refused));
        byte[] rest = new byte[4096];
        foreach (Socket each in silent)
        {
            using (each)
            {
                try
                {
                    while (await each.ReceiveAsync(rest, patience.Token) > 0)
                    {
                        // The answer to its stream, and the end.
                    }
                }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
                {
                    // The end too.
                }
            }
        }
    }

    private static Task<ApiServerHost> StartAsync(Flood flood, StreamSessions sessions)
    {
        var endpoint = new KubeletEndpoint(flood, sessions);
        return ApiServerHost.StartAsync(_ => endpoint.HandleAsync, options => options.Listen(IPAddress.Loopback, 0));
    }

    private static Task ConnectAsync(ClientWebSocket socket, ApiServerHost host, CancellationToken cancel)
    {
        socket.Options.AddSubProtocol("v5.channel.k8s.io");
        return socket.ConnectAsync(new Uri($"ws://{host.Address.Authority}/exec/default/pod/main?command=flood&output=1"), cancel);
    }

    private static async Task<Socket> UpgradeAsync(ApiServerHost host, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 64 << 10 };
        await socket.ConnectAsync(IPAddress.Loopback, host.Address.Port, cancel);
        await socket.SendAsync(Encoding.ASCII.GetBytes("POST /exec/default/pod/main?command=flood&output=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n"), cancel);
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(one, cancel) > 0)
            head.Append((char)one[0]);
        Assert.StartsWith("HTTP/1.1 101", head.ToString());
        return socket;
    }

    /// <summary>The system's clock, with timers that run faster.</summary>
    private sealed class HurriedTime(int times) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : dueTime / times, period);
    }

    /// <summary>Containers whose commands write without end.</summary>
    private sealed class Flood : IContainerStreams
    {
        private readonly List<long> _written = [];
        private readonly SemaphoreSlim _started = new(0);
        private readonly SemaphoreSlim _ended = new(0);

        public long Written(int process)
        {
            lock (_written)
                return _written[process];
        }

        /// <summary>What a process has written when it no longer goes on.</summary>
        public async Task<long> HeldAsync(int process, CancellationToken cancel)
        {
            long before;
            do
            {
                before = Written(process);
                await Task.Delay(100, cancel);
            }
            while (Written(process) is var now && now != before && now <= MostHeld);
            return Written(process);
        }

        public Task Started(int count) => TakeAsync(_started, count);

        public Task Ended(int count) => TakeAsync(_ended, count);

        public Task<IContainerProcess> PrepareExecAsync(ContainerAddress container, IReadOnlyList<string> command, bool hasTerminal, CancellationToken cancel) =>
            Task.FromResult<IContainerProcess>(new Process(this));

        public Task<IContainerProcess> PrepareAttachAsync(ContainerAddress container, CancellationToken cancel) => throw new NotSupportedException();

        public Task<IReadOnlyList<V1Pod>> ListPodsAsync(CancellationToken cancel) => throw new NotSupportedException();

        public Task<LogCopy> OpenLogAsync(ContainerAddress container, LogRequest request, CancellationToken cancel) => throw new NotSupportedException();

        public Task<IPodConnection> ConnectAsync(string space, string pod, int port, CancellationToken cancel) => throw new NotSupportedException();

        private static async Task TakeAsync(SemaphoreSlim signal, int count)
        {
            for (int i = 0; i < count; i++)
                await signal.WaitAsync();
        }

        private sealed class Process(Flood flood) : IContainerProcess
        {
            public async Task<int> RunAsync(Stream stdin, Stream stdout, Stream stderr, CancellationToken hangUp)
            {
                int number;
                lock (flood._written)
                {
                    number = flood._written.Count;
                    flood._written.Add(0);
                }

                flood._started.Release();
                byte[] block = new byte[64 << 10];
                try
                {
                    while (true)
                    {
                        await stdout.WriteAsync(block, hangUp);
                        lock (flood._written)
                            flood._written[number] += block.Length;
                    }
                }
                catch (IOException)
                {
                    return 141;
                }
                finally
                {
                    flood._ended.Release();
                }
            }

            public void Resize(TerminalSize size)
            {
                // It has no terminal.
            }
        }
    }
}
