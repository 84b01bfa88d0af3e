using System.Formats.Tar;
using System.IO.Compression;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools.Tar;

/// <summary>tar c|x|t [-ZzvhmpokO] [-f TARFILE] [-C DIR] [FILE]...: archives of regular files and directories, in the GNU form.</summary>
internal sealed class TarTool : Tool
{
    private const string Delayed = "error exit delayed from previous errors";

    /// <inheritdoc/>
    protected override string Name => "tar";

    /// <inheritdoc/>
    protected override string Usage => "tar c|x|t [-zhvOmpok] [-f TARFILE] [-C DIR] [FILE]...";

    /// <inheritdoc/>
    protected override string Options => "cxtvzhOmpokNsf:C:";

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if ("cxt".Count(options.Has) != 1)
            throw Misuse();
        string directory = run.Path(options.Value('C') ?? ".");
        if (options.Has('C') && !(run.Context.Files.TryStat(directory, out FileStatus status) && status.IsDirectory))
            throw Fail($"can't change directory to '{options.Value('C')}': {(run.Context.Files.TryStat(directory, out _) ? "Not a directory" : "No such file or directory")}");
        if (options.Has('c'))
            await CreateAsync(run, options, directory).ConfigureAwait(false);
        else
            await ReadAsync(run, options, directory).ConfigureAwait(false);
        return 0;
    }

    private async Task CreateAsync(ToolRun run, ToolOptions options, string directory)
    {
        if (options.Words.Count == 0)
            throw Fail("empty archive");
        string file = options.Value('f') ?? "-";
        Stream output = file == "-" ? run.Context.Output : Open(file, () => run.Context.OpenWrite(file, FileWriteMode.Truncate));
        try
        {
            Stream archive = options.Has('z') ? new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true) : output;
            var writer = new TarWriter(archive, TarEntryFormat.Gnu, leaveOpen: true);
            var packing = new TarPacking(run, writer, directory, options.Has('v') ? file == "-" ? run.Error : Say(run) : null);
            await using (writer.ConfigureAwait(false))
            {
                foreach (string word in options.Words)
                    await packing.AddAsync(word).ConfigureAwait(false);
            }

            if (archive != output)
                await archive.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            if (file != "-")
                await output.DisposeAsync().ConfigureAwait(false);
        }

        if (run.Code > 0)
            await run.WarnAsync(Delayed).ConfigureAwait(false);
    }

    private async Task ReadAsync(ToolRun run, ToolOptions options, string directory)
    {
        string file = options.Value('f') ?? "-";
        Stream input = file == "-" ? run.Context.Input : Open(file, () => run.Context.OpenRead(file));
        try
        {
            Stream archive = options.Has('z') ? new GZipStream(input, CompressionMode.Decompress, leaveOpen: true) : input;
            var reader = new TarReader(archive, leaveOpen: true);
            await using (reader.ConfigureAwait(false))
            {
                var unpacking = new TarUnpacking(run, options, directory, options.Has('v') || options.Has('t') ? options.Has('O') ? run.Error : Say(run) : null);
                while (await reader.GetNextEntryAsync(copyData: false, run.Context.Cancellation).ConfigureAwait(false) is { } entry)
                    await unpacking.TakeAsync(entry).ConfigureAwait(false);
                foreach (string missing in unpacking.NotFound)
                    await run.WarnAsync($"{missing}: not found in archive").ConfigureAwait(false);
            }
        }
        catch (EndOfStreamException)
        {
            throw Fail("short read");
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or ArgumentException)
        {
            throw Fail(options.Has('z') ? "corrupted data" : "invalid tar magic");
        }
        finally
        {
            if (file != "-")
                await input.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static Func<string, ValueTask> Say(ToolRun run) => run.Out.WriteTextAsync;

    private Stream Open(string file, Func<Stream> open)
    {
        try
        {
            return open();
        }
        catch (FileException e)
        {
            throw Fail($"can't open '{file}': {e.Message}");
        }
    }
}
