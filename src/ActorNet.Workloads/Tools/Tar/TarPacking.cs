using System.Formats.Tar;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools.Tar;

/// <summary>Puts files into an archive.</summary>
/// <param name="run">The run.</param>
/// <param name="writer">The archive.</param>
/// <param name="directory">Where names are looked up.</param>
/// <param name="say">Names each member; null: silently.</param>
internal sealed class TarPacking(ToolRun run, TarWriter writer, string directory, Func<string, ValueTask>? say)
{
    private bool _isWarned;

    /// <summary>Adds a file, or a directory with what is in it.</summary>
    public async ValueTask AddAsync(string word)
    {
        FileTree files = run.Context.Files;
        string path = FileTree.Join(directory, word);
        try
        {
            FileStatus status = files.Stat(path);
            string name = await MemberNameAsync(word).ConfigureAwait(false);
            if (!status.IsDirectory)
            {
                await AddFileAsync(name, path, status).ConfigureAwait(false);
                return;
            }

            if (name.TrimEnd('/').Length > 0)
                await WriteAsync(new GnuTarEntry(TarEntryType.Directory, name.TrimEnd('/') + "/"), status).ConfigureAwait(false);
            foreach (string inner in files.List(path))
                await AddAsync($"{word.TrimEnd('/')}/{inner}").ConfigureAwait(false);
        }
        catch (FileException e)
        {
            await run.WarnAsync($"{word}: {e.Message}").ConfigureAwait(false);
        }
    }

    private async ValueTask AddFileAsync(string name, string path, FileStatus status)
    {
        // What has no length is made while it is read; a file that changes meanwhile would break the archive: it goes in as it is at one moment.
        var content = new MemoryStream();
        if (status.Kind == FileKind.Regular && status.Program is null)
        {
            Stream file = run.Context.Files.OpenRead(path);
            await using (file.ConfigureAwait(false))
                await file.CopyToAsync(content, run.Context.Cancellation).ConfigureAwait(false);
        }

        content.Position = 0;
        TarEntryType type = status.Kind == FileKind.Device ? TarEntryType.CharacterDevice : TarEntryType.RegularFile;
        await WriteAsync(new GnuTarEntry(type, name) { DataStream = type == TarEntryType.RegularFile ? content : null }, status).ConfigureAwait(false);
    }

    private async ValueTask WriteAsync(GnuTarEntry entry, FileStatus status)
    {
        entry.Mode = (UnixFileMode)(status.Mode & 0xFFF);
        entry.ModificationTime = status.Modified;
        entry.UserName = "root";
        entry.GroupName = "root";
        if (say is not null)
            await say(entry.Name + "\n").ConfigureAwait(false);
        await writer.WriteEntryAsync(entry, run.Context.Cancellation).ConfigureAwait(false);
    }

    private async ValueTask<string> MemberNameAsync(string word)
    {
        string name = word.TrimStart('/');
        if (name.Length < word.Length && !_isWarned)
        {
            _isWarned = true;
            await run.Error("tar: removing leading '/' from member names\n").ConfigureAwait(false);
        }

        return name;
    }
}
