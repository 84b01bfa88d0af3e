using System.Collections.Concurrent;
using ActorNet.Netstack;
using ActorNet.Netstack.Tests;
using ActorNet.Packets;
using ActorNet.Sockets.Http;
using ActorNet.Sockets.Kestrel;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tests.Programs;

/// <summary>
/// Two hosts whose namespaces are owned by one thread, as an actor owns them: work is posted to it, and after each piece everything under
/// way arrives. Real time, so that programs can wait.
/// </summary>
internal sealed class ProgramRig : IAsyncDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly CancellationTokenSource _closed = new();
    private readonly Thread _owner;
    private Exception? _failure;

    public ProgramRig(int mtu = 1500, bool router = false)
    {
        Net = new TwoHosts(mtu, TimeProvider.System, router: router);
        A = new Door(this, Net.A);
        B = new Door(this, Net.B);
        _owner = new Thread(Own) { IsBackground = true };
        _owner.Start();
    }

    public TwoHosts Net { get; }

    /// <summary>The HTTP server that the programs of both hosts share.</summary>
    public PodHttpServer Http { get; } = new();

    public Door A { get; }

    public Door B { get; }

    public static async Task<(int Code, string Out, string Error)> RunAsync(
        INamespaceExecutor door, string command, string stdin = "", FileTree? files = null,
        IReadOnlyDictionary<string, string>? environment = null, StringWriter? error = null, CancellationToken cancellation = default)
    {
        var output = new StringWriter();
        error ??= new StringWriter();
        var context = new ProgramContext
        {
            Stdin = new StringReader(stdin),
            Stdout = output,
            Stderr = error,
            Namespace = door,
            Http = (door as Door)?.Http,
            HostName = "web-0",
            Files = files ?? ContainerFiles.Create("web-0", null, ProgramTable.CreateDefault().Names, TimeProvider.System),
            Environment = environment ?? new Dictionary<string, string>(),
            Hosts = new Dictionary<string, Ipv4Address> { ["peer"] = Ipv4Address.Parse("10.0.0.2") },
            Devices = ["lo", "eth0"],
            Cancellation = cancellation,
        };
        int code = await ProgramTable.CreateDefault().RunAsync(context, command.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>An HttpClient in a host's namespace.</summary>
    public static HttpClient Client(INamespaceExecutor door, bool redirects = false)
    {
        SocketsHttpHandler handler = NamespaceHttp.CreateHandler(door, (_, _) => new([]));
        handler.AllowAutoRedirect = redirects;
        return new HttpClient(handler) { BaseAddress = new Uri("http://10.0.0.2:8080/"), Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <summary>Waits until a TCP port is listened on.</summary>
    public static async Task ListeningAsync(INamespaceExecutor door, ushort port)
    {
        while (!await door.RunAsync(sockets => sockets.TcpListeners.Any(l => l.Local.Port == port)))
            await Task.Yield();
    }

    /// <summary>Waits until a TCP port is not listened on any more.</summary>
    public static async Task ClosedAsync(INamespaceExecutor door, ushort port)
    {
        while (await door.RunAsync(sockets => sockets.TcpListeners.Any(l => l.Local.Port == port)))
            await Task.Yield();
    }

    public async ValueTask DisposeAsync()
    {
        await Http.DisposeAsync();
        await A.RunAsync(_ => 0);
        _work.CompleteAdding();
        _owner.Join();
        await _closed.CancelAsync();
        Assert.Null(_failure);
        Net.A.Sockets.Close();
        Net.B.Sockets.Close();
        Net.Settle();
        Net.A.Namespace.Detach(Net.A.Eth0);
        Net.B.Namespace.Detach(Net.B.Eth0);
        Net.A.Frames.Dispose();
        Net.B.Frames.Dispose();
        Assert.True(Net.Pool.Measure().IsIdle, Net.Pool.Measure().ToString());
        _work.Dispose();
        _closed.Dispose();
    }

    // Neighbour timers are looked at ten times a second.
    private void Own()
    {
        try
        {
            while (!_work.IsCompleted)
            {
                if (_work.TryTake(out Action? work, TimeSpan.FromMilliseconds(100)))
                    work();
                Net.Settle();
            }
        }
        catch (Exception e)
        {
            _failure = e;
            _closed.Cancel();
        }
    }

    internal sealed class Door(ProgramRig rig, TestHost host) : INamespaceExecutor
    {
        public PodHttpServer Http => rig.Http;

        public CancellationToken Closed => rig._closed.Token;

        public void Post(Action<SocketLayer> work) => rig._work.Add(() => work(host.Sockets));
    }
}

/// <summary>A program's output that a test reads while the program writes.</summary>
internal sealed class SharedText : StringWriter
{
    private readonly Lock _gate = new();

    public override void Write(ReadOnlySpan<char> buffer)
    {
        lock (_gate)
            base.Write(buffer);
    }

    public override void Write(string? value) => Write(value.AsSpan());

    public override Task WriteAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return Task.CompletedTask;
    }

    public override string ToString()
    {
        lock (_gate)
            return base.ToString();
    }
}
