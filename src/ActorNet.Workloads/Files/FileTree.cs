using System.Text;

namespace ActorNet.Workloads.Files;

/// <summary>
/// The files of a container: a tree in memory with bounds on its bytes and nodes. Programs that run at the same time share it, so each
/// operation is done under the tree's lock, which none holds for longer than a copy. Errors are <see cref="FileException"/> with errno's text.
/// </summary>
public sealed class FileTree
{
    private const int MaxName = 255;
    private const int DirectoryMode = 0x1ED;
    private const int FileMode = 0x1A4;

    private readonly Gate _gate;
    private readonly TimeProvider _time;
    private readonly FileUsage _usage;
    private readonly DirectoryNode _root;

    /// <summary>Makes an empty tree.</summary>
    /// <param name="time">Stamps of the files.</param>
    /// <param name="limits">Bounds, or null for the default ones.</param>
    /// <param name="beside">A tree that has the same lock, so that the two can be mounted into one another; null for none.</param>
    public FileTree(TimeProvider time, FileTreeLimits? limits = null, FileTree? beside = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _gate = beside?._gate ?? new Gate();
        _usage = new FileUsage(limits ?? new FileTreeLimits());
        _root = new DirectoryNode(NextInode(), DirectoryMode, time.GetUtcNow()) { Usage = _usage };
    }

    /// <summary>Bytes that all files hold now; those of mounted trees count there.</summary>
    public long Bytes => Locked(() => _usage.Bytes);

    /// <summary>Joins a path to the directory that it starts from.</summary>
    /// <param name="directory">Working directory, absolute.</param>
    /// <param name="path">Path; an empty one stays empty, which no file has.</param>
    public static string Join(string directory, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Length == 0 || path[0] == '/' ? path : $"{directory}/{path}";
    }

    /// <summary>Asks what a path stands for.</summary>
    /// <param name="path">Absolute path.</param>
    /// <exception cref="FileException">There is no such file.</exception>
    public FileStatus Stat(string path) => Locked(() => Find(path).Status);

    /// <summary>Asks what a path stands for.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="status">Its status.</param>
    /// <returns>False when there is no such file.</returns>
    public bool TryStat(string path, out FileStatus status)
    {
        FileNode? found = Locked(() => FilePlace.Walk(_root, path, out _).Node);
        status = found?.Status ?? default;
        return found is not null;
    }

    /// <summary>The names in a directory, in byte order.</summary>
    /// <param name="path">Absolute path.</param>
    public IReadOnlyList<string> List(string path) => Locked<IReadOnlyList<string>>(() =>
        Find(path) is DirectoryNode directory ? [.. directory.Entries.Keys] : throw new FileException(FileError.NotDirectory));

    /// <summary>The path without "." and "..", as getcwd(3) would say it.</summary>
    /// <param name="path">Absolute path of a directory.</param>
    public string Canonical(string path) => Locked(() =>
    {
        FilePlace place = FilePlace.Walk(_root, path, out FileError error);
        if (place.Node is null)
            throw new FileException(error);
        return place.Node is DirectoryNode ? "/" + string.Join('/', place.Names) : throw new FileException(FileError.NotDirectory);
    });

    /// <summary>Opens a file to read.</summary>
    /// <param name="path">Absolute path.</param>
    public Stream OpenRead(string path) => Locked<Stream>(() => Find(path) switch
    {
        RegularNode file => Open(file, read: true, FileWriteMode.Keep),
        GeneratedNode generated => new MemoryStream(Encoding.UTF8.GetBytes(generated.Text()), writable: false),
        DeviceNode device => device.Open(),
        ProgramNode => new MemoryStream([], writable: false),
        _ => throw new FileException(FileError.IsDirectory),
    });

    /// <summary>Opens a file to write and makes it when it is not there.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="mode">Where to write.</param>
    public Stream OpenWrite(string path, FileWriteMode mode) => Locked<Stream>(() =>
    {
        FilePlace place = FilePlace.Walk(_root, path, out FileError error);
        switch (place.Node)
        {
            case RegularNode or null when place.IsReadOnly:
                throw new FileException(FileError.ReadOnly);
            case RegularNode file:
                return Open(file, read: mode == FileWriteMode.Keep, mode);
            case DeviceNode device:
                return device.Open();
            case DirectoryNode:
                throw new FileException(FileError.IsDirectory);
            case null:
                if (error != FileError.NotFound || place.Parent is null || place.IsDirectoryAsked)
                    throw new FileException(place.IsDirectoryAsked && place.Parent is not null ? FileError.IsDirectory : error);
                var made = new RegularNode(NextInode(), FileMode, _time.GetUtcNow());
                Put(place, made);
                return Open(made, read: mode == FileWriteMode.Keep, mode);
            default:
                throw new FileException(FileError.PermissionDenied);
        }
    });

