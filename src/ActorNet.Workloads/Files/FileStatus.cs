namespace ActorNet.Workloads.Files;

/// <summary>What a name in a container's files stands for.</summary>
public enum FileKind
{
    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A character device.</summary>
    Device,
}

/// <summary>What stat(2) says.</summary>
/// <param name="Kind">Kind.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Modified">Time of the last change of content.</param>
/// <param name="Inode">Number of the node in its tree.</param>
/// <param name="Program">Name of the built-in program that the file stands for, or null.</param>
public readonly record struct FileStatus(FileKind Kind, int Mode, long Length, DateTimeOffset Modified, long Inode, string? Program)
{
    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory => Kind == FileKind.Directory;

    /// <summary>Whether somebody may execute it.</summary>
    public bool IsExecutable => (Mode & 0x49) != 0;
}

/// <summary>How a file is opened for writing.</summary>
public enum FileWriteMode
{
    /// <summary>From its beginning, emptied first: `&gt;`.</summary>
    Truncate,

    /// <summary>At its end, always: `&gt;&gt;`.</summary>
    Append,

    /// <summary>From its beginning, kept: `&lt;&gt;`.</summary>
    Keep,
}

/// <summary>Bounds of a tree.</summary>
/// <param name="Bytes">All content together, in bytes.</param>
/// <param name="Nodes">Files and directories.</param>
public sealed record FileTreeLimits(long Bytes = 64 << 20, int Nodes = 16_384);
