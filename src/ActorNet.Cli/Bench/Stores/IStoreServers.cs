using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cli.Bench.Stores;

/// <summary>A store of one or more members, each in a process of its own on this machine; disposal ends them.</summary>
internal interface IStoreServers : IAsyncDisposable
{
    /// <summary>The store, asked over loopback at the member that leads.</summary>
    IObjectStore Leader { get; }

    /// <summary>How often the member that leads has told the disk to make its log durable (fsync, fdatasync, msync, a write with O_SYNC).</summary>
    /// <param name="ct">Cancellation.</param>
    Task<long> SyncsAsync(CancellationToken ct);
}