    /// <summary>Makes a directory whose parent is there.</summary>
    /// <param name="path">Absolute path.</param>
    public void CreateDirectory(string path) => Locked(() =>
    {
        FilePlace place = FilePlace.Walk(_root, path, out FileError error);
        if (place.Node is not null)
            throw new FileException(FileError.Exists);
        if (place.Parent is null)
            throw new FileException(error);
        if (place.IsReadOnly)
            throw new FileException(FileError.ReadOnly);
        Put(place, new DirectoryNode(NextInode(), DirectoryMode, _time.GetUtcNow()));
        return 0;
    });

    /// <summary>Takes a file's name away.</summary>
    /// <param name="path">Absolute path.</param>
    public void Remove(string path) => Locked(() =>
    {
        FilePlace place = Changeable(path);
        if (place.Node is DirectoryNode)
            throw new FileException(FileError.IsDirectory);
        Unlink(place);
        return 0;
    });

    /// <summary>Removes an empty directory.</summary>
    /// <param name="path">Absolute path.</param>
    public void RemoveDirectory(string path) => Locked(() =>
    {
        FilePlace place = Changeable(path);
        if (place.Node is not DirectoryNode directory)
            throw new FileException(FileError.NotDirectory);
        if (directory.IsMountPoint)
            throw new FileException(FileError.Busy);
        if (directory.Entries.Count > 0)
            throw new FileException(FileError.NotEmpty);
        Unlink(place);
        return 0;
    });

    /// <summary>Gives a file another name, as rename(2): what had that name goes.</summary>
    /// <param name="from">Absolute path.</param>
    /// <param name="to">Absolute path.</param>
    public void Rename(string from, string to) => Locked(() =>
    {
        FilePlace source = Changeable(from);
        FilePlace target = FilePlace.Walk(_root, to, out FileError error);
        if (target.Node == source.Node)
            return 0;
        if (target.Parent is null)
            throw new FileException(target.Node is null ? error : FileError.Busy);
        if (target.IsReadOnly)
            throw new FileException(FileError.ReadOnly);
        if (source.Node is DirectoryNode { IsMountPoint: true } || target.Node is DirectoryNode { IsMountPoint: true })
            throw new FileException(FileError.Busy);
        if (source.Node is DirectoryNode moved && (target.Parent == moved || target.Ancestors.Contains(moved)))
            throw new FileException(FileError.InvalidArgument);
        switch (target.Node)
        {
            case DirectoryNode when source.Node is not DirectoryNode:
                throw new FileException(FileError.IsDirectory);
            case DirectoryNode { Entries.Count: > 0 }:
                throw new FileException(FileError.NotEmpty);
            case not null when source.Node is DirectoryNode && target.Node is not DirectoryNode:
                throw new FileException(FileError.NotDirectory);
            case not null:
                Unlink(target);
                break;
        }

        source.Parent!.Entries.Remove(source.Name);
        target.Parent.Entries[target.Name] = source.Node!;
        return 0;
    });

    /// <summary>Sets a file's time of change.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="modified">Time.</param>
    public void SetModified(string path, DateTimeOffset modified) => Locked(() => Changeable(path).Node!.Modified = modified);

    /// <summary>Sets a file's permission bits.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="mode">Bits.</param>
    public void SetMode(string path, int mode) => Locked(() => Changeable(path).Node!.Mode = mode & 0xFFF);

