using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.ServiceAccounts;

namespace ActorNet.Cluster.Certificates;

/// <summary>
/// Signs service accounts' tokens with this host's own key (JWT, RFC 7519, signed by ES256, RFC 7515 and 7518) and puts its certificate into the
/// header (x5c). So every host that knows the cluster's authority can verify a token, and the API may move to a host that has no key but its own;
/// upstream's API servers share one key file instead. A node that signs a token can do no more than before: it may speak for anybody already.
/// </summary>
/// <param name="credentials">Gives the host's certificate and key as they are now.</param>
public sealed class HostTokens(Func<HostCredentials> credentials) : ITokenIssuer
{
    /// <inheritdoc/>
    public DateTimeOffset Until => credentials().Certificate.NotAfter.ToUniversalTime();

    /// <inheritdoc/>
    public string KeyId => IdOf(credentials().Certificate);

    /// <inheritdoc/>
    public string PublicKey => credentials().Certificate.ExportCertificatePem() + "\n";

    /// <inheritdoc/>
    public string NewId() => Guid.NewGuid().ToString();

    /// <inheritdoc/>
    public string Sign(TokenClaims claims)
    {
        ArgumentNullException.ThrowIfNull(claims);
        X509Certificate2 signer = credentials().Certificate;
        var header = new JsonObject
        {
            ["alg"] = TokenText.Algorithm,
            ["kid"] = IdOf(signer),
            ["x5c"] = new JsonArray(Convert.ToBase64String(signer.RawData)),
        };
        string text = $"{Encode(header)}.{Encode(TokenText.Write(claims))}";
        using ECDsa key = signer.GetECDsaPrivateKey() ?? throw new CryptographicException("The host's certificate has no ECDSA key.");
        return $"{text}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    /// <inheritdoc/>
    public JsonObject? WebKeyOf(string publicKey, DateTimeOffset now)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(publicKey);
            using ECDsa? key = certificate.GetECDsaPublicKey();
            if (key is not { KeySize: 256 } || !HostNames.IsNode(certificate) || !credentials().AcceptsClient(certificate, now))
                return null;
            ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
            return new JsonObject
            {
                ["use"] = "sig",
                ["kty"] = "EC",
                ["kid"] = IdOf(certificate),
                ["crv"] = "P-256",
                ["alg"] = TokenText.Algorithm,
                ["x"] = Base64Url.EncodeToString(point.X),
                ["y"] = Base64Url.EncodeToString(point.Y),
            };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Somebody has written what is no certificate.
            return null;
        }
    }

    // As upstream names its keys (kubernetes pkg/serviceaccount/jwt.go: keyIDFromPublicKey).
    private static string IdOf(X509Certificate2 signer) => Base64Url.EncodeToString(SHA256.HashData(signer.PublicKey.ExportSubjectPublicKeyInfo()));

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
