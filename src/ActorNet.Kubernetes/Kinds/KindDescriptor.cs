using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Schema;
using ActorNet.Kubernetes.Selectors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds;

/// <summary>What names of a kind look like.</summary>
public enum NameRule
{
    /// <summary>A DNS-1123 subdomain, up to 253 characters.</summary>
    Subdomain,

    /// <summary>A DNS-1123 label, up to 63 characters.</summary>
    Label,

    /// <summary>Anything that is one part of a path.</summary>
    PathSegment,

    /// <summary>A DNS-1035 label, up to 63 characters: begins with a letter.</summary>
    Label1035,
}

/// <summary>
/// Everything that the API knows about one kind. Adding a kind is writing one of these and naming it in <see cref="KindCatalog"/>: storage,
/// discovery, OpenAPI, tables, patches, watches and status come from here and from the type's schema.
/// </summary>
/// <remarks>The hooks are those of upstream's rest strategies (apiserver pkg/registry/rest): pure, and they change the given document only.</remarks>
public abstract class KindDescriptor
{
    /// <summary>Names the kind.</summary>
    /// <param name="group">The API group; empty: core.</param>
    /// <param name="version">Such as "v1".</param>
    /// <param name="kind">Such as "Pod".</param>
    /// <param name="plural">The resource, such as "pods".</param>
    protected KindDescriptor(string group, string version, string kind, string plural)
    {
        (Group, Version, Kind, Plural, ApiVersion) = (group, version, kind, plural, group.Length == 0 ? version : $"{group}/{version}");
        string package = group.Length == 0 ? "core" : group.Split('.')[0];
        Type = ApiTypes.Kubernetes[$"{package}/{version}.{kind}"];
        Nothing = DocumentReader.Read("{}"u8, Type).Document;
    }

    /// <summary>The API group; empty: core.</summary>
    public string Group { get; }

    /// <summary>The version, such as "v1".</summary>
    public string Version { get; }

    /// <summary>The kind, such as "Pod".</summary>
    public string Kind { get; }

    /// <summary>The resource, such as "pods".</summary>
    public string Plural { get; }

    /// <summary>The fields.</summary>
    public TypeSchema Type { get; }

    /// <summary>Where objects lie in the store, see <see cref="Api.StoreKeys.Prefix"/>.</summary>
    internal string KeyPrefix => field ??= KeptAs?.KeyPrefix ?? Api.StoreKeys.PrefixOf(this);

    /// <summary>An object as Go writes it when nobody has said anything. Not to be changed.</summary>
    internal JsonObject Nothing { get; }

    /// <summary>Group and version as objects carry them: "v1", "apps/v1".</summary>
    public string ApiVersion { get; }

    /// <summary>The resource as errors name it.</summary>
    public GroupResource Resource => new(Group, Plural);

    /// <summary>The singular, such as "pod".</summary>
    public string Singular => Kind.ToLowerInvariant();

    /// <summary>Short names for kubectl, such as "po".</summary>
    public virtual IReadOnlyList<string> ShortNames => [];

    /// <summary>Categories for kubectl, such as "all".</summary>
    public virtual IReadOnlyList<string> Categories => [];

    /// <summary>True when objects live in namespaces.</summary>
    public virtual bool IsNamespaced => true;

    /// <summary>True when objects are kept; false for questions that their creation answers.</summary>
    public virtual bool IsStored => true;

    /// <summary>The kind as which objects are kept, when this is another form of it; null: they are kept as they are.</summary>
    public virtual KindDescriptor? KeptAs => null;

    /// <summary>True when the kind has a status that only its subresource changes.</summary>
    public virtual bool HasStatus => false;

    /// <summary>True when whoever creates an object may give its status with it.</summary>
    public virtual bool KeepsStatusOnCreate => false;

    /// <summary>True when metadata.generation counts the changes of what is asked for.</summary>
    public virtual bool TracksGeneration => false;

    /// <summary>True when a PUT on an absent name creates the object.</summary>
    public virtual bool AllowsCreateOnUpdate => false;

    /// <summary>True when a PUT may leave resourceVersion out.</summary>
    public virtual bool AllowsUnconditionalUpdate => true;

    /// <summary>True when DELETE answers with the object where it is gone at once; else with a Status.</summary>
    public virtual bool ReturnsDeletedObject => false;

    /// <summary>What names look like.</summary>
    public virtual NameRule Names => NameRule.Subdomain;

    /// <summary>Further paths, the status aside.</summary>
    public virtual IReadOnlyList<Subresource> Subresources => [];

    /// <summary>The scale subresource's selector as text, or null when the kind has none.</summary>
    public virtual Func<JsonObject, string>? ScaleSelector => null;

    /// <summary>The columns of the table.</summary>
    public virtual IReadOnlyList<Column> Columns =>
        [Column.ObjectName, new Column("Created At", "date", "", 0, (doc, _) => doc.Text("metadata.creationTimestamp"))];

    /// <summary>Fields that a field selector may name besides metadata.name and metadata.namespace; all have text values.</summary>
    public virtual IReadOnlyDictionary<string, Func<JsonObject, string>> SelectableFields => NoFields;

