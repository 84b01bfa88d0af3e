using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using ActorNet.Netstack;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Sockets.Kestrel;

/// <summary>A listening port of one pod, served by the process's <see cref="PodHttpServer"/>.</summary>
public sealed class PodHttpListener : IAsyncDisposable
{
    private readonly TcpAcceptor _acceptor;
    private readonly RequestDelegate _application;
    private readonly Func<PodConnection, CancellationToken, ValueTask> _offer;
    private readonly Action<PodHttpListener> _removed;
    private readonly HashSet<PodConnection> _open = [];
    private readonly SemaphoreSlim _room;

    // Never disposed: it has no timer, and whoever stops the server and the program that listens may both come.
    private readonly CancellationTokenSource _stopping = new();
    private Task _accepting = Task.CompletedTask;
    private TaskCompletionSource? _empty;
    private readonly ConcurrentDictionary<string, long> _cut = new(StringComparer.Ordinal);
    private long _accepted;
    private long _timesFull;
    private int _disposed;

    internal PodHttpListener(
        TcpAcceptor acceptor,
        string podName,
        RequestDelegate application,
        int connections,
        Func<PodConnection, CancellationToken, ValueTask> offer,
        Action<PodHttpListener> removed)
    {
        _acceptor = acceptor;
        _application = application;
        _offer = offer;
        _removed = removed;
        _room = new SemaphoreSlim(connections);
        PodName = podName;
    }

    /// <summary>The bound address and port.</summary>
    public Ipv4Endpoint Local => _acceptor.Local;

    /// <summary>The pod's name.</summary>
    public string PodName { get; }

    /// <summary>Connections that are open.</summary>
    public int OpenConnections
    {
        get
        {
            lock (_open)
                return _open.Count;
        }
    }

    /// <summary>Connections accepted since it listens.</summary>
    public long AcceptedConnections => Interlocked.Read(ref _accepted);

    /// <summary>How often as many as <see cref="PodHttpLimits.ConnectionsPerListener"/> were open, so that whoever came then had to wait in the backlog.</summary>
    public long TimesFull => Interlocked.Read(ref _timesFull);

    /// <summary>
    /// Connections that the server ended though the client wanted more, by Kestrel's reason (error.type of its metric
    /// kestrel.connection.duration), as "request_headers_timeout".
    /// </summary>
    public IReadOnlyDictionary<string, long> CutConnections => new Dictionary<string, long>(_cut, StringComparer.Ordinal);

    /// <summary>Stops listening; connections that were accepted go on. Those that wait in the backlog are reset.</summary>
    public async Task StopListeningAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _acceptor.DisposeAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
    }

    /// <summary>
    /// Stops listening, closes idle connections and waits for the others to answer the request that they have and close.
    /// </summary>
    /// <param name="patience">Gives up waiting.</param>
    /// <returns>False when it gave up: connections are still open.</returns>
    public async Task<bool> ShutdownAsync(CancellationToken patience)
    {
        await StopListeningAsync().ConfigureAwait(false);
        var empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        PodConnection[] open;
        lock (_open)
        {
            open = [.. _open];
            _empty = empty;
            if (open.Length == 0)
                empty.TrySetResult();
        }

        foreach (PodConnection connection in open)
            connection.RequestClose();
        await empty.Task.WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return empty.Task.IsCompleted;
    }

    /// <summary>Stops listening and closes what is open, as the end of a process does: a FIN, or a RST where received data lies unread.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await StopListeningAsync().ConfigureAwait(false);
        PodConnection[] open;
        lock (_open)
            open = [.. _open];
        foreach (PodConnection connection in open)
            connection.Close();
        _removed(this);
    }

    internal void CountCut(string reason) => _cut.AddOrUpdate(reason, 1, static (_, count) => count + 1);

    internal void Start() => _accepting = AcceptAsync();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                if (!_room.Wait(0, CancellationToken.None))
                {
                    Interlocked.Increment(ref _timesFull);
                    await _room.WaitAsync(_stopping.Token).ConfigureAwait(false);
                }

                if (await _acceptor.AcceptAsync(readsAhead: true, _stopping.Token).ConfigureAwait(false) is not { } accepted)
                    return;
                string id = string.Create(CultureInfo.InvariantCulture, $"{PodName}:{Local.Port}-{Interlocked.Increment(ref _accepted)}");
                var connection = new PodConnection(id, this, accepted, _application, Ended);
                lock (_open)
                    _open.Add(connection);
                await HandOnAsync(connection).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping, or the pod is gone.
        }
    }

    private async Task HandOnAsync(PodConnection connection)
    {
        try
        {
            await _offer(connection, _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            connection.Abort();
            Ended(connection);
            throw new OperationCanceledException("The server is stopping.", e);
        }
    }

    private void Ended(PodConnection connection)
    {
        lock (_open)
        {
            if (!_open.Remove(connection))
                return;
            if (_open.Count == 0)
                _empty?.TrySetResult();
        }

        _room.Release();
    }
}
