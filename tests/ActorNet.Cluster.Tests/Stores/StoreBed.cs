using ActorNet.Cluster.Stores;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>Stores of one member in directories that go with the test.</summary>
internal sealed class StoreBed : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("actornet-store-");
    private readonly List<RaftObjectStore> _started = [];

    public string DirectoryOf(string name) => Path.Combine(_root.FullName, name);

    public async Task<RaftObjectStore> StartAsync(string name, long snapshotAfterBytes = 16 << 20, long snapshotAfterEntries = 16_384)
    {
        RaftObjectStore store = await RaftObjectStore.StartAsync(new RaftStoreOptions
        {
            Directory = DirectoryOf(name),
            Name = "one",
            MayForm = true,
            ElectionTimeout = TimeSpan.FromMilliseconds(50),
            StartLimit = TimeSpan.FromMinutes(1),
            SnapshotAfterBytes = snapshotAfterBytes,
            SnapshotAfterEntries = snapshotAfterEntries,
        });
        lock (_started)
            _started.Add(store);
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RaftObjectStore store in _started)
            await store.DisposeAsync();
        _root.Delete(recursive: true);
    }
}
