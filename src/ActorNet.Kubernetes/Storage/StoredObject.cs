namespace ActorNet.Kubernetes.Storage;

/// <summary>A key with its value, as etcd's mvccpb.KeyValue.</summary>
/// <param name="Key">The key, ASCII, such as "/registry/core/pods/default/web".</param>
/// <param name="Value">The value; its bytes never change.</param>
/// <param name="CreateRevision">The revision that created the key, anew after a deletion.</param>
/// <param name="ModRevision">The revision that wrote the value.</param>
/// <param name="Version">How often the key was written since it was created: 1 at first. 0 in the event of a deletion.</param>
public sealed record StoredObject(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision, long Version);
