using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;

namespace ActorNet.Kubernetes.Apply;

/// <summary>Who manages fields (meta/v1 ManagedFieldsEntry without its time and fields).</summary>
/// <param name="Name">The manager.</param>
/// <param name="IsApply">Whether by apply, else by writes of other kinds.</param>
/// <param name="ApiVersion">The version that the fields are of.</param>
/// <param name="Subresource">The subresource that it writes through; empty: the object itself.</param>
internal sealed record Manager(string Name, bool IsApply, string ApiVersion, string Subresource)
{
    /// <summary>One applier manages through all versions (fieldmanager.BuildManagerIdentifier).</summary>
    public bool IsSame(Manager other) =>
        Name == other.Name && IsApply == other.IsApply && Subresource == other.Subresource && (IsApply || ApiVersion == other.ApiVersion);

    /// <summary>As conflicts name it (fieldmanager printManager).</summary>
    public override string ToString()
    {
        string name = $"\"{Name}\"{(Subresource.Length > 0 ? $" with subresource \"{Subresource}\"" : "")}";
        return IsApply ? name : $"{name} using {ApiVersion}";
    }
}

/// <summary>What a manager manages.</summary>
/// <param name="Manager">Who.</param>
/// <param name="Time">When it last changed something, RFC 3339; empty: unknown.</param>
/// <param name="Fields">What.</param>
internal sealed record ManagedEntry(Manager Manager, string Time, FieldSet Fields);

/// <summary>The managers of an object's fields: metadata.managedFields. Immutable.</summary>
/// <param name="Entries">Each manager once.</param>
internal sealed record Managers(IReadOnlyList<ManagedEntry> Entries)
{
    // Upstream keeps so many that update, and puts the oldest of more together (fieldmanager.DefaultMaxUpdateManagers).
    private const int MostUpdaters = 10;

    private const string Ancient = "ancient-changes";

    /// <summary>Of nobody.</summary>
    public static readonly Managers None = new([]);

    /// <summary>From an object.</summary>
    /// <returns>Null when what it has there is none.</returns>
    public static Managers? Of(JsonObject document)
    {
        var entries = new List<ManagedEntry>();
        foreach (JsonObject entry in document.Objects("metadata.managedFields"))
        {
            var manager = new Manager(entry.Text("manager"), entry.Text("operation") == "Apply", entry.Text("apiVersion"), entry.Text("subresource"));
            if (entry.Text("operation") is not ("Apply" or "Update") || entry.Text("fieldsType") != "FieldsV1" || FieldSet.FromFieldsV1(entry["fieldsV1"]) is not { } fields)
                return null;
            entries.Add(new ManagedEntry(manager, entry.Text("time"), fields));
        }

        return new Managers(entries);
    }

    /// <summary>What one manages, or null.</summary>
    public ManagedEntry? Find(Manager manager) => Entries.FirstOrDefault(entry => entry.Manager.IsSame(manager));

    /// <summary>With what one manages replaced; nothing when the set is empty.</summary>
    public Managers With(Manager manager, string time, FieldSet fields)
    {
        IEnumerable<ManagedEntry> others = Entries.Where(entry => !entry.Manager.IsSame(manager));
        return new Managers([.. fields.IsEmpty ? others : others.Append(new ManagedEntry(manager, time, fields))]);
    }

    /// <summary>With places taken from everybody but one.</summary>
    /// <param name="but">Who keeps them.</param>
    /// <param name="lost">What is lost, by manager.</param>
    public Managers Without(Manager? but, Func<ManagedEntry, FieldSet> lost) => new([.. Entries
        .Select(entry => but is not null && entry.Manager.IsSame(but) ? entry : entry with { Fields = entry.Fields.Difference(lost(entry)) })
        .Where(entry => !entry.Fields.IsEmpty)]);

    /// <summary>With as many updaters as an object may have.</summary>
    public Managers Capped()
    {
        ManagedEntry[] updaters = [.. Entries.Where(entry => !entry.Manager.IsApply && entry.Manager.Subresource.Length == 0).OrderBy(entry => entry.Time, StringComparer.Ordinal)];
        if (updaters.Length <= MostUpdaters)
            return this;
        Managers capped = this;
        FieldSet together = new();
        foreach (ManagedEntry old in updaters.Take(updaters.Length - MostUpdaters + 1))
        {
            together = together.Union(old.Fields);
            capped = capped.With(old.Manager, "", new FieldSet());
        }

        return capped.With(updaters[0].Manager with { Name = Ancient }, updaters[updaters.Length - MostUpdaters].Time, together);
    }

    /// <summary>Writes them into an object.</summary>
    public void WriteTo(JsonObject document)
    {
        JsonObject metadata = document.Ensure("metadata");
        if (Entries.Count == 0)
        {
            metadata.Remove("managedFields");
            return;
        }

        // Appliers first, then by time and name (managedfields.go, sortEncodedManagedFields).
        metadata["managedFields"] = new JsonArray([.. Entries
            .OrderBy(entry => entry.Manager.IsApply ? 0 : 1).ThenBy(entry => entry.Time, StringComparer.Ordinal).ThenBy(entry => entry.Manager.Name, StringComparer.Ordinal)
            .ThenBy(entry => entry.Manager.ApiVersion, StringComparer.Ordinal).ThenBy(entry => entry.Manager.Subresource, StringComparer.Ordinal)
            .Select(entry => Encode(entry.Manager, entry.Time, entry.Fields.ToFieldsV1()))]);
    }

    /// <summary>Whether both say the same, their times aside.</summary>
    public bool SameFields(Managers other) => Entries.Count == other.Entries.Count
        && Entries.All(entry => other.Find(entry.Manager) is { } found && found.Manager == entry.Manager && found.Fields.SetEquals(entry.Fields));

    /// <summary>A time as entries have it.</summary>
    public static string TimeOf(DateTimeOffset now) => now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>An entry of an object.</summary>
    /// <param name="manager">Who.</param>
    /// <param name="time">When; empty: unknown.</param>
    /// <param name="fields">What, as FieldsV1.</param>
    public static JsonObject Encode(Manager manager, string time, JsonObject fields)
    {
        var encoded = new JsonObject
        {
            ["manager"] = manager.Name,
            ["operation"] = manager.IsApply ? "Apply" : "Update",
            ["apiVersion"] = manager.ApiVersion,
        };
        if (time.Length > 0)
            encoded["time"] = time;
        encoded["fieldsType"] = "FieldsV1";
        encoded["fieldsV1"] = fields;
        if (manager.Subresource.Length > 0)
            encoded["subresource"] = manager.Subresource;
        return encoded;
    }
}
