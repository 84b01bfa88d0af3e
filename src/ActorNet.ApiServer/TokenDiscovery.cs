using System.Text.Json.Nodes;
using ActorNet.Kubernetes.ServiceAccounts;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>
/// What somebody outside of the cluster needs to verify service accounts' tokens: OpenID Connect Discovery 1.0, as upstream serves it (kubernetes pkg/routes/openidmetadata.go,
/// pkg/serviceaccount/openidmetadata.go). The role system:service-account-issuer-discovery opens it.
/// </summary>
/// <param name="keys">The keys.</param>
internal sealed class TokenDiscovery(TokenKeys keys)
{
    private const string KeysPath = "openid/v1/jwks", ConfigurationPath = ".well-known/openid-configuration";

    /// <summary>Answers, when the path is one of these.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">The path without slashes at its ends.</param>
    /// <returns>Null when it is not.</returns>
    public Task? Handle(HttpContext context, string path) => path switch
    {
        ConfigurationPath or KeysPath when !HttpMethods.IsGet(context.Request.Method) => Answer.TextAsync(context, "405: Method Not Allowed", StatusCodes.Status405MethodNotAllowed),
        ConfigurationPath => AnswerAsync(context, Configuration(context.Request.Host.Value ?? ""), "application/json"),
        KeysPath => KeysAsync(context),
        _ => null,
    };

    private async Task KeysAsync(HttpContext context) =>
        await AnswerAsync(context, await keys.SetAsync(context.RequestAborted).ConfigureAwait(false), "application/jwk-set+json").ConfigureAwait(false);

    private static async Task AnswerAsync(HttpContext context, JsonObject document, string type)
    {
        Answer.Begin(context, StatusCodes.Status200OK, type);
        context.Response.Headers.CacheControl = "public, max-age=3600";
        Answer.Write(context.Response.BodyWriter, document);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }

    private static JsonObject Configuration(string host) => new()
    {
        ["issuer"] = TokenClaims.Issuer,
        // Upstream: the API server's external address. Here that of the host that has the API; every host answers.
        ["jwks_uri"] = $"https://{host}/{KeysPath}",
        ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("ES256"),
    };
}
