using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Apply;

/// <summary>
/// Who manages which fields after a write, and what an apply makes of an object (apimachinery pkg/util/managedfields and
/// structured-merge-diff merge/update.go). A kind is served in one version here, so nothing is converted between versions.
/// </summary>
internal static class FieldManagement
{
    /// <summary>The annotation in which client-side apply keeps what it applied.</summary>
    public const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>The manager that gets everything of an object that nobody had managed before it was first applied to.</summary>
    private const string BeforeFirstApply = "before-first-apply";

    /// <summary>The managers after a write that is no apply.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="live">The object before; null: there was none.</param>
    /// <param name="next">The object as the writer wants it, with defaults.</param>
    /// <param name="manager">Who writes.</param>
    /// <param name="now">The time.</param>
    public static Managers Update(KindDescriptor kind, JsonObject? live, JsonObject next, Manager manager, DateTimeOffset now)
    {
        Managers? kept = IsReset(next) ? null : Named(next) ?? (live is null ? null : Managers.Of(live));
        // An object that nobody managed before stays so until it is applied to.
        if (live is not null && (kept is null || kept.Entries.Count == 0))
            return Managers.None;
        kept ??= Managers.None;
        Comparison changes = TypedValue.Compare(kind.Type, live ?? kind.Nothing, next);
        if (changes.IsEmpty)
            return kept;
        FieldSet written = changes.Added.Union(changes.Modified);
        Managers rest = kept.Without(null, _ => written.Union(changes.Removed));
        FieldSet own = written.Difference(ServersOwn);
        if (own.IsEmpty)
            return rest;
        FieldSet before = rest.Find(manager)?.Fields ?? new FieldSet();
        return rest.With(manager, Managers.TimeOf(now), before.Union(own)).Capped();
    }

    /// <summary>An object after an apply.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="live">The object before.</param>
    /// <param name="config">What is applied.</param>
    /// <param name="manager">Who applies.</param>
    /// <param name="force">Take fields that others manage.</param>
    /// <param name="now">The time.</param>
    /// <returns>The object without the defaults of new fields, and the managers.</returns>
    /// <exception cref="ApiException">409: others manage fields that the configuration changes.</exception>
    public static (JsonObject Document, Managers Managers) Apply(KindDescriptor kind, JsonObject live, JsonObject config, Manager manager, bool force, DateTimeOffset now)
    {
        TypeSchema type = kind.Type;
        Managers before = Managers.Of(live) ?? Managers.None;
        if (before.Entries.Count == 0)
            before = Update(kind, null, live, new Manager(BeforeFirstApply, false, kind.ApiVersion, ""), now);
        FieldSet set = TypedValue.ToFieldSet(type, config).Difference(ServersOwn);
        ManagedEntry? last = before.Find(manager);
        Managers after = before.With(manager, Managers.TimeOf(now), set);
        JsonObject merged = TypedValue.Merge(type, live, config);
        if (last is not null)
            merged = Pruned(type, merged, last.Fields, after);
        Comparison changes = TypedValue.Compare(type, live, Canonical(kind, merged));
        FieldSet written = changes.Added.Union(changes.Modified);
        ManagedEntry[] losers = [.. after.Entries.Where(entry => !entry.Manager.IsSame(manager) && !entry.Fields.Intersection(written).IsEmpty)];
        if (losers.Length > 0 && !force && !IsUpgrade(kind, live, losers, written, manager))
            throw Conflict(losers, written);
        after = after.Without(manager, entry => written.Union(changes.Removed));
        return (merged, changes.IsEmpty && after.SameFields(before) ? before : after);
    }

    /// <summary>The managers of an object that an apply makes.</summary>
    public static Managers Created(KindDescriptor kind, JsonObject config, Manager manager, DateTimeOffset now) =>
        Managers.None.With(manager, Managers.TimeOf(now), TypedValue.ToFieldSet(kind.Type, config).Difference(ServersOwn));