    private static readonly IReadOnlyDictionary<string, Func<JsonObject, string>> NoFields = new Dictionary<string, Func<JsonObject, string>>();

    /// <summary>Fills in what was left open, on every write.</summary>
    public virtual void Default(JsonObject doc)
    {
    }

    /// <summary>What admission adds to a new object, and what a client may not set.</summary>
    public virtual void PrepareForCreate(JsonObject doc)
    {
    }

    /// <summary>What a change through the object itself may not touch.</summary>
    /// <param name="doc">The new object.</param>
    /// <param name="old">The one before.</param>
    public virtual void PrepareForUpdate(JsonObject doc, JsonObject old)
    {
    }

    /// <summary>Checks a new or changed object, metadata aside.</summary>
    public virtual void Validate(JsonObject doc, FieldErrors errors)
    {
    }

    /// <summary>Checks a change: what may not be changed.</summary>
    public virtual void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
    }

    /// <summary>How long an object lingers when it is deleted, in seconds; 0: it goes at once.</summary>
    /// <param name="doc">The object.</param>
    /// <param name="asked">What the client asks for, or null.</param>
    public virtual long GracePeriodSeconds(JsonObject doc, long? asked) => 0;

    /// <summary>What the object itself shows while it is being deleted.</summary>
    public virtual void PrepareForDelete(JsonObject doc)
    {
    }

    /// <summary>True when something besides metadata.finalizers keeps an object that is being deleted.</summary>
    public virtual bool IsKept(JsonObject doc) => false;

    /// <summary>Keys that only one object may hold, such as a cluster IP; they are taken and left in the same transaction as the object.</summary>
    public virtual IEnumerable<Claim> Claims(JsonObject doc) => [];

    /// <summary>Pools whose taken keys <see cref="Allocate"/> wants to see.</summary>
    public virtual IReadOnlyList<string> ClaimPools => [];

    /// <summary>Chooses what the client left to the cluster to choose. The taken keys may be out of date: the transaction decides.</summary>
    /// <param name="doc">The object.</param>
    /// <param name="old">The object before, or null when it is new.</param>
    /// <param name="taken">True for a claim that someone holds.</param>
    /// <param name="seed">Chance: where to begin to look.</param>
    public virtual void Allocate(JsonObject doc, JsonObject? old, Func<Claim, bool> taken, ulong seed)
    {
    }

    /// <summary>An object in the form of <see cref="KeptAs"/>.</summary>
    /// <param name="doc">The object; the result may take parts of it.</param>
    public virtual JsonObject ToKept(JsonObject doc) => doc;

    /// <summary>An object in this form.</summary>
    /// <param name="kept">The object in the form of <see cref="KeptAs"/>; the result may take parts of it.</param>
    public virtual JsonObject FromKept(JsonObject kept) => kept;

    /// <summary>The value of a field for field selectors.</summary>
    /// <returns>The text, or null when the kind does not know the field.</returns>
    public string? FieldValue(JsonObject doc, string field) => field switch
    {
        "metadata.name" => doc.Text("metadata.name"),
        "metadata.namespace" when IsNamespaced => doc.Text("metadata.namespace"),
        _ => SelectableFields.TryGetValue(field, out Func<JsonObject, string>? value) ? value(doc) : null,
    };

    /// <summary>True when a field selector may name the field.</summary>
    public bool IsSelectable(string field) =>
        field == "metadata.name" || (IsNamespaced && field == "metadata.namespace") || SelectableFields.ContainsKey(field);

    /// <summary>What is wrong with a name, or null.</summary>
    public string? NameProblem(string name) => Names switch
    {
        NameRule.Label => ObjectNames.IsLabel(name) ? null : TooLong(name, 63) ?? ObjectNames.LabelRule,
        NameRule.Label1035 => ObjectNames.IsLabel1035(name) ? null : TooLong(name, 63) ?? ObjectNames.Label1035Rule,
        NameRule.PathSegment => PathProblem(name),
        _ => ObjectNames.IsSubdomain(name) ? null : TooLong(name, 253) ?? ObjectNames.SubdomainRule,
    };

    // apimachinery pkg/api/validation/path/name.go, IsValidPathSegmentName.
    private static string? PathProblem(string name) => name is "." or ".." ? $"may not be '{name}'" : name.Contains('/', StringComparison.Ordinal) ? "may not contain '/'" : name.Contains('%', StringComparison.Ordinal) ? "may not contain '%'" : null;

    private static string? TooLong(string name, int limit) => name.Length > limit ? $"must be no more than {limit} characters" : null;
}

/// <summary>A key that only one object may hold.</summary>
/// <param name="Pool">The pool, such as "serviceips".</param>
/// <param name="Key">The key in it, such as "10.96.0.7".</param>
/// <param name="Field">The field it stands in.</param>
/// <param name="Value">The field's value, as messages show it.</param>
/// <param name="Taken">What to say when someone else holds it.</param>
public sealed record Claim(string Pool, string Key, string Field, object Value, string Taken);
