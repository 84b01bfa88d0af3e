using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Programs;

/// <summary>
/// What a container's command runs, and why one cannot be started: a container runtime looks before it starts (runc libcontainer/standard_init_linux.go,
/// exec.LookPath), so that no shell ever says "not found".
/// </summary>
public static class ContainerCommand
{
    /// <summary>Makes of a container's command the words that the program table runs: a built-in program's name, or the shell for a script.</summary>
    /// <param name="files">The container's files.</param>
    /// <param name="workingDirectory">Where it starts; made where it is missing, as runc does (libcontainer/rootfs_linux.go, MkdirAll of cwd).</param>
    /// <param name="searchPath">PATH.</param>
    /// <param name="programs">The built-in programs: an image may have its own at any path.</param>
    /// <param name="words">The command.</param>
    /// <exception cref="ContainerStartException">It cannot be started; the message is runc's.</exception>
    public static IReadOnlyList<string> Resolve(FileTree files, string workingDirectory, string searchPath, IReadOnlyCollection<string> programs, IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(programs);
        ArgumentNullException.ThrowIfNull(words);
        if (!files.TryStat(workingDirectory, out FileStatus found) || !found.IsDirectory)
            MakeDirectory(files, workingDirectory);
        string name = words.Count > 0 ? words[0] : "";
        (string? path, FileStatus status) = ProgramSearch.Find(files, workingDirectory, searchPath, name);
        string[] arguments = [.. words.Skip(1)];
        if (path is null)
            return programs.Contains(name[(name.LastIndexOf('/') + 1)..]) ? [name, .. arguments] : throw NotFound(name);
        if (status.IsDirectory)
            throw Refusal(name, "is a directory");
        if (!status.IsExecutable)
            throw name.Contains('/', StringComparison.Ordinal) ? Refusal(name, "permission denied") : NotFound(name);
        return status.Program is { } program ? [program, .. arguments] : ["sh", path, .. arguments];
    }

    private static void MakeDirectory(FileTree files, string path)
    {
        // os.MkdirAll names the part of the path that is no directory.
        for (int end = path.IndexOf('/', 1); end >= 0; end = end < path.Length ? path.IndexOf('/', end + 1) : -1)
            RefuseFile(files, path[..end]);
        RefuseFile(files, path);
        try
        {
            files.AddDirectory(path);
        }
        catch (FileException e)
        {
            throw NoDirectory(path, char.ToLowerInvariant(e.Message[0]) + e.Message[1..]);
        }
    }

    private static void RefuseFile(FileTree files, string path)
    {
        if (files.TryStat(path, out FileStatus status) && !status.IsDirectory)
            throw NoDirectory(path, "not a directory");
    }

    private static ContainerStartException NoDirectory(string path, string why) => new($"error during container init: mkdir {path}: {why}");

    // os/exec.Error and io/fs.PathError of Go.
    private static ContainerStartException NotFound(string name) =>
        Refusal(name, name.Contains('/', StringComparison.Ordinal) ? $"stat {name}: no such file or directory" : "executable file not found in $PATH");

    private static ContainerStartException Refusal(string name, string why) => new($"exec: \"{name}\": {why}");
}
