using System.Net.Sockets;

namespace ActorNet.Cluster.Links;

/// <summary>What a machine says of one of its TCP ports.</summary>
internal enum PortState
{
    /// <summary>Nothing came back: the machine is away or cut off, or a firewall drops.</summary>
    Silent,

    /// <summary>The machine, or a firewall before it, answers that nothing listens.</summary>
    Refuses,

    /// <summary>A process listens, be it frozen.</summary>
    Listens,
}

/// <summary>Asks a machine whether anybody listens at a control endpoint, by opening a connection that says nothing.</summary>
internal static class PortProbe
{
    /// <summary>Asks once.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="patience">How long an answer is waited for.</param>
    /// <param name="links">The faults of this host's control links: whom a cut hides is silent; null: none.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<PortState> AskAsync(ControlEndpoint endpoint, TimeSpan patience, ControlLinks? links = null, CancellationToken cancellation = default)
    {
        if (links?.For(endpoint) is { Cut: not LinkDirection.None })
            return PortState.Silent;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        try
        {
            using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, limit.Token).ConfigureAwait(false);
            return PortState.Listens;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode == SocketError.ConnectionRefused ? PortState.Refuses : PortState.Silent;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return PortState.Silent;
        }
    }
}
