using ActorNet.Kubernetes.Storage;
using ActorNet.StoreConformance;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>Three members pass the suite, asked through one that does not lead.</summary>
public sealed class ReplicatedObjectStoreTests : ObjectStoreConformance, IAsyncDisposable
{
    private readonly List<StoreTrio> _trios = [];

    protected override int Histories => 2;

    public async ValueTask DisposeAsync()
    {
        foreach (StoreTrio trio in _trios)
            await trio.DisposeAsync();
    }

    protected override IObjectStore NewStore() => Task.Run(async () =>
    {
        StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        lock (_trios)
            _trios.Add(trio);
        string leader = await trio.LeaderAsync();
        return trio[trio.Running.First(name => name != leader)];
    }).GetAwaiter().GetResult();
}
