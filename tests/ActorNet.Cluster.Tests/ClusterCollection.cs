namespace ActorNet.Cluster.Tests;

/// <summary>Real clusters run one after the other: parallel ones would starve each other's heartbeats.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ClusterCollection
{
    public const string Name = "cluster";
}
