using ActorNet.Kubernetes.Storage;
using ActorNet.StoreConformance;

namespace ActorNet.Kubernetes.Tests.Storage;

/// <summary>The store in memory passes the suite.</summary>
public sealed class MemoryObjectStoreTests : ObjectStoreConformance
{
    protected override IObjectStore NewStore() => new MemoryObjectStore();
}
