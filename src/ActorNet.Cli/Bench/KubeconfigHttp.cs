using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;

namespace ActorNet.Cli.Bench;

/// <summary>HTTPS to the API that a kubeconfig names, as the user that it names; the server's certificate is checked against its authority.</summary>
internal static class KubeconfigHttp
{
    /// <summary>Makes a client whose base address is the API's.</summary>
    /// <param name="kubeconfig">The file.</param>
    public static HttpClient Open(string kubeconfig)
    {
        KubernetesClientConfiguration config = KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig);
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.AddRange(config.SslCaCerts);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust, ClientCertificates = [Certificate(config)] },
        };
        return new HttpClient(handler) { BaseAddress = new Uri(config.Host), Timeout = TimeSpan.FromMinutes(2) };
    }

    // Windows shows no certificate in a handshake whose key is in memory only.
    private static X509Certificate2 Certificate(KubernetesClientConfiguration config)
    {
        using var read = X509Certificate2.CreateFromPem(Pem(config.ClientCertificateData), Pem(config.ClientCertificateKeyData));
        return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
    }

    private static string Pem(string data) => Encoding.ASCII.GetString(Convert.FromBase64String(data));
}
