namespace ActorNet.Workloads.Files;

/// <summary>A file or directory; all of them belong to one tree and are touched under its lock.</summary>
internal abstract class FileNode(long inode, int mode, DateTimeOffset modified)
{
    public long Inode { get; } = inode;

    public int Mode { get; set; } = mode;

    public DateTimeOffset Modified { get; set; } = modified;

    /// <summary>What its bytes and itself are counted in: that of the directory it was made in.</summary>
    public FileUsage? Usage { get; set; }

    public abstract FileStatus Status { get; }
}

/// <summary>What a tree uses of its bounds.</summary>
internal sealed class FileUsage(FileTreeLimits limits)
{
    public FileTreeLimits Limits => limits;

    public long Bytes { get; set; }

    public int Nodes { get; set; }
}

/// <summary>A directory. Where it is a mount point, its entries are those of the directory that is mounted.</summary>
internal sealed class DirectoryNode(long inode, int mode, DateTimeOffset modified, DirectoryNode? mounted = null) : FileNode(inode, mode, modified)
{
    // What an empty directory shows on ext4.
    private const int DirectoryLength = 4096;

    public SortedDictionary<string, FileNode> Entries { get; } = mounted?.Entries ?? new(StringComparer.Ordinal);

    public bool IsMountPoint => mounted is not null;

    /// <summary>Nothing under it can be changed by this way.</summary>
    public bool IsReadOnly { get; init; }

    public override FileStatus Status => new(FileKind.Directory, Mode, DirectoryLength, Modified, Inode, null);
}

/// <summary>A regular file. Its bytes count against the tree's bound until its name and its last open stream are gone.</summary>
internal sealed class RegularNode(long inode, int mode, DateTimeOffset modified) : FileNode(inode, mode, modified)
{
    public byte[] Content { get; set; } = [];

    public int Length { get; set; }

    public int Opened { get; set; }

    public bool IsLinked { get; set; } = true;

    public override FileStatus Status => new(FileKind.Regular, Mode, Length, Modified, Inode, null);
}

/// <summary>A file whose text is made when it is read and that cannot be written.</summary>
internal sealed class GeneratedNode(long inode, int mode, DateTimeOffset modified, Func<string> text) : FileNode(inode, mode, modified)
{
    public Func<string> Text { get; } = text;

    public override FileStatus Status => new(FileKind.Regular, Mode, 0, Modified, Inode, null);
}

/// <summary>A built-in program's place in the tree.</summary>
internal sealed class ProgramNode(long inode, DateTimeOffset modified, string program) : FileNode(inode, 0x1ED, modified)
{
    public override FileStatus Status => new(FileKind.Regular, Mode, 0, Modified, Inode, program);
}

/// <summary>A character device.</summary>
internal sealed class DeviceNode(long inode, DateTimeOffset modified, Func<Stream> open) : FileNode(inode, 0x1B6, modified)
{
    public Func<Stream> Open { get; } = open;

    public override FileStatus Status => new(FileKind.Device, Mode, 0, Modified, Inode, null);
}
