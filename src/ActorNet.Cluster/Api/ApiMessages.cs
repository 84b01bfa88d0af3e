using ActorNet.Cluster.Serialization;
using MessagePack;

namespace ActorNet.Cluster.Api;

/// <summary>What is asked of the API; the numbers are on the wire.</summary>
public enum ApiVerb
{
    /// <summary>GET of one object.</summary>
    Get = 0,

    /// <summary>POST.</summary>
    Create = 1,

    /// <summary>PUT.</summary>
    Update = 2,

    /// <summary>PATCH with a JSON patch.</summary>
    JsonPatch = 3,

    /// <summary>PATCH with a merge patch.</summary>
    MergePatch = 4,

    /// <summary>PATCH with a strategic-merge patch.</summary>
    StrategicPatch = 5,

    /// <summary>DELETE.</summary>
    Delete = 6,

    /// <summary>POST to pods/NAME/binding.</summary>
    Bind = 7,
}

/// <summary>A request of a host's own parts to the API: small things, such as a pod's status. What users ask goes over HTTPS.</summary>
/// <param name="RequestId">Unique; a retry carries the same and is carried out once.</param>
/// <param name="KnownEpoch">The highest epoch the asker has seen.</param>
/// <param name="Verb">What is asked.</param>
/// <param name="Manager">Who asks (fieldManager).</param>
/// <param name="Topic">The kind, as "pods" or "deployments.apps".</param>
/// <param name="Namespace">The namespace; empty for kinds without.</param>
/// <param name="Name">The name; empty for Create.</param>
/// <param name="Subresource">Such as "status", or empty.</param>
/// <param name="Body">The object, the patch, the deletion's options or the node's name as JSON; empty: none.</param>
[MessagePackObject]
public sealed record ApiCall(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long KnownEpoch,
    [property: Key(2)] ApiVerb Verb,
    [property: Key(3)] string Manager,
    [property: Key(4)] string Topic,
    [property: Key(5)] string Namespace,
    [property: Key(6)] string Name,
    [property: Key(7)] string Subresource,
    [property: Key(8)] byte[] Body) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => Verb is < ApiVerb.Get or > ApiVerb.Bind ? $"verb {(int)Verb} is unknown"
        : WireLimits.Text(RequestId, "requestId") ?? WireLimits.Text(Topic, "topic") ?? WireLimits.TextOrNone(Manager, "manager")
        ?? WireLimits.TextOrNone(Namespace, "namespace") ?? WireLimits.TextOrNone(Name, "name") ?? WireLimits.TextOrNone(Subresource, "subresource")
        ?? WireLimits.JsonOrNone(Body, "body");
}

/// <summary>The API's answer.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Epoch">The API server's epoch.</param>
/// <param name="Code">200, or the HTTP code of the failure.</param>
/// <param name="Revision">The object's revision.</param>
/// <param name="IsGone">Of a deletion: whether the object is gone.</param>
/// <param name="Json">The object as it is stored, or the metav1.Status of the failure; empty when the object is larger than <see cref="WireLimits.LargestPublishedObject"/>.</param>
[MessagePackObject]
public sealed record ApiAnswer(
    [property: Key(0)] string RequestId,
    [property: Key(1)] long Epoch,
    [property: Key(2)] int Code,
    [property: Key(3)] long Revision,
    [property: Key(4)] bool IsGone,
    [property: Key(5)] byte[] Json) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.JsonOrNone(Json, "json");
}
