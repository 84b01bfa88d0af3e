using System.Diagnostics;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets.Http;
using ActorNet.Sockets.Kestrel;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Sockets.Tests;

/// <summary>What many connections cost a process with Kestrel behind them: idle ones memory, slow ones that and a place until they are cut.</summary>
[Collection(WholeHeap.Name)]
public class ManyConnectionsTests
{
    private const int Bound = 30_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Ten_thousand_idle_connections_cost_less_than_thirty_kilobytes_each()
    {
        const int connections = 10_000;
        const int first = 100;
        await using var pods = new PodPair();
        await using var server = new PodHttpServer();
        PodHttpListener listener = await ListenAsync(server, pods.Server, "web", SayAsync("hello"));
        var clients = new RawClients(pods.Client, new Ipv4Endpoint(pods.Server.Address, 80), "GET / HTTP/1.1\r\nHost: web\r\n\r\n");
        await clients.OpenAsync(first);
        await clients.AnsweredAsync("hello");
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = first; i < connections; i += first)
        {
            await clients.OpenAsync(first);
            await clients.AnsweredAsync("hello");
        }

        Assert.Equal(connections, listener.OpenConnections);
        // The client's own socket has a part in this.
        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / (connections - first);
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes for each connection");
        Assert.InRange(each, 1, Bound);
        await clients.AbortAsync();
    }

    [Fact]
    public async Task Clients_that_drip_are_cut_and_counted_and_another_pod_hears_nothing_of_it()
    {
        const int slow = 600;
        const int places = slow / 2;
        await using var pods = new PodPair();
        await using var server = new PodHttpServer(new PodHttpLimits { RequestHeadersTimeout = TimeSpan.FromSeconds(2), ConnectionsPerListener = places });
        PodHttpListener victim = await ListenAsync(server, pods.Server, "victim", SayAsync("hello"));
        PodHttpListener other = await ListenAsync(server, pods.Server, "other", SayAsync("here"), 81);
        using HttpClient client = new(NamespaceHttp.CreateHandler(pods.Client, static (_, _) => new([]))) { Timeout = Patience };
        Assert.Equal("here", await client.GetStringAsync(new Uri("http://10.0.0.2:81/")));
        long before = GC.GetTotalMemory(forceFullCollection: true);
        // Half of them are served, the others wait in the backlog until those are cut.
        var clients = new RawClients(pods.Client, new Ipv4Endpoint(pods.Server.Address, 80), "GET / HTTP/1.1\r\nHost: victim\r\nX-");
        await clients.OpenAsync(slow);
        long start = Stopwatch.GetTimestamp();
        while (victim.CutConnections.GetValueOrDefault("request_headers_timeout") < slow)
        {
            // Whose segments found the backlog full sends them again after 0.2 s, 0.4 s and so on: some come long after there was room.
            Assert.True(Stopwatch.GetElapsedTime(start) < 3 * Patience, $"{victim.AcceptedConnections} accepted, cut: {string.Join(' ', victim.CutConnections)}");
            await clients.DripAsync("x");
            Assert.Equal("here", await client.GetStringAsync(new Uri("http://10.0.0.2:81/")).WaitAsync(Patience));
            // With garbage it is more than it costs: only where that is too much it is collected, which stops everything for a while.
            if (GC.GetTotalMemory(forceFullCollection: false) - before > slow * Bound)
                Assert.InRange((GC.GetTotalMemory(forceFullCollection: true) - before) / slow, long.MinValue, Bound);
            Assert.InRange(victim.OpenConnections, 0, places);
        }

        Assert.InRange(victim.TimesFull, 1, slow);
        Assert.Equal(slow, victim.AcceptedConnections);
        Assert.Empty(other.CutConnections);
        await clients.AnsweredAsync("");
        // A drip that comes after the end is answered with a RST, which takes the answer along.
        Assert.All(clients.Answers, static a => Assert.True(a == nameof(SocketResult.ConnectionReset) || a.StartsWith("HTTP/1.1 408 Request Timeout\r\n", StringComparison.Ordinal), a));
        Assert.Contains(clients.Answers, static a => a.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal));
        await clients.AbortAsync();
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 100000\r\n\r\nslow", "min_request_body_data_rate")]
    [InlineData("GET /big HTTP/1.1\r\nHost: web\r\n\r\n", "min_response_data_rate")]
    public async Task A_body_that_does_not_move_is_cut_and_counted(string request, string reason)
    {
        await using var pods = new PodPair();
        await using var server = new PodHttpServer(new PodHttpLimits { BodyRateGrace = TimeSpan.FromSeconds(1.5), BodyBytesPerSecond = 1_000_000 });
        PodHttpListener listener = await ListenAsync(server, pods.Server, "web", async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            byte[] block = new byte[100_000];
            while (context.Request.Path == "/big" && !context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
        });
        // Nobody reads what comes.
        var clients = new RawClients(pods.Client, new Ipv4Endpoint(pods.Server.Address, 80), request);
        await clients.OpenAsync(1);
        long start = Stopwatch.GetTimestamp();
        while (listener.CutConnections.GetValueOrDefault(reason) == 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, string.Join(' ', listener.CutConnections));
            await Task.Delay(20);
        }

        await clients.AbortAsync();
    }

    private static RequestDelegate SayAsync(string text) => context =>
    {
        context.Response.ContentLength = text.Length;
        return context.Response.WriteAsync(text);
    };

    private static async Task<PodHttpListener> ListenAsync(PodHttpServer server, INamespaceExecutor pod, string name, RequestDelegate application, ushort port = 80)
    {
        (SocketResult result, PodHttpListener? listener) = await server.ListenAsync(pod, name, new Ipv4Endpoint(Ipv4Address.Any, port), application);
        Assert.Equal(SocketResult.Ok, result);
        return listener!;
    }

    /// <summary>Sockets of a namespace without anything around them; all send the same text first.</summary>
    private sealed class RawClients(INamespaceExecutor executor, Ipv4Endpoint server, string text)
    {
        private readonly byte[] _text = Encoding.ASCII.GetBytes(text);
        private readonly byte[] _buffer = new byte[1000];
        private readonly List<TcpSocket> _all = [];
        private readonly List<TcpSocket> _waiting = [];

        /// <summary>What they got.</summary>
        public List<string> Answers { get; } = [];

        public async Task OpenAsync(int count)
        {
            await executor.RunAsync(sockets =>
            {
                for (int i = 0; i < count; i++)
                {
                    TcpSocket socket = sockets.OpenTcp();
                    Assert.Equal(SocketResult.InProgress, socket.Connect(server));
                    _all.Add(socket);
                    _waiting.Add(socket);
                }

                return true;
            });
            await UntilAsync(() => _waiting.TrueForAll(static s => s.State == TcpState.Established));
            await executor.RunAsync(_ => _waiting.Sum(s => s.Send(_text, out int sent) == SocketResult.Ok ? sent : 0));
        }

        /// <summary>Sends a text more from each that has no answer yet.</summary>
        public Task<int> DripAsync(string more) => executor.RunAsync(_ =>
        {
            Read();
            return _waiting.Sum(s => s.Send(Encoding.ASCII.GetBytes(more), out int sent) == SocketResult.Ok ? sent : 0);
        });

        /// <summary>Waits until all have an answer, which has to end with a text.</summary>
        public async Task AnsweredAsync(string end)
        {
            await UntilAsync(() =>
            {
                Read();
                return _waiting.Count == 0;
            });
            Assert.All(Answers, a => Assert.EndsWith(end, a, StringComparison.Ordinal));
        }

        public Task<bool> AbortAsync() => executor.RunAsync(_ =>
        {
            _all.ForEach(static s => s.Abort());
            return true;
        });

        private void Read() => _waiting.RemoveAll(socket =>
        {
            SocketResult result = socket.Receive(_buffer, out int received);
            if (result == SocketResult.WouldBlock)
                return false;
            Answers.Add(result == SocketResult.Ok ? Encoding.ASCII.GetString(_buffer, 0, received) : $"{result}");
            return true;
        });

        // Each question is a turn of the owner.
        private async Task UntilAsync(Func<bool> state)
        {
            long start = Stopwatch.GetTimestamp();
            while (!await executor.RunAsync(_ => state()))
            {
                Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"{_waiting.Count} of {_all.Count} still wait");
                await Task.Delay(5);
            }
        }
    }
}
