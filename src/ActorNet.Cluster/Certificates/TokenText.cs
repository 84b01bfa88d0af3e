using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.ServiceAccounts;

namespace ActorNet.Cluster.Certificates;

/// <summary>A token's claims as JSON, with upstream's names (kubernetes pkg/serviceaccount/claims.go: privateClaims).</summary>
internal static class TokenText
{
    /// <summary>ECDSA on P-256 with SHA-256 (RFC 7518, 3.4).</summary>
    public const string Algorithm = "ES256";

    private const string Private = "kubernetes.io";

    public static JsonObject Write(TokenClaims claims)
    {
        var bound = new JsonObject { ["namespace"] = claims.Namespace };
        Put(bound, "node", claims.Node);
        Put(bound, "pod", claims.Pod);
        Put(bound, "secret", claims.Secret);
        Put(bound, "serviceaccount", claims.Account);
        if (claims.WarnAfter is { } warn)
            bound["warnafter"] = warn.ToUnixTimeSeconds();
        return new JsonObject
        {
            ["aud"] = new JsonArray([.. claims.Audiences.Select(static each => JsonValue.Create(each))]),
            ["exp"] = claims.Expires.ToUnixTimeSeconds(),
            ["iat"] = claims.IssuedAt.ToUnixTimeSeconds(),
            ["iss"] = TokenClaims.Issuer,
            ["jti"] = claims.Id,
            [Private] = bound,
            ["nbf"] = claims.IssuedAt.ToUnixTimeSeconds(),
            ["sub"] = claims.User,
        };
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null: it is something else.</summary>
    public static TokenClaims? Read(JsonObject? claims)
    {
        if (claims is null || (string?)claims["iss"] != TokenClaims.Issuer || claims[Private] is not JsonObject bound || Subject(bound, "serviceaccount") is not { } account
            || Seconds(claims, "exp") is not { } expires || Seconds(claims, "iat") is not { } issued || claims["aud"] is not JsonArray audiences)
        {
            return null;
        }

        var read = new TokenClaims
        {
            Namespace = (string?)bound["namespace"] ?? "",
            Account = account,
            Pod = Subject(bound, "pod"),
            Secret = Subject(bound, "secret"),
            Node = Subject(bound, "node"),
            Audiences = [.. audiences.Select(static each => (string?)each ?? "")],
            IssuedAt = issued,
            Expires = expires,
            WarnAfter = Seconds(bound, "warnafter"),
            Id = (string?)claims["jti"] ?? "",
        };
        return (string?)claims["sub"] == read.User ? read : null;
    }

    private static DateTimeOffset? Seconds(JsonObject part, string name) => part.Number(name) is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    private static void Put(JsonObject bound, string name, TokenSubject? subject)
    {
        if (subject is null)
            return;
        var part = new JsonObject { ["name"] = subject.Name };
        if (subject.Uid.Length > 0)
            part["uid"] = subject.Uid;
        bound[name] = part;
    }

    private static TokenSubject? Subject(JsonObject bound, string name) =>
        bound[name] is JsonObject part ? new TokenSubject((string?)part["name"] ?? "", (string?)part["uid"] ?? "") : null;
}
