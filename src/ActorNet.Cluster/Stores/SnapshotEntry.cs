using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace ActorNet.Cluster.Stores;

/// <summary>A snapshot as the log sends it to a host that is too far behind: the bytes of its file.</summary>
/// <param name="file">The file.</param>
internal sealed class SnapshotEntry(SnapshotFile file) : ISnapshot
{
    /// <inheritdoc/>
    public long Index => file.Index;

    /// <inheritdoc/>
    public long Term => file.Term;

    /// <inheritdoc/>
    public long? Length { get; } = new FileInfo(file.Path).Length;

    /// <inheritdoc/>
    public bool IsReusable => true;

    /// <inheritdoc/>
    public async ValueTask WriteToAsync<TWriter>(TWriter writer, CancellationToken token)
        where TWriter : IAsyncBinaryWriter
    {
        await using FileStream input = file.Open();
        await writer.CopyFromAsync(input, count: null, token).ConfigureAwait(false);
    }
}
