namespace ActorNet.ApiServer.Streaming;

/// <summary>A stream that is read from one stream and written to another.</summary>
/// <param name="input">Read from.</param>
/// <param name="output">Written to.</param>
internal sealed class DuplexStream(Stream input, Stream output) : AsyncOnlyStream
{
    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);
}
