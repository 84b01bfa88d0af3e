using ActorNet.Netstack;

namespace ActorNet.Workloads.Netcat;

/// <summary>
/// A UDP socket with one peer, or, for a listener with -k, one that takes everybody's datagrams and can send none. What a read or write
/// moves is one datagram.
/// </summary>
/// <param name="endpoint">The socket.</param>
/// <param name="remote">The peer, or null for everybody.</param>
/// <param name="ownsEndpoint">Whether the socket is closed with it.</param>
/// <param name="first">The datagram that told the peer, or null.</param>
internal sealed class UdpPeer(DatagramEndpoint endpoint, Ipv4Endpoint? remote, bool ownsEndpoint, byte[]? first = null) : INetcatPeer
{
    private byte[]? _first = first;

    public CancellationToken Gone => CancellationToken.None;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (_first is { } waiting)
        {
            _first = null;
            return Copy(waiting, buffer);
        }

        while (true)
        {
            ReceivedDatagram datagram = await endpoint.ReceiveAsync(cancellation).ConfigureAwait(false);
            if (datagram.Result != SocketResult.Ok)
                return -1;
            if (remote is null || datagram.Sender == remote)
                return Copy(datagram.Data, buffer);
        }
    }

    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation) =>
        remote is { } peer && await endpoint.SendToAsync(data, peer).ConfigureAwait(false) == SocketResult.Ok;

    public ValueTask ShutdownSendAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ownsEndpoint ? endpoint.DisposeAsync() : ValueTask.CompletedTask;

    private static int Copy(byte[] data, Memory<byte> buffer)
    {
        int count = Math.Min(data.Length, buffer.Length);
        data.AsMemory(0, count).CopyTo(buffer);
        return count;
    }
}
