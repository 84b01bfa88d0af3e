namespace ActorNet.Workloads.Nginx;

/// <summary>What a path's answer consists of, open to be read.</summary>
internal interface INginxContent : IDisposable
{
    /// <summary>Length in bytes.</summary>
    long Length { get; }

    /// <summary>Time of the last change.</summary>
    DateTimeOffset Modified { get; }

    /// <summary>Media type.</summary>
    string Type { get; }

    /// <summary>Copies bytes out; 0 at the end, which comes early where somebody cut the file.</summary>
    /// <param name="position">First byte.</param>
    /// <param name="buffer">Where to.</param>
    int Read(long position, Span<byte> buffer);
}
