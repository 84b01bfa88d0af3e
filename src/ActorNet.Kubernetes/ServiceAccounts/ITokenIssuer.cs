using System.Text.Json.Nodes;

namespace ActorNet.Kubernetes.ServiceAccounts;

/// <summary>Signs tokens. From any thread.</summary>
public interface ITokenIssuer
{
    /// <summary>No token of this issuer can be valid longer.</summary>
    DateTimeOffset Until { get; }

    /// <summary>The name of the key that signs, which a token's header has as kid.</summary>
    string KeyId { get; }

    /// <summary>What everybody may know of that key: text by which <see cref="WebKeyOf"/> of any host of the cluster finds it.</summary>
    string PublicKey { get; }

    /// <summary>A key that signs tokens of this cluster, as a JSON Web Key (RFC 7517).</summary>
    /// <param name="publicKey">What some host's <see cref="PublicKey"/> was; somebody else may have changed it since.</param>
    /// <param name="now">The time.</param>
    /// <returns>Null: it is no such key, or signs no more.</returns>
    JsonObject? WebKeyOf(string publicKey, DateTimeOffset now);

    /// <summary>An id that no other token has.</summary>
    string NewId();

    /// <summary>Signs a token.</summary>
    /// <param name="claims">What it says.</param>
    /// <returns>The token, as it goes behind "Bearer ".</returns>
    string Sign(TokenClaims claims);
}
