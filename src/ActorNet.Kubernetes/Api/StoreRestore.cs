using System.Text;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api;

/// <summary>Makes a store from objects that somebody kept: each with the revision that wrote it, and with its claims.</summary>
public static class StoreRestore
{
    /// <summary>Makes the store.</summary>
    /// <param name="objects">The objects, each once; of two that claim the same the first keeps it.</param>
    /// <param name="revision">The revision it begins at, not below any object's; what lies before counts as compacted.</param>
    public static KeyValueState Load(IEnumerable<ApiObject> objects, long revision)
    {
        ArgumentNullException.ThrowIfNull(objects);
        var stored = new Dictionary<string, StoredObject>(StringComparer.Ordinal);
        foreach (ApiObject each in objects)
        {
            string key = StoreKeys.Of(each.Kind, each.Namespace, each.Name);
            stored[key] = new StoredObject(key, each.Stored, each.Revision, each.Revision, 1);
            foreach (Claim claim in each.Kind.Claims(each.Document))
                stored.TryAdd(StoreKeys.Of(claim), new StoredObject(StoreKeys.Of(claim), Encoding.UTF8.GetBytes(key), each.Revision, each.Revision, 1));
        }

        return new KeyValueState(stored.Values, revision);
    }
}
