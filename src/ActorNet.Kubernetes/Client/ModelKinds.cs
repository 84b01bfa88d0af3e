using System.Buffers;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Client;

/// <summary>From the models of KubernetesClient to the kinds and documents of the API and back.</summary>
public static class ModelKinds
{
    /// <summary>The kind of a model.</summary>
    /// <typeparam name="T">The model, such as V1Pod.</typeparam>
    /// <exception cref="KeyNotFoundException">The API does not serve it.</exception>
    public static KindDescriptor Of<T>(this KindCatalog kinds)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(kinds);
        return kinds.Of(Entity<T>.Group, Entity<T>.Kind);
    }

    /// <summary>An object as a model, with its resourceVersion. Each call makes a new one.</summary>
    public static T ToModel<T>(this ApiObject found)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(found);
        return Read<T>(found, found.Stored.Span);
    }

    /// <summary>
    /// An object as a model for caches, with its resourceVersion and without managedFields, which nobody decides by: kube-controller-manager's informers
    /// leave them out too (kubernetes cmd/kube-controller-manager/app/controllermanager.go, CreateControllerContext, trim). A model that is written back
    /// without them changes none. Each call makes a new one.
    /// </summary>
    public static T ToCachedModel<T>(this ApiObject found)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(found);
        var trimmed = new ArrayBufferWriter<byte>(found.Stored.Length);
        ObjectCodec.WriteWithoutManagers(found.Stored.Span, trimmed);
        return Read<T>(found, trimmed.WrittenSpan);
    }

    /// <summary>A model as a document.</summary>
    /// <typeparam name="T">The model.</typeparam>
    /// <param name="model">The object; kind and apiVersion may be left out.</param>
    public static JsonObject ToDocument<T>(this T model)
        where T : IKubernetesObject<V1ObjectMeta> =>
        JsonNode.Parse(KubernetesJson.Serialize(model))!.AsObject();

    private static T Read<T>(ApiObject found, ReadOnlySpan<byte> stored)
    {
        var json = new ArrayBufferWriter<byte>(stored.Length + 40);
        ObjectCodec.Write(found.Kind, stored, found.Revision, json);
        MemoryMarshal.TryGetArray(json.WrittenMemory, out ArraySegment<byte> bytes);
        using var stream = new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false);
        return KubernetesJson.Deserialize<T>(stream);
    }

    // Read once for each model: the runtime makes the class before its first use.
    private static class Entity<T>
    {
        private static readonly KubernetesEntityAttribute Attribute = typeof(T).GetCustomAttribute<KubernetesEntityAttribute>()
            ?? throw new ArgumentException($"{typeof(T).Name} is no kind of the Kubernetes API");

        public static string Group => Attribute.Group;

        public static string Kind => Attribute.Kind;
    }
}
