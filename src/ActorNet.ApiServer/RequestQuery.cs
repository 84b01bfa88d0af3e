using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;
using ActorNet.Kubernetes.Tables;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>The query of a request as the API's options (apimachinery pkg/apis/meta/v1 types.go and its conversions from url.Values).</summary>
/// <param name="query">The query.</param>
internal sealed class RequestQuery(IQueryCollection query)
{
    // Upstream's limit of fieldManager.
    private const int MaxManager = 128;

    public bool IsWatch => Flag("watch");

    public IncludeObject Include => Text("includeObject") switch
    {
        "" or "Metadata" => IncludeObject.Metadata,
        "None" => IncludeObject.None,
        "Object" => IncludeObject.Object,
        string other => throw ApiErrors.BadRequest($"unrecognized includeObject value: \"{other}\""),
    };

    public FieldValidation Validation => Text("fieldValidation") switch
    {
        "" or "Warn" => FieldValidation.Warn,
        "Ignore" => FieldValidation.Ignore,
        "Strict" => FieldValidation.Strict,
        string other => throw Unsupported("fieldValidation", other, "", "Ignore", "Strict", "Warn"),
    };

    public ListOptions ToList() => new(ToFilter(), (int)Math.Min(Number("limit") ?? 0, int.MaxValue), Text("continue"), Text("resourceVersion"), Text("resourceVersionMatch"));

    public WatchOptions ToWatch() => new(
        ToFilter(), Text("resourceVersion"), Flag("allowWatchBookmarks"), Flag("sendInitialEvents"), Text("resourceVersionMatch"),
        Number("timeoutSeconds") is long seconds and > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue)) : null);

    /// <summary>Whether an apply takes fields that others manage; null: nothing is said.</summary>
    public bool? Force => query.ContainsKey("force") ? Flag("force") : null;

    /// <summary>The options of a write that is no apply: without a fieldManager the client's name is who writes.</summary>
    public WriteOptions ToWrite(string? userAgent)
    {
        WriteOptions options = ToApply();
        return options.Manager.Length > 0 ? options : options with { Manager = ManagerOf(userAgent ?? "") };
    }

    public WriteOptions ToApply()
    {
        string manager = Text("fieldManager");
        if (manager.Length <= MaxManager)
            return new WriteOptions(IsDryRun(query["dryRun"]), manager);
        var errors = new FieldErrors();
        errors.TooLong("fieldManager", MaxManager);
        throw ApiErrors.Invalid("meta.k8s.io", "CreateOptions", "", errors);
    }

    // Up to the first slash, without what is not printable (handlers/create.go, prefixFromUserAgent and managerOrUserAgent).
    private static string ManagerOf(string userAgent)
    {
        int slash = userAgent.IndexOf('/', StringComparison.Ordinal);
        string name = slash < 0 ? userAgent : userAgent[..slash];
        if (name.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            name = string.Concat(name.EnumerateRunes().Where(rune => !Rune.IsControl(rune)).Select(rune => rune.ToString()));
        return name.Length == 0 ? "unknown" : name.Length > MaxManager ? name[..MaxManager] : name;
    }

    /// <summary>The options of a deletion: those of the body, or else of the query.</summary>
    public DeleteOptions ToDelete(JsonObject? body)
    {
        if (body is null)
            return new DeleteOptions(Number("gracePeriodSeconds"), Propagation(Text("propagationPolicy"), query.ContainsKey("orphanDependents") ? Flag("orphanDependents") : null), DryRun: IsDryRun(query["dryRun"]));
        return new DeleteOptions(
            body.Number("gracePeriodSeconds"),
            Propagation(body.Text("propagationPolicy"), body["orphanDependents"] is null ? null : body.Flag("orphanDependents")),
            body.Text("preconditions.uid"),
            body.Text("preconditions.resourceVersion"),
            IsDryRun(body.Texts("dryRun")) || IsDryRun(query["dryRun"]));
    }

    private ObjectFilter ToFilter() => new(LabelSelector.Parse(Text("labelSelector")), FieldSelector.Parse(Text("fieldSelector")));

    private string Text(string name) => query[name].Count == 0 ? "" : query[name][0] ?? "";

    private bool Flag(string name) => Text(name).ToLowerInvariant() is "true" or "1" or "t";

    private long? Number(string name)
    {
        string text = Text(name);
        if (text.Length == 0)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw ApiErrors.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }

    private static string Propagation(string policy, bool? orphans)
    {
        if (policy is not ("" or "Background" or "Foreground" or "Orphan"))
            throw Unsupported("propagationPolicy", policy, "Background", "Foreground", "Orphan");
        return policy.Length > 0 ? policy : orphans == true ? "Orphan" : "";
    }

    private static bool IsDryRun(IEnumerable<string?> values)
    {
        string[] all = [.. values.OfType<string>().Where(value => value.Length > 0)];
        return all.FirstOrDefault(value => value != "All") is { } other ? throw Unsupported("dryRun", other, "All") : all.Length > 0;
    }

    private static ApiException Unsupported(string field, string value, params string[] supported)
    {
        var errors = new FieldErrors();
        errors.NotSupported(field, value, supported);
        return ApiErrors.Invalid("meta.k8s.io", "Options", "", errors);
    }
}
