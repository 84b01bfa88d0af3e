using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>Keys of work queues: NAMESPACE/NAME, or NAME for kinds without namespaces (client-go tools/cache, MetaNamespaceKeyFunc).</summary>
internal static class ObjectKey
{
    /// <summary>The key of an object.</summary>
    public static string Of(IKubernetesObject<V1ObjectMeta> model) => Of(model.Metadata.NamespaceProperty ?? "", model.Metadata.Name);

    /// <summary>The key of a name.</summary>
    public static string Of(string space, string name) => space.Length == 0 ? name : $"{space}/{name}";

    /// <summary>Namespace and name of a key.</summary>
    public static (string Space, string Name) Split(string key)
    {
        int slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? ("", key) : (key[..slash], key[(slash + 1)..]);
    }
}
