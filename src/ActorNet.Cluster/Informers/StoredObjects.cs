using System.Runtime.InteropServices;
using System.Text.Json;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Cluster.Informers;

/// <summary>Objects in messages: they travel as they are stored, without a resourceVersion, and are looked at once where they arrive.</summary>
internal static class StoredObjects
{
    private static readonly JsonDocumentOptions Whole = new() { AllowDuplicateProperties = false };

    /// <summary>Reads what a peer sent: null when the bytes are no object of the kind.</summary>
    public static ApiObject? Read(KindDescriptor kind, long revision, byte[] json)
    {
        if (!ObjectCodec.IsStoredForm(kind, json))
            return null;
        try
        {
            // Read apart from the object, which would keep the document beside its bytes for as long as it lives.
            using var document = JsonDocument.Parse(json, Whole);
            JsonElement metadata = document.RootElement.GetProperty("metadata"u8);
            bool isNamed = Has(metadata, "name"u8) && Has(metadata, "namespace"u8) == kind.IsNamespaced;
            return isNamed ? new ApiObject(kind, json, revision) : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    private static bool Has(JsonElement metadata, ReadOnlySpan<byte> field) => metadata.TryGetProperty(field, out JsonElement value) && value.GetString() is { Length: > 0 };

    /// <summary>The key of an object on its topic: "name", or "namespace/name".</summary>
    public static string KeyOf(ApiObject each) => each.Kind.IsNamespaced ? $"{each.Namespace}/{each.Name}" : each.Name;

    /// <summary>The bytes to publish: none when there are too many. The store's own where they fill an array, as nobody changes either.</summary>
    public static byte[] Published(ReadOnlyMemory<byte> stored)
    {
        if (stored.Length > Serialization.WireLimits.LargestPublishedObject)
            return [];
        return MemoryMarshal.TryGetArray(stored, out ArraySegment<byte> whole) && whole.Count == whole.Array!.Length ? whole.Array : stored.ToArray();
    }
}
