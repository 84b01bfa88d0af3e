namespace ActorNet.Kubernetes.ServiceAccounts;

/// <summary>Signs tokens. From any thread.</summary>
public interface ITokenIssuer
{
    /// <summary>No token of this issuer can be valid longer.</summary>
    DateTimeOffset Until { get; }

    /// <summary>An id that no other token has.</summary>
    string NewId();

    /// <summary>Signs a token.</summary>
    /// <param name="claims">What it says.</param>
    /// <returns>The token, as it goes behind "Bearer ".</returns>
    string Sign(TokenClaims claims);
}
