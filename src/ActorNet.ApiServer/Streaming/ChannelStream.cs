namespace ActorNet.ApiServer.Streaming;

/// <summary>A stream that is only written to: each write becomes messages of a channel.</summary>
/// <param name="send">Sends; null swallows everything.</param>
internal sealed class ChannelStream(Func<ReadOnlyMemory<byte>, Task>? send) : AsyncOnlyStream
{
    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("A command's output is only written to.");

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (send is not null && !buffer.IsEmpty)
            await send(buffer).ConfigureAwait(false);
    }
}
