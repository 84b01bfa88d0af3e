using System.Diagnostics;
using ActorNet.ApiServer.Health;
using ActorNet.Kubernetes.Kinds;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Telemetry;

/// <summary>What upstream's metrics tell requests apart by (apiserver pkg/endpoints/metrics/metrics.go: MonitorRequest, CanonicalVerb, CleanScope).</summary>
/// <param name="Verb">GET, LIST, WATCH, POST, PUT, PATCH, APPLY, DELETE, DELETECOLLECTION or CONNECT; for what is no resource the method.</param>
/// <param name="Group">API group.</param>
/// <param name="Version">API version.</param>
/// <param name="Resource">The resource, as "pods"; empty for a path that is none.</param>
/// <param name="Subresource">The subresource; of a path that is no resource, the path if it is one of health.</param>
/// <param name="Scope">resource, namespace or cluster.</param>
/// <param name="DryRun">What the query's dryRun says.</param>
public readonly record struct RequestKind(string Verb, string Group, string Version, string Resource, string Subresource, string Scope, string DryRun)
{
    /// <summary>Whether it may go on for as long as its client likes.</summary>
    public bool IsLongRunning => Verb is "WATCH" or "CONNECT";

    /// <summary>Reads it off a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="kinds">The kinds of the API.</param>
    public static RequestKind Of(HttpRequest request, KindCatalog kinds)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(kinds);
        string path = request.Path.Value ?? "";
        if (ResourcePath.Parse(path) is not { } asked || kinds.Find(asked.Group, asked.Version, asked.Plural) is null)
            return new RequestKind(MethodOf(request), "", "", "", HealthEndpoints.IsHealth(request.Path) ? $"/{path.Split('/')[1]}" : "", "", "");
        string scope = asked.Name.Length > 0 || HttpMethods.IsPost(request.Method) ? "resource" : asked.Namespace.Length > 0 ? "namespace" : "cluster";
        return new RequestKind(
            VerbOf(request, asked), asked.Group, asked.Version, asked.Plural, IsKnown(asked.Subresource) ? asked.Subresource : "", scope,
            request.Query["dryRun"] == "All" ? "All" : "");
    }

    /// <summary>As labels.</summary>
    /// <param name="more">What else.</param>
    public TagList Tags(ReadOnlySpan<KeyValuePair<string, object?>> more)
    {
        var tags = new TagList(more)
        {
            { "verb", Verb }, { "dry_run", DryRun }, { "group", Group }, { "version", Version },
            { "resource", Resource }, { "subresource", Subresource }, { "scope", Scope }, { "component", "apiserver" },
        };
        return tags;
    }

    private static string VerbOf(HttpRequest request, ResourcePath asked) => MethodOf(request) switch
    {
        _ when asked.Subresource.Split('/')[0] is "exec" or "attach" or "portforward" or "proxy" => "CONNECT",
        "GET" or "HEAD" when asked.Name.Length == 0 => new RequestQuery(request.Query).IsWatch ? "WATCH" : "LIST",
        "DELETE" when asked.Name.Length == 0 => "DELETECOLLECTION",
        "PATCH" when request.ContentType?.StartsWith("application/apply-patch", StringComparison.Ordinal) == true => "APPLY",
        string method => method,
    };

    // What a client makes up must not become a label.
    private static string MethodOf(HttpRequest request) =>
        request.Method is "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" ? request.Method : "OTHER";

    private static bool IsKnown(string subresource) =>
        subresource is "status" or "scale" or "binding" or "eviction" or "token" or "finalize" or "log" or "exec" or "attach" or "portforward" or "proxy" or "ephemeralcontainers" or "approval" or "resize";
}
