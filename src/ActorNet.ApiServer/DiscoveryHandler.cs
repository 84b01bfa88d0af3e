using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.ApiServer.Health;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>What the API says of itself: versions, groups, kinds, OpenAPI, health.</summary>
/// <param name="catalog">The kinds.</param>
/// <param name="version">What /version says.</param>
internal sealed class DiscoveryHandler(KindCatalog catalog, ServerVersion version)
{
    private const string OpenApiRoot = "openapi/v3";

    // What a host itself has to say is said by its front.
    private readonly HealthEndpoints _health = new(HealthCheck.Ping);

    // Documents of a few hundred kilobytes, made once: path below /openapi/v3/ to bytes and their hash.
    private readonly ConcurrentDictionary<string, (byte[] Bytes, string Hash)?> _openApi = new(StringComparer.Ordinal);

    /// <summary>Answers, when the path is one of these.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">The path without slashes at its ends.</param>
    /// <returns>Null when it is not.</returns>
    public Task? Handle(HttpContext context, string path)
    {
        string[] parts = path.Split('/');
        return parts switch
        {
            ["version"] => Answer.DocumentAsync(context, version.ToDocument()),
            ["healthz" or "livez" or "readyz", ..] => _health.AnswerAsync(context),
            ["api"] => Root(context, true),
            ["apis"] => Root(context, false),
            ["api", string coreVersion] => DocumentOr404(context, PlainDiscovery.Resources(catalog, "", coreVersion)),
            ["apis", string group] => DocumentOr404(context, PlainDiscovery.Group(catalog, group)),
            ["apis", string group, string groupVersion] => DocumentOr404(context, PlainDiscovery.Resources(catalog, group, groupVersion)),
            ["openapi", "v3"] => Answer.DocumentAsync(context, OpenApiIndex()),
            ["openapi", "v3", ..] => OpenApi(context, path[(OpenApiRoot.Length + 1)..]),
            _ => null,
        };
    }

    private Task Root(HttpContext context, bool isCore)
    {
        string wanted = Negotiation.DiscoveryVersion(context.Request.Headers.Accept);
        if (wanted.Length > 0)
        {
            return Answer.DocumentAsync(context, AggregatedDiscovery.Document(catalog, isCore, wanted),
                contentType: $"application/json;g=apidiscovery.k8s.io;v={wanted};as=APIGroupDiscoveryList");
        }

        return Answer.DocumentAsync(context, isCore ? PlainDiscovery.Versions(context.Request.Host.Value ?? "") : PlainDiscovery.Groups(catalog));
    }

    private JsonObject OpenApiIndex()
    {
        var paths = new JsonObject();
        foreach ((string group, string groupVersion) in catalog.All.Select(kind => (kind.Group, kind.Version)).Distinct())
        {
            string path = OpenApiDocument.PathOf(group, groupVersion);
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"/{OpenApiRoot}/{path}?hash={Document(path)!.Value.Hash}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    private async Task OpenApi(HttpContext context, string path)
    {
        if (Document(path) is not { } document)
            throw ApiErrors.NoSuchResource();
        Answer.Begin(context, StatusCodes.Status200OK, "application/json");
        context.Response.Headers.ETag = $"\"{document.Hash}\"";
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        await context.Response.BodyWriter.WriteAsync(document.Bytes, context.RequestAborted).ConfigureAwait(false);
    }

    private (byte[] Bytes, string Hash)? Document(string path)
    {
        // Only what is served is kept: a client cannot fill the table.
        (string group, string groupVersion) = path.Split('/') switch
        {
            ["api", string core] => ("", core),
            ["apis", string named, string other] => (named, other),
            _ => ("", ""),
        };
        if (!catalog.All.Any(kind => kind.Group == group && kind.Version == groupVersion))
            return null;
        return _openApi.GetOrAdd(path, _ =>
        {
            byte[] bytes = Encoding.UTF8.GetBytes(OpenApiDocument.Of(catalog, group, groupVersion, version)!.ToJsonString());
            return (bytes, Convert.ToHexString(SHA256.HashData(bytes)));
        });
    }

    private static Task DocumentOr404(HttpContext context, JsonObject? document) =>
        document is null ? Answer.TextAsync(context, "404 page not found\n", StatusCodes.Status404NotFound) : Answer.DocumentAsync(context, document);
}