    // A place that the manager applied before and does not any more goes, unless somebody else manages it too, or it holds what was never applied.
    private static JsonObject Pruned(TypeSchema type, JsonObject merged, FieldSet last, Managers managers)
    {
        FieldSet Named(FieldSet set) => TypedValue.WithNamedFields(type, set);
        FieldSet all = Named(TypedValue.ToFieldSet(type, merged));
        JsonObject pruned = TypedValue.Remove(type, merged, Named(last));
        FieldSet managed = managers.Entries.Aggregate(new FieldSet(), (sum, entry) => sum.Union(entry.Fields));
        FieldSet left = Named(TypedValue.ToFieldSet(type, pruned));
        pruned = TypedValue.Remove(type, merged, all.Difference(left.Union(Named(managed))));
        left = Named(TypedValue.ToFieldSet(type, pruned));
        return TypedValue.Remove(type, merged, all.Difference(left).Intersection(Named(last)));
    }

    // What kubectl applied from the client side is kubectl's already (managedfields/internal/lastappliedmanager.go).
    private static bool IsUpgrade(KindDescriptor kind, JsonObject live, ManagedEntry[] losers, FieldSet written, Manager manager)
    {
        if (manager.Name != "kubectl" || live.Object("metadata.annotations")?[LastApplied] is not JsonValue value || !value.TryGetValue(out string? text))
            return false;
        JsonObject? applied;
        try
        {
            applied = JsonNode.Parse(text, null, new JsonDocumentOptions { MaxDepth = DocumentReader.MaxDepth }) as JsonObject;
        }
        catch (JsonException)
        {
            return false;
        }

        if (applied is null)
            return false;
        // Fields that changed since are not.
        Comparison since = TypedValue.Compare(kind.Type, live, Canonical(kind, TypedValue.Merge(kind.Type, live, applied)));
        FieldSet allowed = TypedValue.ToFieldSet(kind.Type, applied).Difference(since.Modified.Union(since.Added));
        return losers.All(entry => entry.Fields.Intersection(written).Difference(allowed).IsEmpty);
    }

    private static ApiException Conflict(ManagedEntry[] losers, FieldSet written)
    {
        (Manager Manager, string Path)[] conflicts = [.. losers
            .SelectMany(entry => entry.Fields.Intersection(written).Paths().Select(path => (entry.Manager, PathElement.Show(path))))
            .OrderBy(conflict => conflict.Manager.ToString(), StringComparer.Ordinal)];
        StatusCause[] causes = [.. conflicts.Select(conflict => new StatusCause("FieldManagerConflict", $"conflict with {conflict.Manager}", conflict.Path))];
        if (conflicts.Length == 1)
            return ApiErrors.ApplyConflict($"Apply failed with 1 conflict: {causes[0].Message}: {conflicts[0].Path}", causes);
        IEnumerable<string> lines = conflicts.GroupBy(conflict => conflict.Manager)
            .SelectMany(group => group.Select(conflict => $"- {conflict.Path}").Prepend($"conflicts with {group.Key}:"));
        return ApiErrors.ApplyConflict($"Apply failed with {conflicts.Length} conflicts: {string.Join('\n', lines)}", causes);
    }

    private static JsonObject Canonical(KindDescriptor kind, JsonObject document) =>
        DocumentReader.Read(JsonSerializer.SerializeToUtf8Bytes(document), kind.Type).Document;

    // What a client itself says about managers counts, when it says something.
    private static Managers? Named(JsonObject next) => Managers.Of(next) is { Entries.Count: > 0 } named ? named : null;

    // A list of one empty entry takes all managers away (managedfields/internal/managedfields.go, ValidateManagedFields and isResetManagedFields).
    private static bool IsReset(JsonObject next) => next.At("metadata.managedFields") is JsonArray { Count: 1 } list && list[0] is JsonObject { Count: 0 };

    // What the server says of an object is nobody's (managedfields/internal/stripmeta.go). Never changed.
    private static readonly FieldSet ServersOwn = Stripped();

    private static FieldSet Stripped()
    {
        var set = new FieldSet();
        set.Members.UnionWith(["f:apiVersion", "f:kind", "f:metadata"]);
        set.Below("f:metadata").Members.UnionWith(NewFields.ServersOwn.Select(PathElement.Field));
        return set;
    }
}
