using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Nginx;

/// <summary>A file of the container.</summary>
internal sealed class FileContent(Stream stream, FileStatus status, string type) : INginxContent
{
    /// <inheritdoc/>
    public long Length => status.Length;

    /// <inheritdoc/>
    public DateTimeOffset Modified => status.Modified;

    /// <inheritdoc/>
    public string Type => type;

    /// <inheritdoc/>
    public int Read(long position, Span<byte> buffer)
    {
        stream.Position = position;
        return stream.Read(buffer);
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();
}
