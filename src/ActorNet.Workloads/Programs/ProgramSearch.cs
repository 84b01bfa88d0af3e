using System.Diagnostics.CodeAnalysis;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Programs;

/// <summary>Finds the file that a command's first word names, as execvp(3) does, and what of the program table runs for it.</summary>
internal static class ProgramSearch
{
    /// <summary>Finds the file of a command, by its path or along a search path.</summary>
    /// <param name="files">The container's files.</param>
    /// <param name="workingDirectory">Where relative paths start.</param>
    /// <param name="searchPath">PATH.</param>
    /// <param name="name">First word of the command.</param>
    public static (string? Path, FileStatus Status) Find(FileTree files, string workingDirectory, string searchPath, string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
            return files.TryStat(FileTree.Join(workingDirectory, name), out FileStatus direct) ? (name, direct) : default;
        if (name.Length == 0)
            return default;
        (string? Path, FileStatus Status) denied = default;
        foreach (string directory in searchPath.Split(':'))
        {
            string path = (directory.Length == 0 ? "." : directory) + "/" + name;
            if (!files.TryStat(FileTree.Join(workingDirectory, path), out FileStatus status) || status.IsDirectory)
                continue;
            if (status.IsExecutable)
                return (path, status);
            denied = (path, status);
        }

        return denied;
    }

    /// <summary>Makes of a command the words that the program table runs: a built-in program's name, or the shell for a script.</summary>
    /// <param name="context">What the program will be given.</param>
    /// <param name="words">The command.</param>
    /// <param name="command">What to run.</param>
    /// <param name="refusal">Why it cannot be run.</param>
    public static bool TryPrepare(ProgramContext context, IReadOnlyList<string> words, out IReadOnlyList<string> command, [NotNullWhen(false)] out FileException? refusal)
    {
        string searchPath = context.Environment.GetValueOrDefault("PATH", ContainerFiles.DefaultPath);
        (string? path, FileStatus status) = Find(context.Files, context.WorkingDirectory, searchPath, words[0]);
        command = [];
        refusal = path is null ? new FileException(FileError.NotFound)
            : status.IsDirectory || !status.IsExecutable ? new FileException(FileError.PermissionDenied) : null;
        if (refusal is not null)
            return false;
        command = status.Program is { } program ? [program, .. words.Skip(1)] : ["sh", path!, .. words.Skip(1)];
        return true;
    }

    /// <summary>The exit code of a command that could not be run (POSIX XCU 2.8.2).</summary>
    /// <param name="refusal">Why.</param>
    public static int RefusalCode(FileException refusal) =>
        refusal.Error == FileError.NotFound ? ProgramTable.NotFoundExitCode : ProgramTable.NotExecutableExitCode;
}
