using ActorNet.Netstack;
using ActorNet.Sockets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Netcat;

/// <summary>The listening side: one peer at a time, with -k for ever.</summary>
internal sealed class NetcatServer(ProgramContext context, NetcatOptions options, NetcatNames names)
{
    // listen(s, 1).
    private const int Backlog = 1;

    public async Task<int> RunAsync()
    {
        Ipv4Endpoint local = names.FindLocal(options.Host, options.Port);
        if (options.Udp)
            await ReceiveAsync(local).ConfigureAwait(false);
        else
            await AcceptAsync(local).ConfigureAwait(false);
        return 0;
    }

    private async Task AcceptAsync(Ipv4Endpoint local)
    {
        (SocketResult result, TcpAcceptor? acceptor) = await TcpAcceptor.ListenAsync(context.Namespace, local, Backlog, NetcatSockets.Tcp(options)).ConfigureAwait(false);
        if (acceptor is null)
            throw NetcatExit.Failure(result.Describe());
        await using (acceptor.ConfigureAwait(false))
        {
            await TellAsync("Listening on", acceptor.Local).ConfigureAwait(false);
            do
            {
                TcpDuplexPipe? connection = await acceptor.AcceptAsync(context.Cancellation).ConfigureAwait(false);
                if (connection is null)
                    return;
                await TellAsync("Connection received on", connection.Remote).ConfigureAwait(false);
                await RelayAsync(new TcpPeer(connection)).ConfigureAwait(false);
            }
            while (options.KeepListening);
        }
    }

    private async Task ReceiveAsync(Ipv4Endpoint local)
    {
        (SocketResult result, DatagramEndpoint? endpoint) = await DatagramEndpoint.OpenAsync(context.Namespace, local, null, NetcatSockets.Udp(options)).ConfigureAwait(false);
        if (endpoint is null)
            throw NetcatExit.Failure(result.Describe());
        await using (endpoint.ConfigureAwait(false))
        {
            await TellAsync("Bound on", endpoint.Local).ConfigureAwait(false);
            do
                await RelayAsync(await FindPeerAsync(endpoint).ConfigureAwait(false)).ConfigureAwait(false);
            while (options.KeepListening);
        }
    }

    // Without -k the first sender is the peer, as if the socket were connected to it.
    private async Task<UdpPeer> FindPeerAsync(DatagramEndpoint endpoint)
    {
        if (options.KeepListening)
            return new UdpPeer(endpoint, null, ownsEndpoint: false);
        ReceivedDatagram datagram;
        do
            datagram = await endpoint.ReceiveAsync(context.Cancellation).ConfigureAwait(false);
        while (datagram.Result != SocketResult.Ok);
        await TellAsync("Connection received on", datagram.Sender).ConfigureAwait(false);
        return new UdpPeer(endpoint, datagram.Sender, ownsEndpoint: false, datagram.Data);
    }

    private Task TellAsync(string what, Ipv4Endpoint endpoint) =>
        options.Verbose ? context.Stderr.WriteAsync($"{what} {names.Describe(endpoint)}\n") : Task.CompletedTask;

    private async Task RelayAsync(INetcatPeer peer)
    {
        using var relay = new NetcatRelay(context, options, peer);
        await relay.RunAsync().ConfigureAwait(false);
    }
}
