using ActorNet.Kubernetes.Storage;
using ActorNet.StoreConformance;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>The store on disk passes the suite, one member alone.</summary>
public sealed class RaftObjectStoreTests : ObjectStoreConformance, IAsyncDisposable
{
    private readonly StoreBed _bed = new();

    protected override int Histories => 12;

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    // The suite asks for a store at once; starting one waits for nothing that this thread owes.
    protected override IObjectStore NewStore() => Task.Run(() => _bed.StartAsync(Guid.NewGuid().ToString("N"))).GetAwaiter().GetResult();
}
