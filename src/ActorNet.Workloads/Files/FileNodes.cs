namespace ActorNet.Workloads.Files;

/// <summary>A file or directory; all of them belong to one tree and are touched under its lock.</summary>
internal abstract class FileNode(long inode, int mode, DateTimeOffset modified)
{
    public long Inode { get; } = inode;

    public int Mode { get; set; } = mode;

    public DateTimeOffset Modified { get; set; } = modified;

    public abstract FileStatus Status { get; }
}

/// <summary>A directory.</summary>
internal sealed class DirectoryNode(long inode, int mode, DateTimeOffset modified) : FileNode(inode, mode, modified)
{
    // What an empty directory shows on ext4.
    private const int DirectoryLength = 4096;

    public SortedDictionary<string, FileNode> Entries { get; } = new(StringComparer.Ordinal);

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
