using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api;

/// <summary>What happens to every object on its way into the store (apiserver pkg/registry/rest, BeforeCreate, BeforeUpdate and BeforeDelete).</summary>
public static class ObjectRules
{
    /// <summary>The finalizer under which an owner waits for its dependents.</summary>
    public const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>The finalizer under which an owner waits until its dependents are left alone.</summary>
    public const string OrphanFinalizer = "orphan";

    // What a client cannot change.
    private static readonly string[] Kept = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"];

    /// <summary>A new object, from what a client sent.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="body">What was sent; it becomes the object.</param>
    /// <param name="space">The namespace of the path; empty: none.</param>
    /// <param name="now">The time.</param>
    /// <param name="uid">The new uid.</param>
    /// <param name="suffix">What goes behind generateName.</param>
    /// <exception cref="ApiException">The object breaks a rule.</exception>
    public static JsonObject ForCreate(KindDescriptor kind, JsonObject body, string space, DateTimeOffset now, Guid uid, string suffix)
    {
        CheckKind(kind, kind.Kind, kind.ApiVersion, body);
        JsonObject metadata = body.Ensure("metadata");
        if (metadata.Text("resourceVersion").Length > 0)
            throw ApiErrors.BadRequest("resourceVersion should not be set on objects to be created");
        SetNamespace(kind, metadata, space);
        if (metadata.Text("name").Length == 0 && metadata.Text("generateName") is { Length: > 0 } prefix)
            metadata["name"] = prefix[..Math.Min(prefix.Length, 58)] + suffix;
        foreach (string field in new[] { "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation" })
            metadata.Remove(field);
        metadata["uid"] = uid.ToString("D", CultureInfo.InvariantCulture);
        metadata["creationTimestamp"] = ScalarReader.Time(now);
        if (kind.TracksGeneration)
            metadata["generation"] = 1L;
        if (kind is { HasStatus: true, KeepsStatusOnCreate: false })
            body["status"] = new JsonObject();
        kind.Default(body);
        kind.PrepareForCreate(body);
        var errors = new FieldErrors();
        MetadataRules.Validate(kind, body, errors);
        kind.Validate(body, errors);
        return errors.IsEmpty ? body : throw ApiErrors.Invalid(kind.Group, kind.Kind, metadata.Text("name"), errors);
    }

    /// <summary>An object as a write leaves it.</summary>
    /// <param name="current">The object before.</param>
    /// <param name="view">The path of the write.</param>
    /// <param name="body">What was written; parts of it become the object.</param>
    /// <exception cref="ApiException">The write breaks a rule, or the object is not the one it was made for.</exception>
    public static JsonObject ForUpdate(ApiObject current, ObjectView view, JsonObject body)
    {
        KindDescriptor kind = current.Kind;
        JsonObject old = current.Document;
        CheckIdentity(current, view, body);
        JsonObject result = view.Change(kind, old, body);
        JsonObject metadata = result.Ensure("metadata");
        foreach (string field in Kept)
            Restore(metadata, old.Ensure("metadata"), field);
        SetNamespace(kind, metadata, current.Namespace);
        metadata.Remove("resourceVersion");
        if (kind.TracksGeneration && AsksForMore(old, result))
            metadata["generation"] = (old.Number("metadata.generation") ?? 0) + 1;
        var errors = new FieldErrors();
        MetadataRules.Validate(kind, result, errors);
        MetadataRules.ValidateUpdate(result, old, errors);
        if (view.IsValidated)
        {
            kind.Validate(result, errors);
            kind.ValidateUpdate(result, old, errors);
        }

        return errors.IsEmpty ? result : throw ApiErrors.Invalid(kind.Group, kind.Kind, current.Name, errors);
    }

