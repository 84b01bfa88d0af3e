using ActorNet.Cluster.Serialization;
using MessagePack;

namespace ActorNet.Cluster.Nodes;

/// <summary>What happened to a Node; the numbers are on the wire.</summary>
public enum NodeEventType
{
    /// <summary>Created.</summary>
    Added = 0,

    /// <summary>Changed.</summary>
    Modified = 1,

    /// <summary>Removed.</summary>
    Deleted = 2,
}

/// <summary>One change of one Node, published on the topic of Nodes: a hint, the revision is the truth.</summary>
/// <param name="Epoch">Which registry speaks; a new one has a higher epoch.</param>
/// <param name="PreviousRevision">Revision of the event before on this topic: shows a gap.</param>
/// <param name="Revision">Of this event.</param>
/// <param name="Type">What happened.</param>
/// <param name="Name">The Node's name.</param>
/// <param name="Json">The v1.Node as JSON; when deleted, as it was.</param>
[MessagePackObject]
public sealed record NodeEvent(
    [property: Key(0)] long Epoch,
    [property: Key(1)] long PreviousRevision,
    [property: Key(2)] long Revision,
    [property: Key(3)] NodeEventType Type,
    [property: Key(4)] string Name,
    [property: Key(5)] byte[] Json) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => Type is < NodeEventType.Added or > NodeEventType.Deleted ? $"type {(int)Type} is unknown" : WireLimits.Text(Name, "name") ?? WireLimits.Json(Json, "json");
}

/// <summary>Asks the registry to create or update a Node.</summary>
/// <param name="RequestId">Unique; a retry carries the same.</param>
/// <param name="Host">The host that runs the node, or empty for a node that somebody else runs (a kernel peer).</param>
/// <param name="KnownEpoch">The highest epoch the asker has seen.</param>
/// <param name="Json">The v1.Node as JSON; spec.podCIDR is kept when given.</param>
[MessagePackObject]
public sealed record RegisterNode(
    [property: Key(0)] string RequestId,
    [property: Key(1)] string Host,
    [property: Key(2)] long KnownEpoch,
    [property: Key(3)] byte[] Json) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? (Host is null || Host.Length > WireLimits.MaximumTextLength ? "host is missing or too long" : null) ?? WireLimits.Json(Json, "json");
}

/// <summary>The Node as the registry holds it now.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The registry's epoch.</param>
/// <param name="Revision">The Node's revision.</param>
/// <param name="Json">The v1.Node with spec.podCIDR and metadata.resourceVersion.</param>
[MessagePackObject]
public sealed record NodeRegistered(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] long Revision,
    [property: Key(3)] byte[] Json) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Json(Json, "json");
}

/// <summary>A request on a Node that cannot be fulfilled; trying again does not help.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Reason">For the user.</param>
[MessagePackObject]
public sealed record NodeRefused(
    [property: Key(0)] string RequestId,
    [property: Key(1)] string Reason) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Text(Reason, "reason");
}

/// <summary>Asks the registry to remove a Node and to free its subnet.</summary>
/// <param name="RequestId">Unique; a retry carries the same.</param>
/// <param name="KnownEpoch">The highest epoch the asker has seen.</param>
/// <param name="Name">The Node's name.</param>
[MessagePackObject]
public sealed record DeleteNode(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long KnownEpoch,
    [property: Key(2)] string Name) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Text(Name, "name");
}

/// <summary>The Node is gone, also when it never was.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The registry's epoch.</param>
/// <param name="Revision">The registry's revision.</param>
[MessagePackObject]
public sealed record NodeDeleted(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] long Revision) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId");
}

/// <summary>Asks for a page of all Nodes, by name.</summary>
/// <param name="RequestId">Unique.</param>
/// <param name="KnownEpoch">The highest epoch the asker has seen.</param>
/// <param name="AtRevision">0 for the newest state; for a further page the revision of the first.</param>
/// <param name="After">The last name of the page before, or empty.</param>
[MessagePackObject]
public sealed record ListNodes(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long KnownEpoch,
    [property: Key(2)] long AtRevision,
    [property: Key(3)] string After) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? (After is null || After.Length > WireLimits.MaximumTextLength ? "after is missing or too long" : null);
}

