using System.Formats.Tar;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools.Tar;

/// <summary>Takes members out of an archive, or lists them.</summary>
/// <param name="run">The run.</param>
/// <param name="options">The options.</param>
/// <param name="directory">Where files go.</param>
/// <param name="say">Names each member; null: silently.</param>
internal sealed class TarUnpacking(ToolRun run, ToolOptions options, string directory, Func<string, ValueTask>? say)
{
    private readonly HashSet<string> _missing = new(options.Words.Select(static word => word.TrimEnd('/')), StringComparer.Ordinal);

    /// <summary>The words that no member was.</summary>
    public IEnumerable<string> NotFound => _missing;

    /// <summary>Takes a member.</summary>
    public async ValueTask TakeAsync(TarEntry entry)
    {
        string name = entry.Name.TrimStart('/');
        if (name.Length == 0 || !IsWanted(name))
            return;
        if (say is not null)
            await say(name + "\n").ConfigureAwait(false);
        if (options.Has('t'))
            return;
        try
        {
            await ExtractAsync(entry, name).ConfigureAwait(false);
        }
        catch (FileException e)
        {
            await run.WarnAsync($"can't open '{name}': {e.Message}").ConfigureAwait(false);
        }
    }

    private bool IsWanted(string name)
    {
        if (options.Words.Count == 0)
            return true;
        string? word = options.Words.Find(w => name.TrimEnd('/') == w.TrimEnd('/') || name.StartsWith(w.TrimEnd('/') + "/", StringComparison.Ordinal));
        if (word is not null)
            _missing.Remove(word.TrimEnd('/'));
        return word is not null;
    }

    private async ValueTask ExtractAsync(TarEntry entry, string name)
    {
        string path = FileTree.Join(directory, name.TrimEnd('/'));
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                MakeDirectories(path + "/");
                Restore(entry, path);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                if (options.Has('O'))
                {
                    await CopyAsync(entry, run.Context.Output).ConfigureAwait(false);
                    break;
                }

                if (options.Has('k') && run.Context.Files.TryStat(path, out _))
                    break;
                MakeDirectories(path);
                Stream file = run.Context.Files.OpenWrite(path, FileWriteMode.Truncate);
                await using (file.ConfigureAwait(false))
                    await CopyAsync(entry, file).ConfigureAwait(false);
                Restore(entry, path);
                break;
            default:
                await run.WarnAsync($"can't create {Describe(entry.EntryType)} '{name}': Operation not permitted").ConfigureAwait(false);
                break;
        }
    }

    private Task CopyAsync(TarEntry entry, Stream to) => entry.DataStream?.CopyToAsync(to, run.Context.Cancellation) ?? Task.CompletedTask;

    private void Restore(TarEntry entry, string path)
    {
        const int umask = 0x12;
        int mode = (int)entry.Mode;
        run.Context.Files.SetMode(path, options.Has('N') ? mode & ~umask : mode);
        if (!options.Has('m'))
            run.Context.Files.SetModified(path, entry.ModificationTime);
    }

    // A file may come before its directory.
    private void MakeDirectories(string path)
    {
        for (int slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (!run.Context.Files.TryStat(path[..slash], out _))
                run.Context.Files.CreateDirectory(path[..slash]);
        }
    }

    private static string Describe(TarEntryType type) => type switch
    {
        TarEntryType.SymbolicLink => "symlink",
        TarEntryType.HardLink => "hardlink",
        _ => "node",
    };
}
