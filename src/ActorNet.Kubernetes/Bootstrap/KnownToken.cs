using System.Globalization;
using System.Text;
using k8s.Models;

namespace ActorNet.Kubernetes.Bootstrap;

/// <summary>
/// A token as the cluster knows it: a Secret bootstrap-token-ID in kube-system, of upstream's form (kubernetes
/// staging/src/k8s.io/cluster-bootstrap/token/api/types.go), so that kubectl and kubeadm read it. How often it may still be used is an annotation: upstream's may be used without a bound.
/// </summary>
/// <param name="Token">The token.</param>
/// <param name="Expires">When it ends; null: never.</param>
/// <param name="UsesLeft">How many hosts may still come by it; null: any number.</param>
/// <param name="Description">For people.</param>
public sealed record KnownToken(BootstrapToken Token, DateTimeOffset? Expires, int? UsesLeft, string Description)
{
    /// <summary>The Secrets' namespace.</summary>
    public const string Space = "kube-system";

    /// <summary>The Secrets' type.</summary>
    public const string SecretType = "bootstrap.kubernetes.io/token";

    /// <summary>Says how many hosts may still come by a token.</summary>
    public const string UsesAnnotation = "actornet.io/uses-left";

    private const string Prefix = "bootstrap-token-";
    private const string IdKey = "token-id", SecretKey = "token-secret", ExpirationKey = "expiration", DescriptionKey = "description";

    /// <summary>A token's Secret.</summary>
    /// <param name="id">The token's identifier.</param>
    public static string NameOf(string id) => Prefix + id;

    /// <summary>Reads a Secret; null: it is no token that may be used to join. Anybody who may write Secrets may have written it.</summary>
    /// <param name="secret">The Secret.</param>
    public static KnownToken? Of(V1Secret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        if (secret.Type != SecretType || !BootstrapToken.TryParse($"{Text(secret, IdKey)}.{Text(secret, SecretKey)}", out BootstrapToken token) || secret.Metadata.Name != NameOf(token.Id)
            || Text(secret, "usage-bootstrap-authentication") != "true")
            return null;
        DateTimeOffset? expires = null;
        if (Text(secret, ExpirationKey) is { } end)
        {
            // What cannot be read counts as over, as upstream judges it (cluster-bootstrap/util/secrets: GetExpiration).
            expires = DateTimeOffset.TryParse(end, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : DateTimeOffset.MinValue;
        }

        int? uses = null;
        if (secret.Metadata.Annotations?.TryGetValue(UsesAnnotation, out string? left) == true)
            uses = int.TryParse(left, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
        return new KnownToken(token, expires, uses, Text(secret, DescriptionKey) ?? "");
    }

    /// <summary>Whether its time is over.</summary>
    /// <param name="now">The time.</param>
    public bool IsOver(DateTimeOffset now) => Expires is { } end && end <= now;

    /// <summary>As a Secret.</summary>
    public V1Secret ToSecret()
    {
        var data = new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            [IdKey] = Bytes(Token.Id),
            [SecretKey] = Bytes(Token.Secret),
            // kubeadm's (cmd/kubeadm/app/apis/bootstraptoken/v1: its default usages and group).
            ["usage-bootstrap-authentication"] = Bytes("true"),
            ["usage-bootstrap-signing"] = Bytes("true"),
            ["auth-extra-groups"] = Bytes("system:bootstrappers:kubeadm:default-node-token"),
        };
        if (Expires is { } end)
            data[ExpirationKey] = Bytes(end.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        if (Description.Length > 0)
            data[DescriptionKey] = Bytes(Description);
        return new V1Secret
        {
            ApiVersion = "v1",
            Kind = "Secret",
            Type = SecretType,
            Metadata = new V1ObjectMeta
            {
                Name = NameOf(Token.Id),
                NamespaceProperty = Space,
                Annotations = UsesLeft is { } uses ? new Dictionary<string, string> { [UsesAnnotation] = uses.ToString(CultureInfo.InvariantCulture) } : null,
            },
            Data = data,
        };
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string? Text(V1Secret secret, string key) => secret.Data?.TryGetValue(key, out byte[]? bytes) == true ? Encoding.UTF8.GetString(bytes) : null;
}
