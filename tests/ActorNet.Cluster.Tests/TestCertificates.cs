using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ActorNet.Cluster.Tests;

/// <summary>A certificate authority made for one test.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _root;

    public TestAuthority(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddHours(1));
    }

    public ControlTls Issue(string host) => Issue($"O=system:nodes, CN=system:node:{host}", DateTimeOffset.UtcNow);

    /// <summary>What kubectl shows: of the same authority, and yet no host's.</summary>
    public ControlTls IssueUser() => Issue("O=system:masters, CN=kubernetes-admin", DateTimeOffset.UtcNow);

    private ControlTls Issue(string subject, DateTimeOffset now)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        using X509Certificate2 issued = request.Create(_root, now.AddMinutes(-5), now.AddMinutes(50), RandomNumberGenerator.GetBytes(8));
        using X509Certificate2 withKey = issued.CopyWithPrivateKey(key);
        byte[] pfx = withKey.Export(X509ContentType.Pkcs12);
        X509Certificate2 authority = X509CertificateLoader.LoadCertificate(_root.Export(X509ContentType.Cert));
        return new ControlTls(X509CertificateLoader.LoadPkcs12(pfx, null), authority);
    }

    public void Dispose() => _root.Dispose();
}
