using System.Reflection;
using System.Text;
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
        var json = new System.Buffers.ArrayBufferWriter<byte>(found.Stored.Length + 40);
        found.WriteTo(json);
        return KubernetesJson.Deserialize<T>(Encoding.UTF8.GetString(json.WrittenSpan));
    }

    /// <summary>A model as a document.</summary>
    /// <typeparam name="T">The model.</typeparam>
    /// <param name="model">The object; kind and apiVersion may be left out.</param>
    public static JsonObject ToDocument<T>(this T model)
        where T : IKubernetesObject<V1ObjectMeta> =>
        JsonNode.Parse(KubernetesJson.Serialize(model))!.AsObject();

    // Read once for each model: the runtime makes the class before its first use.
    private static class Entity<T>
    {
        private static readonly KubernetesEntityAttribute Attribute = typeof(T).GetCustomAttribute<KubernetesEntityAttribute>()
            ?? throw new ArgumentException($"{typeof(T).Name} is no kind of the Kubernetes API");

        public static string Group => Attribute.Group;

        public static string Kind => Attribute.Kind;
    }
}
