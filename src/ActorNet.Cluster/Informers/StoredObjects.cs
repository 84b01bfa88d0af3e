using System.Text.Json;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Cluster.Informers;

/// <summary>Objects in messages: they travel as they are stored, without a resourceVersion, and are looked at once where they arrive.</summary>
internal static class StoredObjects
{
    /// <summary>Reads what a peer sent: null when the bytes are no object of the kind.</summary>
    public static ApiObject? Read(KindDescriptor kind, long revision, byte[] json)
    {
        var read = new ApiObject(kind, json, revision);
        try
        {
            return ObjectCodec.IsStoredForm(kind, json) && read.Name.Length > 0 && read.Namespace.Length > 0 == kind.IsNamespaced ? read : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The key of an object on its topic: "name", or "namespace/name".</summary>
    public static string KeyOf(ApiObject each) => each.Kind.IsNamespaced ? $"{each.Namespace}/{each.Name}" : each.Name;

    /// <summary>The bytes to publish: none when there are too many.</summary>
    public static byte[] Published(ReadOnlyMemory<byte> stored) => stored.Length <= Serialization.WireLimits.LargestPublishedObject ? stored.ToArray() : [];
}
