using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ActorNet.Cluster.Certificates;

/// <summary>
/// The cluster's certificate authority (RFC 5280): ECDSA on P-256, which signs leaves and nothing else. Whoever has its key can be any
/// user of the cluster.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>How long the authority's own certificate is valid, as kubeadm's.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    /// <summary>How long a certificate that it signs is valid, as kubeadm's.</summary>
    public static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(365);

    /// <summary>Certificates begin so much earlier, for hosts whose clocks differ (kubernetes pkg/controller/certificates/authority: the same 5 minutes).</summary>
    public static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

    private const string ServerAuth = "1.3.6.1.5.5.7.3.1", ClientAuth = "1.3.6.1.5.5.7.3.2";

    private readonly TimeProvider _time;
    private readonly X509Certificate2 _root;

    private CertificateAuthority(X509Certificate2 root, TimeProvider time) => (_root, _time) = (root, time);

    /// <summary>The authority's certificate in DER, without its key: what everybody in the cluster trusts.</summary>
    public byte[] Certificate => _root.RawData;

    /// <summary>Makes an authority with a new key.</summary>
    /// <param name="time">The clock.</param>
    public static CertificateAuthority Create(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=actornet", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        DateTimeOffset now = time.GetUtcNow();
        return new CertificateAuthority(request.CreateSelfSigned(now - Backdate, now + Lifetime), time);
    }

    /// <summary>An authority from its files.</summary>
    /// <param name="certificatePem">The certificate.</param>
    /// <param name="keyPem">Its key, PKCS#8.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CryptographicException">They do not belong together, or are none.</exception>
    public static CertificateAuthority Load(string certificatePem, string keyPem, TimeProvider time) =>
        new(X509Certificate2.CreateFromPem(certificatePem, keyPem), time);

    /// <summary>The certificate as PEM.</summary>
    public string ExportCertificate() => _root.ExportCertificatePem() + "\n";

    /// <summary>The key as PEM, PKCS#8, without a passphrase.</summary>
    public string ExportKey()
    {
        using ECDsa key = _root.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    /// <summary>Signs a host's certificate: it serves with it, and it is the node system:node:NAME of group system:nodes with it.</summary>
    /// <param name="key">The host's public key.</param>
    /// <param name="names">What it may be called.</param>
    /// <returns>The certificate in DER.</returns>
    public byte[] SignHost(PublicKey key, HostNames names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return Sign(key, names.Subject, names.ToExtension(), ServerAuth, ClientAuth);
    }

    /// <summary>Signs a user's certificate.</summary>
    /// <param name="key">The user's public key.</param>
    /// <param name="user">The user, the common name.</param>
    /// <param name="group">The user's group, the organization.</param>
    /// <returns>The certificate in DER.</returns>
    public byte[] SignUser(PublicKey key, string user, string group) => Sign(key, HostNames.SubjectOf(user, group), null, ClientAuth);

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();

    private byte[] Sign(PublicKey key, X500DistinguishedName subject, X509Extension? names, params string[] purposes)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var usages = new OidCollection();
        foreach (string purpose in purposes)
            usages.Add(new Oid(purpose));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(key, critical: false));
        if (names is not null)
            request.CertificateExtensions.Add(names);
        DateTimeOffset now = _time.GetUtcNow();
        DateTimeOffset end = now + LeafLifetime < _root.NotAfter ? now + LeafLifetime : _root.NotAfter;
        DateTimeOffset begin = now - Backdate > _root.NotBefore ? now - Backdate : _root.NotBefore;
        using X509Certificate2 signed = request.Create(_root, begin, end, NewSerial());
        return signed.RawData;
    }

    // RFC 5280, 4.1.2.2: positive, at most 20 bytes. The first byte keeps it positive and of one length.
    private static byte[] NewSerial()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }
}
