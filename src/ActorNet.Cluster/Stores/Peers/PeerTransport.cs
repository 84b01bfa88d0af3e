using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace ActorNet.Cluster.Stores.Peers;

/// <summary>
/// The one port of a store's member: connections for the log go to the log, connections with calls to whoever answers them, all others are
/// closed and counted.
/// </summary>
/// <param name="options">How members reach each other.</param>
/// <param name="self">This member's name.</param>
internal sealed class PeerTransport(StorePeerOptions options, string self) : IConnectionListenerFactory, IConnectionFactory, IAsyncDisposable
{
    /// <summary>The most connections whose handshake is not done: more are closed at once.</summary>
    private const int MaximumHandshakes = 64;

    private readonly Channel<ConnectionContext> _logs = Channel.CreateUnbounded<ConnectionContext>();
    private readonly CancellationTokenSource _ending = new();
    private readonly Socket _listening = new(options.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
    private Task _accepting = Task.CompletedTask;
    private int _handshakes;
    private long _refused;

    /// <summary>Connections that were none of a member, or too many at once.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Begins to listen.</summary>
    /// <param name="calls">Answers the calls of a member until its stream ends; the stream is disposed of here.</param>
    /// <exception cref="SocketException">The port is taken.</exception>
    public void Start(Func<Stream, CancellationToken, Task> calls)
    {
        _listening.Bind(options.Listen);
        _listening.Listen(MaximumHandshakes);
        _accepting = AcceptAsync(calls);
    }

    /// <summary>Opens a connection for calls.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public async Task<Stream> CallAsync(EndPoint member, CancellationToken cancel) => await OpenAsync(member, PeerPurpose.Calls, cancel).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(new Listener(_logs.Reader, endpoint));

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new PeerConnection(await OpenAsync(endpoint, PeerPurpose.Log, cancellationToken).ConfigureAwait(false), endpoint);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        _listening.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _logs.Writer.TryComplete();
        while (_logs.Reader.TryRead(out ConnectionContext? left))
            await left.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<Stream> OpenAsync(EndPoint member, PeerPurpose purpose, CancellationToken cancel)
    {
        string name = member is DnsEndPoint dns ? dns.Host : throw new ArgumentException($"{member} does not name a member of the store", nameof(member));
        StorePeer peer = options.Find(name) ?? throw new IOException($"nobody knows where the store's member {name} is");
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel, _ending.Token);
        limit.CancelAfter(options.ConnectLimit);
        try
        {
            return await PeerHandshake.ConnectAsync(options, self, peer, purpose, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException($"the store's member on {peer.Host} at {peer.Address} did not answer within {options.ConnectLimit.TotalSeconds:0.#} s");
        }
    }

    private async Task AcceptAsync(Func<Stream, CancellationToken, Task> calls)
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _listening.AcceptAsync(_ending.Token).ConfigureAwait(false);
                if (Interlocked.Increment(ref _handshakes) <= MaximumHandshakes)
                {
                    _ = ServeAsync(socket, calls);
                    continue;
                }

                Interlocked.Decrement(ref _handshakes);
                Interlocked.Increment(ref _refused);
                socket.Dispose();
            }
            catch (SocketException)
            {
                // The connection that was to be taken is gone: the next one.
            }
        }
    }

    private async Task ServeAsync(Socket socket, Func<Stream, CancellationToken, Task> calls)
    {
        (Stream Stream, PeerPurpose Purpose, string Name)? taken;
        using (CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token))
        {
            limit.CancelAfter(options.ConnectLimit);
            socket.NoDelay = true;
            taken = await PeerHandshake.AcceptAsync(options, socket, limit.Token).ConfigureAwait(false);
        }

        Interlocked.Decrement(ref _handshakes);
        switch (taken)
        {
            case null:
                Interlocked.Increment(ref _refused);
                break;
            case { Purpose: PeerPurpose.Log } log:
                if (!_logs.Writer.TryWrite(new PeerConnection(log.Stream, new DnsEndPoint(log.Name, 1))))
                    await log.Stream.DisposeAsync().ConfigureAwait(false);
                break;
            case { } call:
                await using (call.Stream.ConfigureAwait(false))
                    await calls(call.Stream, _ending.Token).ConfigureAwait(false);
                break;
        }
    }

    private sealed class Listener(ChannelReader<ConnectionContext> incoming, EndPoint endpoint) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _unbound.Token);
            try
            {
                return await incoming.ReadAsync(either.Token).ConfigureAwait(false);
            }
            catch (Exception end) when (end is ChannelClosedException or OperationCanceledException)
            {
                return null;
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => new(_unbound.CancelAsync());

        public async ValueTask DisposeAsync()
        {
            await UnbindAsync().ConfigureAwait(false);
            _unbound.Dispose();
        }
    }
}
