using System.Net.Sockets;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Links;

namespace ActorNet.ApiServer.Front;

/// <summary>HTTPS from this host to others: with its own certificate, and only to servers whose certificate is the cluster's and has the name that was called.</summary>
public static class PeerHttp
{
    private const int KeepAliveSeconds = 10, KeepAliveProbes = 3;

    // No request goes over a connection that was made with a certificate which has ended since.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromHours(1);

    /// <summary>Makes a handler; whoever makes it disposes of it.</summary>
    /// <param name="credentials">What the host shows and trusts.</param>
    /// <param name="links">The faults that its connections meet; null: none.</param>
    public static SocketsHttpHandler CreateHandler(LiveCredentials credentials, ControlLinks? links = null)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = System.Net.DecompressionMethods.None,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = ConnectionLifetime,
            KeepAlivePingDelay = TimeSpan.FromSeconds(KeepAliveSeconds),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(KeepAliveSeconds),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            ActivityHeadersPropagator = null,
            ConnectCallback = async (context, ct) => await ConnectAsync(context, ct).ConfigureAwait(false) is var stream && links is not null ? links.Over(stream, context.DnsEndPoint.Host) : stream,
        };
        handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => credentials.Now.Certificate;
        handler.SslOptions.CertificateChainPolicy = credentials.Now.ServerPolicy();
        return handler;
    }

    // A watch may be silent for long: only the kernel finds out that its server is gone without a word.
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
            await socket.ConnectAsync(context.DnsEndPoint, ct).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
