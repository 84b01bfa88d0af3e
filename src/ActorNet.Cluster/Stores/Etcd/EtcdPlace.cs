using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Stores.Etcd;

/// <summary>Which etcd people mean: etcd=URL, whose path, if it has one, is what the keys begin with.</summary>
public static class EtcdPlace
{
    /// <summary>What stands before the URL.</summary>
    public const string Marker = "etcd=";

    /// <summary>Whether a store's name means an etcd.</summary>
    /// <param name="store">As of --store.</param>
    public static bool IsEtcd(string store)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.StartsWith(Marker, StringComparison.Ordinal);
    }

    /// <summary>Reads it.</summary>
    /// <param name="store">As etcd=http://127.0.0.1:2379 or etcd=https://etcd.example:2379/lab2.</param>
    /// <exception cref="StoreException">It is no such URL.</exception>
    public static EtcdStoreOptions Read(string store)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (!Uri.TryCreate(store[Marker.Length..], UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https") || url.Query.Length > 0 || url.UserInfo.Length > 0)
            throw new StoreException($"{store}: not the address of an etcd. Give the URL at which clients ask it, as etcd=http://127.0.0.1:2379, with a path when several clusters share it.");
        string path = url.AbsolutePath.TrimEnd('/');
        return new EtcdStoreOptions { Endpoint = new Uri(url.GetLeftPart(UriPartial.Authority)), Prefix = path.Length == 0 ? EtcdStoreOptions.DefaultPrefix : path };
    }
}
