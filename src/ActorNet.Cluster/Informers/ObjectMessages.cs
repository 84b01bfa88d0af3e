using ActorNet.Cluster.Serialization;
using MessagePack;

namespace ActorNet.Cluster.Informers;

/// <summary>What happened to an object; the numbers are on the wire.</summary>
public enum ObjectChangeType
{
    /// <summary>Created.</summary>
    Added = 0,

    /// <summary>Changed.</summary>
    Modified = 1,

    /// <summary>Removed.</summary>
    Deleted = 2,
}

/// <summary>One change of one object, published on the topic of its kind: a hint, the revision is the truth.</summary>
/// <param name="Epoch">Which API server speaks; a new one has a higher epoch.</param>
/// <param name="Topic">The kind, as "pods" or "deployments.apps".</param>
/// <param name="PreviousRevision">Revision of the event before on this topic: shows a gap.</param>
/// <param name="Revision">Of this event.</param>
/// <param name="Type">What happened.</param>
/// <param name="Key">Which object: "name", or "namespace/name".</param>
/// <param name="Json">The object as it is stored; empty when deleted, or when it is larger than <see cref="WireLimits.LargestPublishedObject"/>: then it is fetched.</param>
[MessagePackObject]
public sealed record ObjectEvent(
    [property: Key(0)] long Epoch,
    [property: Key(1)] string Topic,
    [property: Key(2)] long PreviousRevision,
    [property: Key(3)] long Revision,
    [property: Key(4)] ObjectChangeType Type,
    [property: Key(5)] string Key,
    [property: Key(6)] byte[] Json) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => Type is < ObjectChangeType.Added or > ObjectChangeType.Deleted ? $"type {(int)Type} is unknown"
        : PreviousRevision >= Revision ? $"revision {Revision} does not follow {PreviousRevision}"
        : WireLimits.Text(Topic, "topic") ?? WireLimits.Text(Key, "key") ?? WireLimits.JsonOrNone(Json, "json");
}

/// <summary>Asks for the events of a topic after a revision.</summary>
/// <param name="RequestId">Unique.</param>
/// <param name="Topic">The kind.</param>
/// <param name="Epoch">The epoch the revision is of.</param>
/// <param name="Revision">The last revision the asker has.</param>
[MessagePackObject]
public sealed record WatchFrom(
    [property: Key(0)] string RequestId,
    [property: Key(1)] string Topic,
    [property: Key(2)] long Epoch,
    [property: Key(3)] long Revision) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Text(Topic, "topic");
}

/// <summary>Events after the revision asked for, gapless.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The API server's epoch.</param>
/// <param name="Events">In order.</param>
/// <param name="Revision">Every change of the topic up to this revision is in here or was asked for before.</param>
/// <param name="More">Whether more follow: ask again from the last.</param>
[MessagePackObject]
public sealed record WatchReplay(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] ObjectEvent[] Events,
    [property: Key(3)] long Revision,
    [property: Key(4)] bool More) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? (Events is null ? "events is missing" : null) ?? Events!.Select(e => e is null ? "an event is nil" : e.Defect()).FirstOrDefault(defect => defect is not null);
}

/// <summary>The events or the state asked for are compacted (410 Gone): list again.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The API server's epoch.</param>
[MessagePackObject]
public sealed record WatchExpired(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId");
}

/// <summary>Asks for a page of all objects of a kind, by key.</summary>
/// <param name="RequestId">Unique.</param>
/// <param name="Topic">The kind.</param>
/// <param name="KnownEpoch">The highest epoch the asker has seen.</param>
/// <param name="AtRevision">0 for the newest state; for a further page the revision of the first.</param>
/// <param name="After">The last key of the page before, or empty.</param>
[MessagePackObject]
public sealed record ListObjects(
    [property: Key(0)] string RequestId,
    [property: Key(1)] string Topic,
    [property: Key(2)] long KnownEpoch,
    [property: Key(3)] long AtRevision,
    [property: Key(4)] string After) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Text(Topic, "topic") ?? (After is null || After.Length > WireLimits.MaximumTextLength ? "after is missing or too long" : null);
}

/// <summary>An object in a page.</summary>
/// <param name="Key">Which: "name", or "namespace/name".</param>
/// <param name="Revision">The revision that wrote it.</param>
/// <param name="Json">As it is stored; empty when it is larger than <see cref="WireLimits.LargestPublishedObject"/>: then it is fetched.</param>
[MessagePackObject]
public sealed record ObjectItem(
    [property: Key(0)] string Key,
    [property: Key(1)] long Revision,
    [property: Key(2)] byte[] Json)
{
    internal static string? Defect(ObjectItem[]? items) => items is null ? "items is missing"
        : items.Select(item => item is null ? "an item is nil" : WireLimits.Text(item.Key, "key") ?? WireLimits.JsonOrNone(item.Json, "json")).FirstOrDefault(defect => defect is not null);
}

