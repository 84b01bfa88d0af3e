using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace ActorNet.Sockets.Kestrel;

/// <summary>An endpoint that Kestrel binds for the pods of the process: one a protocol, since without TLS a connection's first bytes do not choose it.</summary>
/// <param name="listener">Where its connections come from.</param>
internal sealed class PodsEndPoint(PodConnectionListener listener) : EndPoint
{
    public PodConnectionListener Listener => listener;

    public override string ToString() => "pods";
}

/// <summary>
/// Hands the connections of every pod's listeners to Kestrel. The queue between is short: when Kestrel is behind, connections wait in the
/// backlogs of the pods' own listeners, where a flood of one pod fills that pod's backlog only.
/// </summary>
internal sealed class PodConnectionListener : IConnectionListener
{
    private readonly Channel<PodConnection> _connections = Channel.CreateBounded<PodConnection>(
        new BoundedChannelOptions(64) { SingleReader = true });

    public PodConnectionListener() => EndPoint = new PodsEndPoint(this);

    public EndPoint EndPoint { get; }

    public ValueTask OfferAsync(PodConnection connection, CancellationToken cancellationToken) =>
        _connections.Writer.WriteAsync(connection, cancellationToken);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _connections.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_connections.Reader.TryRead(out PodConnection? connection))
                return connection;
        }

        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _connections.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();
}

/// <summary>Gives Kestrel the listener for <see cref="PodsEndPoint"/>.</summary>
internal sealed class PodConnectionListenerFactory : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is PodsEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(((PodsEndPoint)endpoint).Listener);
}