    /// <summary>Makes a file with a text, and the directories above it.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="text">Text, written as UTF-8.</param>
    public void AddText(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        AddParents(path);
        using Stream stream = OpenWrite(path, FileWriteMode.Truncate);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Makes a read-only file whose text is asked for at each opening, and the directories above it.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="text">Gives the text; called under the tree's lock.</param>
    public void AddGenerated(string path, Func<string> text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Add(path, new GeneratedNode(NextInode(), 0x124, _time.GetUtcNow(), text));
    }

    /// <summary>Makes a built-in program's file, and the directories above it.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="program">The program's name in the table.</param>
    public void AddProgram(string path, string program) => Add(path, new ProgramNode(NextInode(), _time.GetUtcNow(), program));

    /// <summary>Makes a device, and the directories above it.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="open">Makes the stream of one opening.</param>
    public void AddDevice(string path, Func<Stream> open) => Add(path, new DeviceNode(NextInode(), _time.GetUtcNow(), open));

    /// <summary>Makes a directory and those above it, where they are missing.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="mode">Permission bits of the last one.</param>
    public void AddDirectory(string path, int mode = DirectoryMode)
    {
        AddParents(path + "/x");
        SetMode(path, mode);
    }

    /// <summary>
    /// Shows a directory of another tree at a path of this one, as a bind mount does: both change together. What stood at the path is hidden. A file
    /// is shown too; that of a tree whose content is replaced as a whole stays what it was, as with a subPath of a volume.
    /// </summary>
    /// <param name="path">Absolute path; directories above it are made.</param>
    /// <param name="volume">A tree made with this one beside it, or the other way round.</param>
    /// <param name="subPath">What of it is shown; empty for its root. A directory that is missing is made.</param>
    /// <param name="isReadOnly">Whether it can be changed by this way.</param>
    public void Mount(string path, FileTree volume, string? subPath, bool isReadOnly)
    {
        ArgumentNullException.ThrowIfNull(volume);
        ArgumentNullException.ThrowIfNull(path);
        if (volume._gate != _gate)
            throw new ArgumentException("The two trees have locks of their own: make the volume beside this tree.", nameof(volume));
        string inside = "/" + subPath?.Trim('/');
        if (!volume.TryStat(inside, out _))
            volume.AddDirectory(inside);
        AddParents(path.TrimEnd('/'));
        Locked(() =>
        {
            FileNode shown = volume.Find(inside);
            FilePlace place = FilePlace.Walk(_root, path.TrimEnd('/'), out FileError error);
            if (place.Parent is null)
                throw new FileException(place.Node is null ? error : FileError.Busy);
            FileNode mount = shown switch
            {
                DirectoryNode directory => new DirectoryNode(directory.Inode, directory.Mode, directory.Modified, directory) { IsReadOnly = isReadOnly, Usage = directory.Usage },
                RegularNode file when isReadOnly => Copy(file),
                _ => shown,
            };
            if (place.Node is null)
                Put(place, mount);
            else
                place.Parent.Entries[place.Name] = mount;
            return 0;
        });
    }

    /// <summary>Replaces everything in the tree at once: nobody sees some of the old and some of the new.</summary>
    /// <param name="files">Relative path, content and permission bits of each file.</param>
    public void Replace(IEnumerable<(string Path, ReadOnlyMemory<byte> Content, int Mode)> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        Locked(() =>
        {
            Clear(_root);
            foreach ((string path, ReadOnlyMemory<byte> content, int mode) in files)
            {
                AddParents("/" + path);
                FilePlace place = FilePlace.Walk(_root, "/" + path, out FileError error);
                if (place.Parent is null || place.Node is not null)
                    throw new FileException(place.Node is null ? error : FileError.Exists);
                var file = new RegularNode(NextInode(), mode, _time.GetUtcNow());
                Put(place, file);
                Resize(file, content.Length);
                content.Span.CopyTo(file.Content);
            }

            return 0;
        });
    }

    private static void Forget(FileNode node) => node.Usage!.Nodes--;

    private static void Clear(DirectoryNode directory)
    {
        foreach (FileNode node in directory.Entries.Values)
        {
            Forget(node);
            if (node is DirectoryNode { IsMountPoint: false } inner)
            {
                Clear(inner);
            }
            else if (node is RegularNode file)
            {
                file.IsLinked = false;
                Reclaim(file);
            }
        }

        directory.Entries.Clear();
    }

    private RegularNode Copy(RegularNode file)
    {
        var copy = new RegularNode(file.Inode, file.Mode, file.Modified) { Usage = _usage };
        Resize(copy, file.Length);
        file.Content.AsSpan(0, file.Length).CopyTo(copy.Content);
        return copy;
    }

    /// <summary>Copies bytes out of a file; called by its streams.</summary>
    internal int Read(RegularNode file, long position, Span<byte> buffer)
    {
        lock (_gate.Lock)
        {
            int count = (int)Math.Clamp(file.Length - position, 0, buffer.Length);
            if (count > 0)
                file.Content.AsSpan((int)position, count).CopyTo(buffer);
            return count;
        }
    }

    /// <summary>Copies bytes into a file; called by its streams.</summary>
    /// <returns>The position behind them.</returns>
    internal long Write(RegularNode file, long position, bool append, ReadOnlySpan<byte> data)
    {
        lock (_gate.Lock)
        {
            long at = append ? file.Length : position;
            long end = at + data.Length;
            Resize(file, Math.Max(end, file.Length));
            data.CopyTo(file.Content.AsSpan((int)at));
            file.Modified = _time.GetUtcNow();
            return end;
        }
    }

    /// <summary>Called when a stream is closed.</summary>
    internal void Close(RegularNode file)
    {
        lock (_gate.Lock)
        {
            file.Opened--;
            Reclaim(file);
        }
    }

    private TreeStream Open(RegularNode file, bool read, FileWriteMode mode)
    {
        if (mode == FileWriteMode.Truncate && !read)
        {
            Resize(file, 0);
            file.Modified = _time.GetUtcNow();
        }

        file.Opened++;
        return new TreeStream(this, file, read, mode == FileWriteMode.Append);
    }

    private static void Resize(RegularNode file, long length)
    {
        long more = length - file.Length;
        FileUsage usage = file.Usage!;
        if (usage.Bytes + more > usage.Limits.Bytes)
            throw new FileException(FileError.NoSpace);
        if (length == 0)
        {
            file.Content = [];
        }
        else if (length > file.Content.Length)
        {
            byte[] content = file.Content;
            Array.Resize(ref content, (int)Math.Min(usage.Limits.Bytes, Math.Max(length, content.Length * 2L)));
            file.Content = content;
        }

        file.Length = (int)length;
        usage.Bytes += more;
    }

    private static void Reclaim(RegularNode file)
    {
        if (file.IsLinked || file.Opened > 0)
            return;
        Resize(file, 0);
    }

    private static void Unlink(FilePlace place)
    {
        if (place.Parent is null)
            throw new FileException(FileError.Busy);
        place.Parent.Entries.Remove(place.Name);
        place.Node!.Usage!.Nodes--;
        if (place.Node is not RegularNode file)
            return;
        file.IsLinked = false;
        Reclaim(file);
    }

    private void Put(FilePlace place, FileNode node)
    {
        if (place.Name.Length > MaxName)
            throw new FileException(FileError.NameTooLong);
        FileUsage usage = place.Parent!.Usage!;
        if (usage.Nodes >= usage.Limits.Nodes)
            throw new FileException(FileError.NoSpace);
        usage.Nodes++;
        node.Usage ??= usage;
        place.Parent.Entries[place.Name] = node;
        place.Parent.Modified = _time.GetUtcNow();
    }

    private void Add(string path, FileNode node)
    {
        AddParents(path);
        Locked(() =>
        {
            FilePlace place = FilePlace.Walk(_root, path, out FileError error);
            if (place.Parent is null)
                throw new FileException(error);
            if (place.Node is not null)
                Unlink(place);
            Put(place, node);
            return 0;
        });
    }

    private void AddParents(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        for (int slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (!TryStat(path[..slash], out _))
                CreateDirectory(path[..slash]);
        }
    }

    private FileNode Find(string path) => Existing(path).Node!;

    private FilePlace Existing(string path)
    {
        FilePlace place = FilePlace.Walk(_root, path, out FileError error);
        return place.Node is null ? throw new FileException(error) : place;
    }

    private FilePlace Changeable(string path)
    {
        FilePlace place = Existing(path);
        return place.IsReadOnly ? throw new FileException(FileError.ReadOnly) : place;
    }

    private long NextInode() => Interlocked.Increment(ref _gate.LastInode);

    /// <summary>What trees have in common that are mounted into one another.</summary>
    private sealed class Gate
    {
        public readonly Lock Lock = new();

        public long LastInode;
    }

    private T Locked<T>(Func<T> work)
    {
        lock (_gate.Lock)
            return work();
    }
}