/// <summary>A page of Nodes.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The registry's epoch.</param>
/// <param name="Revision">The state the page is from.</param>
/// <param name="Items">Nodes as JSON, by name.</param>
/// <param name="Continue">The last name when more follow, else empty.</param>
[MessagePackObject]
public sealed record NodeList(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] long Revision,
    [property: Key(3)] byte[][] Items,
    [property: Key(4)] string Continue) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? (Items is null || Continue is null ? "items or continue is missing" : null) ?? Items!.Select(item => WireLimits.Json(item, "item")).FirstOrDefault(defect => defect is not null);
}

/// <summary>Asks for the events after a revision.</summary>
/// <param name="RequestId">Unique.</param>
/// <param name="Epoch">The epoch the revision is of.</param>
/// <param name="Revision">The last revision the asker has.</param>
[MessagePackObject]
public sealed record WatchFrom(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] long Revision) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId");
}

/// <summary>Events after the revision asked for, gapless.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The registry's epoch.</param>
/// <param name="Events">In order.</param>
/// <param name="More">Whether more follow: ask again from the last.</param>
[MessagePackObject]
public sealed record WatchReplay(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] NodeEvent[] Events,
    [property: Key(3)] bool More) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? (Events is null ? "events is missing" : null) ?? Events!.Select(e => e is null ? "an event is nil" : e.Defect()).FirstOrDefault(defect => defect is not null);
}

/// <summary>The events or the state asked for are compacted (410 Gone): list again.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The registry's epoch.</param>
[MessagePackObject]
public sealed record WatchExpired(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId");
}

/// <summary>A new registry is still collecting what the hosts know: ask again soon.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The new epoch: offer your nodes.</param>
[MessagePackObject]
public sealed record RegistryRecovering(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId");
}

/// <summary>What a host knows, for a registry that begins an epoch.</summary>
/// <param name="RequestId">Unique per page.</param>
/// <param name="Host">The offering host.</param>
/// <param name="Epoch">The registry's epoch.</param>
/// <param name="KnownRevision">The last revision the host has seen.</param>
/// <param name="Own">Nodes this host runs.</param>
/// <param name="Others">Other nodes it knows.</param>
/// <param name="Last">Whether this is the host's last page.</param>
[MessagePackObject]
public sealed record OfferNodes(
    [property: Key(0)] string RequestId,
    [property: Key(1)] string Host,
    [property: Key(2)] long Epoch,
    [property: Key(3)] long KnownRevision,
    [property: Key(4)] byte[][] Own,
    [property: Key(5)] byte[][] Others,
    [property: Key(6)] bool Last) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Text(Host, "host") ?? (Own is null || Others is null ? "own or others is missing" : null) ?? Own!.Concat(Others!).Select(item => WireLimits.Json(item, "item")).FirstOrDefault(defect => defect is not null);
}

/// <summary>Answers a page of offers.</summary>
/// <param name="RequestId">Of the page.</param>
/// <param name="Epoch">The registry's epoch.</param>
/// <param name="InTime">False when the registry had already begun to serve: register own nodes again.</param>
[MessagePackObject]
public sealed record OffersTaken(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] bool InTime) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId");
}

/// <summary>Says every second where the registry is, so that a lost last event is noticed.</summary>
/// <param name="Epoch">The registry's epoch.</param>
/// <param name="Revision">Its revision.</param>
/// <param name="IsRecovering">Whether it still collects offers.</param>
[MessagePackObject]
public sealed record Bookmark(
    [property: Key(0)] long Epoch,
    [property: Key(1)] long Revision,
    [property: Key(2)] bool IsRecovering) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => null;
}
