namespace ActorNet.Kubernetes.Caches;

/// <summary>A way to find objects in a cache besides their names.</summary>
/// <typeparam name="T">The model.</typeparam>
/// <param name="Name">The name under which it is asked for, such as "spec.nodeName".</param>
/// <param name="Values">The values under which an object is found; none: not at all.</param>
public sealed record CacheIndex<T>(string Name, Func<T, IEnumerable<string>> Values);
