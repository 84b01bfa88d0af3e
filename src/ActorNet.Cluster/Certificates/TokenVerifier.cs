using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.ServiceAccounts;

namespace ActorNet.Cluster.Certificates;

/// <summary>Verifies tokens that <see cref="HostTokens"/> of any host of the cluster signed. Nothing in a token is believed before its signature holds.</summary>
/// <param name="credentials">What is trusted.</param>
public sealed class TokenVerifier(HostCredentials credentials)
{
    /// <summary>So long a verdict may be kept; the signer's certificate may have ended meanwhile.</summary>
    public static readonly TimeSpan Recheck = TimeSpan.FromMinutes(1);

    private const int MaxLength = 16 * 1024;

    // JSON of the token's own depth; deeper is none of ours.
    private static readonly JsonDocumentOptions Shallow = new() { MaxDepth = 8 };

    /// <summary>Verifies a token: form, signature, signer, times. What it is bound to, and whom it is for, is not looked at.</summary>
    /// <param name="token">The token.</param>
    /// <param name="now">The time.</param>
    /// <returns>What it says; null: it does not count.</returns>
    public TokenClaims? Verify(string token, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(token);
        string[] parts = token.Length > MaxLength ? [] : token.Split('.');
        if (parts is not [string header, string payload, string signature])
            return null;
        try
        {
            if (Read(header) is not { } head || (string?)head["alg"] != TokenText.Algorithm || head["x5c"] is not JsonArray { Count: 1 } chain || (string?)chain[0] is not { } encoded)
                return null;
            // Only a node may sign: a user's certificate is of the same authority.
            using X509Certificate2 signer = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(encoded));
            if (!IsSigned(signer, Encoding.ASCII.GetBytes($"{header}.{payload}"), Base64Url.DecodeFromChars(signature)) || !HostNames.IsNode(signer) || !credentials.AcceptsClient(signer, now))
                return null;
            return TokenText.Read(Read(payload)) is { } claims && now < claims.Expires && claims.IssuedAt <= now + CertificateAuthority.Backdate ? claims : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or CryptographicException or InvalidOperationException or ArgumentException or KeyNotFoundException or OverflowException)
        {
            // Bytes from anywhere: what cannot be read does not count.
            return null;
        }
    }

    private static JsonObject? Read(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part), null, Shallow) as JsonObject;

    private static bool IsSigned(X509Certificate2 signer, byte[] text, byte[] signature)
    {
        using ECDsa? key = signer.GetECDsaPublicKey();
        return key is { KeySize: 256 } && key.VerifyData(text, signature, HashAlgorithmName.SHA256);
    }
}
