namespace ActorNet.Kubernetes.Caches;

/// <summary>Which object of a kind.</summary>
/// <param name="Space">Its namespace; empty for kinds without.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct CachedKey(string Space, string Name)
{
    /// <summary>As "namespace/name", or "name".</summary>
    public override string ToString() => Space.Length == 0 ? Name : $"{Space}/{Name}";
}
