using ActorNet.Kubernetes.Api.Watches;
using ActorNet.Kubernetes.Selectors;

namespace ActorNet.Kubernetes.Api;

/// <summary>What a reader of lists and watches wants to see.</summary>
/// <param name="Labels">Conditions on labels.</param>
/// <param name="Fields">Conditions on fields.</param>
public sealed record ObjectFilter(LabelSelector Labels, FieldSelector Fields)
{
    /// <summary>Everything.</summary>
    public static ObjectFilter Everything { get; } = new(LabelSelector.Everything, FieldSelector.Everything);

    /// <summary>True when nothing is filtered.</summary>
    public bool IsEverything => Labels.IsEverything && Fields.IsEverything;

    /// <summary>True when the object is wanted.</summary>
    public bool Matches(ApiObject candidate) =>
        Labels.Matches(Labels.IsEverything ? null : candidate.Labels)
        && Fields.Matches(field => candidate.Kind.FieldValue(candidate.Document, field) ?? "");
}

/// <summary>A list's parameters (meta/v1 ListOptions).</summary>
/// <param name="Filter">What is wanted.</param>
/// <param name="Limit">At most so many; 0: all.</param>
/// <param name="Continue">The token of the page before; empty: the first page.</param>
/// <param name="ResourceVersion">Empty: the newest; "0": any; else a revision.</param>
/// <param name="Match">"Exact", "NotOlderThan" or empty.</param>
public sealed record ListOptions(ObjectFilter Filter, int Limit = 0, string Continue = "", string ResourceVersion = "", string Match = "")
{
    /// <summary>Everything, now.</summary>
    public static ListOptions All { get; } = new(ObjectFilter.Everything);
}

/// <summary>A page of objects.</summary>
/// <param name="Items">The objects in the order of their keys.</param>
/// <param name="Revision">The revision of all pages.</param>
/// <param name="Continue">The token for the next page; empty: this was the last.</param>
/// <param name="Remaining">How many follow; null: not known, because of a filter, or none.</param>
public sealed record ObjectList(IReadOnlyList<ApiObject> Items, long Revision, string Continue, long? Remaining);

/// <summary>What a server does with fields that it does not know.</summary>
public enum FieldValidation
{
    /// <summary>They are dropped, and a warning says so: upstream's default.</summary>
    Warn,

    /// <summary>They are dropped.</summary>
    Ignore,

    /// <summary>The request is refused.</summary>
    Strict,
}

/// <summary>The parameters of writes.</summary>
/// <param name="DryRun">Do everything but keep it.</param>
/// <param name="Manager">Who writes (fieldManager).</param>
public sealed record WriteOptions(bool DryRun = false, string Manager = "")
{
    /// <summary>Looks at this write besides the admissions of all; null: nobody does.</summary>
    public IAdmission? Guard { get; init; }

    /// <summary>A plain write.</summary>
    public static WriteOptions Plain { get; } = new();
}

/// <summary>The parameters of a deletion (meta/v1 DeleteOptions).</summary>
/// <param name="GracePeriodSeconds">How long the object may linger; null: as it says itself.</param>
/// <param name="PropagationPolicy">Background, Foreground, Orphan or empty.</param>
/// <param name="Uid">The uid it must have; empty: any.</param>
/// <param name="ResourceVersion">The version it must have; empty: any.</param>
/// <param name="DryRun">Do everything but keep it.</param>
public sealed record DeleteOptions(long? GracePeriodSeconds = null, string PropagationPolicy = "", string Uid = "", string ResourceVersion = "", bool DryRun = false);

/// <summary>What a deletion did.</summary>
/// <param name="Object">The object as it was last.</param>
/// <param name="IsGone">True when it is gone; false when it lingers.</param>
public sealed record DeleteResult(ApiObject Object, bool IsGone);

/// <summary>The parameters of a watch.</summary>
/// <param name="Filter">What is wanted.</param>
/// <param name="ResourceVersion">Empty or "0": everything now, then changes; else changes after it.</param>
/// <param name="Bookmarks">Say now and then how far the watch has come.</param>
/// <param name="InitialEvents">Begin with everything, ended by a bookmark, whatever the version.</param>
/// <param name="Match">resourceVersionMatch; initial events need "NotOlderThan".</param>
/// <param name="Timeout">When the watch ends by itself; null: never.</param>
public sealed record WatchOptions(ObjectFilter Filter, string ResourceVersion = "", bool Bookmarks = false, bool InitialEvents = false, string Match = "", TimeSpan? Timeout = null);

/// <summary>What a watch tells.</summary>
public enum WatchEventType
{
    /// <summary>The object is new to this watch.</summary>
    Added,

    /// <summary>It changed.</summary>
    Modified,

    /// <summary>It is gone, or no longer wanted; its last state, with the revision of the change.</summary>
    Deleted,

    /// <summary>Nothing changed up to this revision that was not told.</summary>
    Bookmark,
}

/// <summary>One event of a watch.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object; null for a bookmark.</param>
/// <param name="Revision">The revision.</param>
/// <param name="EndsInitialEvents">True for the bookmark behind the initial events.</param>
public sealed record WatchEvent(WatchEventType Type, ApiObject? Object, long Revision, bool EndsInitialEvents = false)
{
    /// <summary>What those who tell this object send, made once for all of them; null: it is told to one.</summary>
    public SharedBytes? Bytes { get; init; }
}
