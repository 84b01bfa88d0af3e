using System.Collections.Immutable;

namespace ActorNet.Kubernetes.Kubelet.Volumes;

/// <summary>A file of a volume.</summary>
/// <param name="Bytes">Content.</param>
/// <param name="Mode">Permission bits.</param>
public sealed record VolumeFile(ImmutableArray<byte> Bytes, int Mode);

/// <summary>What a volume holds.</summary>
/// <param name="Files">Files by their relative path; null for an emptyDir, whose content is the containers' own.</param>
public sealed record VolumeContent(ImmutableSortedDictionary<string, VolumeFile>? Files)
{
    /// <summary>An emptyDir.</summary>
    public static VolumeContent Empty { get; } = new((ImmutableSortedDictionary<string, VolumeFile>?)null);

    /// <summary>Whether the containers may write into it.</summary>
    public bool IsWritable => Files is null;

    /// <summary>Whether two hold the same.</summary>
    /// <param name="other">Another.</param>
    public bool IsSame(VolumeContent other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Files is null || other.Files is null)
            return Files is null && other.Files is null;
        return Files.Count == other.Files.Count && Files.All(f => other.Files.TryGetValue(f.Key, out VolumeFile? same) && same.Mode == f.Value.Mode && same.Bytes.AsSpan().SequenceEqual(f.Value.Bytes.AsSpan()));
    }
}
