using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ActorNet.ApiServer.Front;

/// <summary>
/// Notices clients that vanished without a word, as Go's servers do on every connection that they accept (net.ListenConfig): TCP's keep-alive asks a
/// silent peer, and one that answers nothing is gone. While bytes are under way to it the kernel's retransmissions decide, after about 15 minutes.
/// </summary>
public static class PeerKeepAlive
{
    /// <summary>How often a peer that does not answer is asked.</summary>
    public const int Probes = 9;

    /// <summary>How long a peer may be silent until it is asked, and then asked again: one that vanished is noticed after ten times as long.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(15);

    /// <summary>Watches the peers of every connection of a listener.</summary>
    /// <param name="listen">The listener; before its TLS.</param>
    /// <param name="silence">Whole seconds; null: <see cref="Usual"/>.</param>
    /// <returns>The listener.</returns>
    public static ListenOptions Watch(ListenOptions listen, TimeSpan? silence = null)
    {
        ArgumentNullException.ThrowIfNull(listen);
        int seconds = (int)(silence ?? Usual).TotalSeconds;
        listen.Use(next => connection =>
        {
            if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is { ProtocolType: ProtocolType.Tcp } socket)
                Watch(socket, seconds);
            return next(connection);
        });
        return listen;
    }

    private static void Watch(Socket socket, int seconds)
    {
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, seconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The peer is gone already.
        }
    }
}