    /// <summary>An object on its way out: as it lingers, or null when it goes at once.</summary>
    /// <param name="current">The object.</param>
    /// <param name="options">What the client asks for.</param>
    /// <param name="now">The time.</param>
    /// <returns>The object to keep, or null; the same document as before when the deletion changes nothing.</returns>
    public static JsonObject? ForDelete(ApiObject current, DeleteOptions options, DateTimeOffset now)
    {
        CheckPreconditions(current, options);
        KindDescriptor kind = current.Kind;
        JsonObject result = current.Document.Copy();
        JsonObject metadata = result.Ensure("metadata");
        metadata.Remove("resourceVersion");
        SetPropagation(metadata, options.PropagationPolicy);
        long grace = kind.GracePeriodSeconds(result, options.GracePeriodSeconds);
        bool isKept = metadata.Texts("finalizers").Any() || kind.IsKept(result);
        if (metadata.Text("deletionTimestamp").Length > 0)
        {
            long before = metadata.Number("deletionGracePeriodSeconds") ?? 0;
            bool isAsked = options.GracePeriodSeconds is not null;
            if (grace == 0 && (isAsked || before == 0))
                metadata["deletionGracePeriodSeconds"] = 0L;
            else if (isAsked && grace < before)
                Shorten(metadata, before, grace);
            else
                return result;
            return grace == 0 && !isKept ? null : result;
        }

        if (grace == 0 && !isKept)
            return null;
        metadata["deletionTimestamp"] = ScalarReader.Time(now.AddSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
        if (kind.TracksGeneration)
            metadata["generation"] = (metadata.Number("generation") ?? 0) + 1;
        kind.PrepareForDelete(result);
        return result;
    }

    /// <summary>True when a write took away the last thing that kept an object which is being deleted.</summary>
    public static bool IsFinished(KindDescriptor kind, JsonObject old, JsonObject result)
    {
        bool wasKept = old.Texts("metadata.finalizers").Any() || kind.IsKept(old);
        bool isKept = result.Texts("metadata.finalizers").Any() || kind.IsKept(result);
        return wasKept && !isKept
            && result.Text("metadata.deletionTimestamp").Length > 0
            && (result.Number("metadata.deletionGracePeriodSeconds") ?? 0) == 0;
    }

    /// <summary>Checks that a body is of the kind of its path; kind and apiVersion may be left out.</summary>
    public static void CheckKind(KindDescriptor kind, string expectedKind, string expectedVersion, JsonObject body)
    {
        string found = body.Text("kind"), version = body.Text("apiVersion");
        if ((found.Length > 0 && found != expectedKind) || (version.Length > 0 && version != expectedVersion))
            throw ApiErrors.BadRequest($"{kind.Plural} in version \"{kind.Version}\" cannot be handled as a {(found.Length > 0 ? found : expectedKind)}: the object provided is of {version}, Kind={found}, expected {expectedVersion}, Kind={expectedKind}");
    }

    private static void SetNamespace(KindDescriptor kind, JsonObject metadata, string space)
    {
        string own = metadata.Text("namespace");
        if (!kind.IsNamespaced)
        {
            if (own.Length > 0)
                throw ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
            return;
        }

        if (own.Length > 0 && own != space)
            throw ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        metadata["namespace"] = space;
    }

    private static void CheckIdentity(ApiObject current, ObjectView view, JsonObject body)
    {
        KindDescriptor kind = current.Kind;
        string name = body.Text("metadata.name"), uid = body.Text("metadata.uid"), version = body.Text("metadata.resourceVersion");
        if (name.Length == 0)
            body.Ensure("metadata")["name"] = current.Name;
        else if (name != current.Name)
            throw ApiErrors.BadRequest($"the name of the object ({name}) does not match the name on the URL ({current.Name})");
        string own = current.Document.Text("metadata.uid");
        if (uid.Length > 0 && uid != own)
            throw ApiErrors.Conflict(kind.Resource, current.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {own}");
        if (version is "" or "0")
        {
            if (kind.AllowsUnconditionalUpdate || view.Name.Length > 0)
                return;
            var errors = new FieldErrors();
            errors.Invalid("metadata.resourceVersion", 0, "must be specified for an update");
            throw ApiErrors.Invalid(kind.Group, kind.Kind, current.Name, errors);
        }

        if (version != current.Revision.ToString(CultureInfo.InvariantCulture))
            throw ApiErrors.Modified(kind.Resource, current.Name);
    }

    private static void CheckPreconditions(ApiObject current, DeleteOptions options)
    {
        string uid = current.Document.Text("metadata.uid"), version = current.Revision.ToString(CultureInfo.InvariantCulture);
        if (options.Uid.Length > 0 && options.Uid != uid)
            throw ApiErrors.Conflict(current.Kind.Resource, current.Name, $"Precondition failed: UID in precondition: {options.Uid}, UID in object meta: {uid}");
        if (options.ResourceVersion.Length > 0 && options.ResourceVersion != version)
            throw ApiErrors.Conflict(current.Kind.Resource, current.Name, $"Precondition failed: ResourceVersion in precondition: {options.ResourceVersion}, ResourceVersion in object meta: {version}");
    }

    private static void SetPropagation(JsonObject metadata, string policy)
    {
        List<string> finalizers = [.. metadata.Texts("finalizers")];
        if (policy.Length > 0)
        {
            finalizers.Remove(OrphanFinalizer);
            finalizers.Remove(ForegroundFinalizer);
        }

        if (policy == "Orphan")
            finalizers.Add(OrphanFinalizer);
        else if (policy == "Foreground")
            finalizers.Add(ForegroundFinalizer);
        if (finalizers.Count > 0)
            metadata["finalizers"] = new JsonArray([.. finalizers.Select(each => JsonValue.Create(each))]);
        else
            metadata.Remove("finalizers");
    }

    private static void Shorten(JsonObject metadata, long before, long grace)
    {
        DateTimeOffset end = DateTimeOffset.Parse(metadata.Text("deletionTimestamp"), CultureInfo.InvariantCulture);
        metadata["deletionTimestamp"] = ScalarReader.Time(end.AddSeconds(grace - before));
        metadata["deletionGracePeriodSeconds"] = grace;
    }

    private static void Restore(JsonObject metadata, JsonObject old, string field)
    {
        if (old[field] is { } value)
            metadata[field] = value.DeepClone();
        else
            metadata.Remove(field);
    }

    // Anything but metadata and status asks for something.
    private static bool AsksForMore(JsonObject old, JsonObject result) =>
        old.Select(each => each.Key).Union(result.Select(each => each.Key))
            .Where(name => name is not ("metadata" or "status" or "kind" or "apiVersion"))
            .Any(name => !JsonNode.DeepEquals(old[name], result[name]));
}