/// <summary>A page of objects.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The API server's epoch.</param>
/// <param name="Revision">The state the page is from.</param>
/// <param name="Items">By key.</param>
/// <param name="Continue">The last key when more follow, else empty.</param>
[MessagePackObject]
public sealed record ObjectPage(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] long Revision,
    [property: Key(3)] ObjectItem[] Items,
    [property: Key(4)] string Continue) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? (Continue is null ? "continue is missing" : null) ?? ObjectItem.Defect(Items);
}

/// <summary>Asks for a piece of an object that is too large to be published.</summary>
/// <param name="RequestId">Unique.</param>
/// <param name="Topic">The kind.</param>
/// <param name="Epoch">The epoch the revision is of.</param>
/// <param name="Key">Which object.</param>
/// <param name="AtRevision">The state it is wanted from.</param>
/// <param name="Offset">Where the piece begins, in bytes.</param>
[MessagePackObject]
public sealed record FetchObject(
    [property: Key(0)] string RequestId,
    [property: Key(1)] string Topic,
    [property: Key(2)] long Epoch,
    [property: Key(3)] string Key,
    [property: Key(4)] long AtRevision,
    [property: Key(5)] int Offset) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Text(Topic, "topic") ?? WireLimits.Text(Key, "key") ?? (Offset < 0 ? "offset is negative" : null);
}

/// <summary>A piece of an object.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The API server's epoch.</param>
/// <param name="Total">The object's length in bytes.</param>
/// <param name="Offset">Where the piece begins.</param>
/// <param name="Bytes">The piece.</param>
[MessagePackObject]
public sealed record ObjectPiece(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] int Total,
    [property: Key(3)] int Offset,
    [property: Key(4)] byte[] Bytes) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Json(Bytes, "bytes")
        ?? (Total is < 0 or > Kubernetes.Storage.StoreTransaction.MaxValueBytes || Offset < 0 || Offset + Bytes.Length > Total ? $"{Bytes.Length} bytes at {Offset} are no piece of {Total}" : null);
}

/// <summary>A new API server is still collecting what the hosts know: ask again soon.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The new epoch: offer what you know.</param>
[MessagePackObject]
public sealed record ApiRecovering(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId");
}

/// <summary>What a host knows of one kind, for an API server that begins an epoch.</summary>
/// <param name="RequestId">Unique per page.</param>
/// <param name="Host">The offering host.</param>
/// <param name="Epoch">The API server's epoch.</param>
/// <param name="Topic">The kind; empty on a page that only says that it is the last.</param>
/// <param name="KnownRevision">How far the host's view of the kind is: of several views the newest is taken. On the last page: the highest revision that the host has heard of.</param>
/// <param name="Items">Objects of the view.</param>
/// <param name="Last">Whether this is the host's last page.</param>
[MessagePackObject]
public sealed record OfferObjects(
    [property: Key(0)] string RequestId,
    [property: Key(1)] string Host,
    [property: Key(2)] long Epoch,
    [property: Key(3)] string Topic,
    [property: Key(4)] long KnownRevision,
    [property: Key(5)] ObjectItem[] Items,
    [property: Key(6)] bool Last) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Text(Host, "host")
        ?? (Topic is null || Topic.Length > WireLimits.MaximumTextLength ? "topic is missing or too long" : null) ?? ObjectItem.Defect(Items);
}

/// <summary>Answers a page of offers.</summary>
/// <param name="RequestId">Of the page.</param>
/// <param name="Epoch">The API server's epoch.</param>
/// <param name="InTime">False when the API server had already begun to serve without it.</param>
[MessagePackObject]
public sealed record OffersTaken(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] bool InTime) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId");
}

/// <summary>Says every second how far each topic is, so that a lost last event is noticed.</summary>
/// <param name="Epoch">The API server's epoch.</param>
/// <param name="Revision">Every event up to this revision was published before.</param>
/// <param name="IsRecovering">Whether it still collects offers.</param>
/// <param name="Topics">The kinds.</param>
/// <param name="Heads">The revision of each topic's newest event.</param>
/// <param name="Front">Where the API server's host answers over HTTPS, as https://127.0.10.1:6443; empty: not told.</param>
[MessagePackObject]
public sealed record Bookmark(
    [property: Key(0)] long Epoch,
    [property: Key(1)] long Revision,
    [property: Key(2)] bool IsRecovering,
    [property: Key(3)] string[] Topics,
    [property: Key(4)] long[] Heads,
    [property: Key(5)] string Front) : IWireMessage
{
    /// <summary>How many topics it may name.</summary>
    public const int MaximumTopics = 256;

    /// <inheritdoc/>
    public string? Defect() => Topics is null || Heads is null || Topics.Length != Heads.Length || Topics.Length > MaximumTopics ? "topics and heads do not match"
        : WireLimits.TextOrNone(Front, "front") ?? Topics.Select(topic => WireLimits.Text(topic, "topic")).FirstOrDefault(defect => defect is not null);
}
