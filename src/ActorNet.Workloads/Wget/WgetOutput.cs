using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Wget;

/// <summary>Where a document goes: standard output, the file of -O, or one of the URL's name that must not exist unless -c goes on with it.</summary>
internal sealed class WgetOutput(ProgramContext context, WgetOptions options, WgetUrl url)
{
    /// <summary>Whether it is standard output.</summary>
    public bool IsStandardOutput => options.OutputFile == "-";

    /// <summary>Name of the file, as it is told.</summary>
    public string Name { get; } = options.OutputFile ?? (options.Directory is { } directory ? directory.TrimEnd('/') + "/" + url.FileName : url.FileName);

    /// <summary>What the meter calls it: the last part of the name.</summary>
    public string ShortName => Name[(Name.LastIndexOf('/') + 1)..];

    /// <summary>Bytes that are there already, with -c.</summary>
    public long Present => !options.Continue || IsStandardOutput || !context.Files.TryStat(Path, out FileStatus status) || status.IsDirectory ? 0 : status.Length;

    private string Path => FileTree.Join(context.WorkingDirectory, Name);

    /// <summary>Opens it.</summary>
    /// <param name="append">Whether the document's beginning is there.</param>
    /// <exception cref="WgetExit">It cannot be opened.</exception>
    public Stream Open(bool append)
    {
        if (IsStandardOutput)
            return context.Output;
        if (options.OutputFile is null && !append && context.Files.TryStat(Path, out _))
            throw new WgetExit($"can't open '{Name}': File exists");
        try
        {
            return context.OpenWrite(Name, append ? FileWriteMode.Append : FileWriteMode.Truncate);
        }
        catch (FileException e)
        {
            throw new WgetExit($"can't open '{Name}': {e.Message}");
        }
    }
}
