using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ActorNet.Packets;
using ActorNet.Sockets.Http;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using k8s;

namespace ActorNet.Workloads.Dns.Server;

/// <summary>
/// The official client as a pod has it (client-go rest.InClusterConfig): address from the environment, authority and token from the mounted
/// volume, over the pod's own network. The token is read anew for every request.
/// </summary>
internal static class InClusterClient
{
    private const string Place = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Makes the client; whoever makes it disposes of it.</summary>
    /// <param name="context">The program.</param>
    /// <exception cref="InvalidOperationException">There is no volume or no address; the message is upstream's.</exception>
    public static k8s.Kubernetes Create(ProgramContext context)
    {
        if (!context.Environment.TryGetValue("KUBERNETES_SERVICE_HOST", out string? host) || !context.Environment.TryGetValue("KUBERNETES_SERVICE_PORT", out string? port)
            || !Ipv4Address.TryParse(host, out _))
        {
            throw new InvalidOperationException("unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined");
        }

        string authority = Read(context.Files, "ca.crt");
        Read(context.Files, "token");
        var config = new KubernetesClientConfiguration { Host = $"https://{host}:{port}" };
        return new k8s.Kubernetes(config, new NamespaceHandler(context, authority));
    }

    private static string Read(FileTree files, string name)
    {
        if (!files.TryStat($"{Place}/{name}", out FileStatus status) || status.IsDirectory)
            throw new InvalidOperationException($"open {Place}/{name}: no such file or directory");
        using var reader = new StreamReader(files.OpenRead($"{Place}/{name}"), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    // It answers itself: what the client would have underneath is the machine's own network.
    private sealed class NamespaceHandler : DelegatingHandler
    {
        private readonly ProgramContext _context;
        private readonly HttpMessageInvoker _network;

        public NamespaceHandler(ProgramContext context, string authority)
        {
            _context = context;
            SocketsHttpHandler handler = NamespaceHttp.CreateHandler(context.Namespace, static (_, _) => new ValueTask<IReadOnlyList<Ipv4Address>>([]));
            var trust = new X509Certificate2Collection();
            trust.ImportFromPem(authority);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = PolicyOf(trust) };
            _network = new HttpMessageInvoker(handler, disposeHandler: true);
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Read(_context.Files, "token").Trim());
            return _network.SendAsync(request, cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _network.Dispose();
            base.Dispose(disposing);
        }

        private static X509ChainPolicy PolicyOf(X509Certificate2Collection trust)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
            policy.CustomTrustStore.AddRange(trust);
            policy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
            return policy;
        }
    }
}
