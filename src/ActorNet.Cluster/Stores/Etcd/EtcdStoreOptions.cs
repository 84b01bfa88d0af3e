using System.Security.Cryptography.X509Certificates;

namespace ActorNet.Cluster.Stores.Etcd;

/// <summary>Which etcd keeps the objects, and how it is asked.</summary>
public sealed record EtcdStoreOptions
{
    /// <summary>What every key begins with when nothing else is said, so that other users of the same etcd are left alone.</summary>
    public const string DefaultPrefix = "/actornet";

    /// <summary>Its client URL, http or https, as http://127.0.0.1:2379.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>What every key begins with in etcd, as /lab2: a path, whose keys begin with '/' in their turn unless it ends with one.</summary>
    public string Prefix { get; init; } = DefaultPrefix;

    /// <summary>Who signed etcd's certificate; null: whoever the system trusts.</summary>
    public X509Certificate2? Authority { get; init; }

    /// <summary>What this side shows, with its private key; null: nothing.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>What tells how long a request has taken.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How long a request may take; then it is said that the store cannot be reached.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);
}
