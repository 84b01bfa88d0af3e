using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ActorNet.Cluster.Certificates;

/// <summary>What a host shows to others and what it trusts.</summary>
/// <param name="Authority">The cluster's authority, without its key.</param>
/// <param name="Certificate">The host's certificate with its key.</param>
public sealed record HostCredentials(X509Certificate2 Authority, X509Certificate2 Certificate) : IDisposable
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1", ClientAuth = "1.3.6.1.5.5.7.3.2";

    /// <summary>Joins a certificate with its key.</summary>
    /// <param name="authority">The authority's certificate in DER.</param>
    /// <param name="certificate">The host's certificate in DER.</param>
    /// <param name="key">The host's key.</param>
    /// <exception cref="CryptographicException">They do not belong together, or are none.</exception>
    public static HostCredentials Of(byte[] authority, byte[] certificate, ECDsa key)
    {
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(certificate);
        using X509Certificate2 withKey = bare.CopyWithPrivateKey(key);
        // Windows serves only with a key that came from a container of its own.
        X509Certificate2 usable = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
        return new HostCredentials(X509CertificateLoader.LoadCertificate(authority), usable);
    }

    /// <summary>Whether a certificate that a client showed is one of the cluster's, for clients, now.</summary>
    public bool AcceptsClient(X509Certificate2 certificate, DateTimeOffset now) => Accepts(certificate, now, ClientAuth);

    /// <summary>How the certificate of a host that is called is judged. The machine's trust store is not asked; the name is checked by who calls.</summary>
    public X509ChainPolicy ServerPolicy() => Policy(ServerAuth);

    /// <inheritdoc/>
    public void Dispose()
    {
        Authority.Dispose();
        Certificate.Dispose();
    }

    private bool Accepts(X509Certificate2 certificate, DateTimeOffset now, string purpose)
    {
        using var chain = new X509Chain { ChainPolicy = Policy(purpose) };
        chain.ChainPolicy.VerificationTime = now.LocalDateTime;
        bool isGood = chain.Build(certificate);
        foreach (X509ChainElement element in chain.ChainElements)
            element.Certificate.Dispose();
        return isGood;
    }

    private X509ChainPolicy Policy(string purpose)
    {
        // Nothing is revoked in this part, and nothing is looked up: neither a list nor a missing issuer.
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.Add(Authority);
        policy.ApplicationPolicy.Add(new Oid(purpose));
        return policy;
    }
}
