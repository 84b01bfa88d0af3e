using System.Threading.Channels;
using ActorNet.Netstack;
using ActorNet.Sockets;

namespace ActorNet.Workloads.Iperf;

/// <summary>
/// Sorts what connects to a server: the first cookie while nobody tests begins a test, its later connections are that test's streams, any
/// other is told that the server is busy.
/// </summary>
internal sealed class ServerDoor(INamespaceExecutor executor, TcpAcceptor acceptor, TimeProvider time)
{
    // Connections that may take their time with a cookie; one more is reset.
    private const int MaxUnidentified = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Channel<IncomingConnection> _tests = Channel.CreateUnbounded<IncomingConnection>();
    private readonly Channel<IncomingConnection> _streams = Channel.CreateBounded<IncomingConnection>(TestParameters.MaxStreams);
    private readonly Lock _lock = new();
    private string? _current;
    private int _unidentified;

    /// <summary>Accepts until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (await acceptor.AcceptAsync((sockets, socket) => new IncomingConnection(sockets, socket), cancellation).ConfigureAwait(false) is { } incoming)
        {
            if (Interlocked.Increment(ref _unidentified) > MaxUnidentified)
            {
                Interlocked.Decrement(ref _unidentified);
                executor.Post(_ => incoming.Socket.Abort());
                continue;
            }

            _ = SortAsync(incoming, cancellation);
        }
    }

    /// <summary>The control connection of the next test.</summary>
    public ValueTask<IncomingConnection> NextTestAsync(CancellationToken cancellation) => _tests.Reader.ReadAsync(cancellation);

    /// <summary>The next stream of the test that runs.</summary>
    public ValueTask<IncomingConnection> NextStreamAsync(CancellationToken cancellation) => _streams.Reader.ReadAsync(cancellation);

    /// <summary>The test is over: the next may come.</summary>
    public void EndTest()
    {
        lock (_lock)
            _current = null;
        while (_streams.Reader.TryRead(out IncomingConnection? late))
            executor.Post(_ => late.Socket.Abort());
    }

    private async Task SortAsync(IncomingConnection incoming, CancellationToken cancellation)
    {
        string? cookie = null;
        try
        {
            cookie = await incoming.Identified.WaitAsync(Patience, time, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Reset below.
        }
        finally
        {
            Interlocked.Decrement(ref _unidentified);
        }

        if (cookie is null)
            executor.Post(_ => incoming.Socket.Abort());
        else if (!TryAssign(cookie, incoming))
            executor.Post(_ => Deny(incoming.Socket));
    }

    private bool TryAssign(string cookie, IncomingConnection incoming)
    {
        lock (_lock)
        {
            if (_current is not null)
                return _current == cookie && _streams.Writer.TryWrite(incoming);
            _current = cookie;
            return _tests.Writer.TryWrite(incoming);
        }
    }

    private static void Deny(TcpSocket socket)
    {
        socket.Send([unchecked((byte)(sbyte)ControlState.AccessDenied)], out _);
        socket.Close();
    }
}
