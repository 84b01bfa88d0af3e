namespace ActorNet.Workloads.Files;

/// <summary>Where a path leads to in a tree.</summary>
/// <param name="Parent">Directory of the last name; null for the root, and where more than the last name is missing.</param>
/// <param name="Name">The last name.</param>
/// <param name="Node">What has that name, or null.</param>
/// <param name="Ancestors">The directories passed, from the root.</param>
/// <param name="Names">The names passed, without "." and "..".</param>
/// <param name="IsDirectoryAsked">Whether the path ended in a slash.</param>
internal readonly record struct FilePlace(DirectoryNode? Parent, string Name, FileNode? Node, DirectoryNode[] Ancestors, string[] Names, bool IsDirectoryAsked)
{
    /// <summary>Whether it lies in a part of the tree that is mounted read-only.</summary>
    public bool IsReadOnly => Ancestors is not null && Array.Exists(Ancestors, static a => a.IsReadOnly);

    // PATH_MAX.
    private const int MaxPath = 4096;

    /// <summary>Walks from the root. Without a node the error says why, and a parent says that only the last name is missing.</summary>
    public static FilePlace Walk(DirectoryNode root, string path, out FileError error)
    {
        error = FileError.NotFound;
        if (path.Length == 0 || path[0] != '/')
            return default;
        if (path.Length > MaxPath)
        {
            error = FileError.NameTooLong;
            return default;
        }

        string[] names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var way = new List<(DirectoryNode Directory, string Name)>();
        FileNode node = root;
        for (int i = 0; i < names.Length; i++)
        {
            if (node is not DirectoryNode directory)
            {
                error = FileError.NotDirectory;
                return default;
            }

            if (names[i] == ".")
                continue;
            if (names[i] == "..")
            {
                if (way.Count > 0)
                {
                    node = way[^1].Directory;
                    way.RemoveAt(way.Count - 1);
                }

                continue;
            }

            if (!directory.Entries.TryGetValue(names[i], out FileNode? next))
                return i == names.Length - 1 ? new FilePlace(directory, names[i], null, [.. way.Select(w => w.Directory), directory], [], path[^1] == '/') : default;
            way.Add((directory, names[i]));
            node = next;
        }

        bool asked = path[^1] == '/';
        if (asked && node is not DirectoryNode)
        {
            error = FileError.NotDirectory;
            return default;
        }

        return new FilePlace(
            way.Count > 0 ? way[^1].Directory : null, way.Count > 0 ? way[^1].Name : "/", node, [.. way.Select(w => w.Directory)], [.. way.Select(w => w.Name)], asked);
    }
}
