using System.Diagnostics;

namespace ActorNet.Cluster.Stores;

/// <summary>Where the store's spans come from: one for each commit, below the request that asks for it.</summary>
public static class StoreSpans
{
    /// <summary>The source's name.</summary>
    public const string Name = "ActorNet.Store";

    internal static readonly ActivitySource Source = new(Name);
}
