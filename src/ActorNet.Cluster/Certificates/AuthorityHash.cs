using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

namespace ActorNet.Cluster.Certificates;

/// <summary>
/// By what a host that knows nothing yet knows the right cluster: SHA-256 of the authority's SubjectPublicKeyInfo, as kubeadm's discovery-token-ca-cert-hash
/// (kubernetes cmd/kubeadm/app/util/pubkeypin/pubkeypin.go: Hash).
/// </summary>
public readonly partial record struct AuthorityHash
{
    private const string Prefix = "sha256:";

    private readonly string _hex;

    private AuthorityHash(string hex) => _hex = hex;

    /// <summary>An authority's hash.</summary>
    /// <param name="certificate">Its certificate in DER.</param>
    /// <exception cref="CryptographicException">It is none.</exception>
    public static AuthorityHash Of(byte[] certificate)
    {
        using X509Certificate2 loaded = X509CertificateLoader.LoadCertificate(certificate);
        return new AuthorityHash(Convert.ToHexStringLower(SHA256.HashData(loaded.PublicKey.ExportSubjectPublicKeyInfo())));
    }

    /// <summary>Reads sha256: and 64 hexadecimal digits.</summary>
    /// <param name="text">The text.</param>
    /// <param name="hash">The hash when the text is one.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out AuthorityHash hash)
    {
        hash = default;
        if (text is null || !Form().IsMatch(text))
            return false;
        hash = new AuthorityHash(text[Prefix.Length..].ToLowerInvariant());
        return true;
    }

    /// <summary>sha256: and 64 hexadecimal digits.</summary>
    public override string ToString() => Prefix + _hex;

    [GeneratedRegex(@"\Asha256:[0-9a-fA-F]{64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
