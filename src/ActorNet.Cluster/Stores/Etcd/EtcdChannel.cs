using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace ActorNet.Cluster.Stores.Etcd;

/// <summary>The connection to an etcd.</summary>
internal static class EtcdChannel
{
    // An etcd that went without a word is found out, and a watch of it opened again.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(5);

    /// <summary>Makes one; it connects when it is first used.</summary>
    internal static GrpcChannel Open(EtcdStoreOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingDelay,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            UseProxy = false,
        };
        if (options.Endpoint.Scheme == Uri.UriSchemeHttps)
            handler.SslOptions = Tls(options);
        // A list of many objects is one answer, however long; what etcd takes is bounded by etcd.
        return GrpcChannel.ForAddress(options.Endpoint, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true, MaxReceiveMessageSize = null });
    }

    private static SslClientAuthenticationOptions Tls(EtcdStoreOptions options)
    {
        var tls = new SslClientAuthenticationOptions();
        if (options.Authority is { } authority)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.Add(authority);
        }

        if (options.Certificate is { } own)
            tls.ClientCertificates = [own];
        return tls;
    }
}
