namespace ActorNet.Workloads.Tools;

/// <summary>head [-n N] [-c N] [-qv] [FILE...] and tail with -n +N too; tail -f waits for what is appended.</summary>
internal sealed class HeadTool : Tool
{
    protected override string Name => "head";

    protected override string Usage => "head [-n N] [-c N] [-qv] [FILE]...";

    protected override string Options => "#n:c:qv";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        bool isBytes = options.Has('c');
        long count = Number(options.Value('c') ?? options.Value('n') ?? "10");
        bool first = true;
        await run.ForEachInputAsync(options.Words, async (file, stream) =>
        {
            if (options.Has('v') || (options.Words.Count > 1 && !options.Has('q')))
                await run.Out.WriteTextAsync($"{(first ? "" : "\n")}==> {(file == "-" ? "standard input" : file)} <==\n").ConfigureAwait(false);
            first = false;
            if (isBytes)
                await CopyBytesAsync(run, stream, count).ConfigureAwait(false);
            else
                await CopyLinesAsync(run, stream, count).ConfigureAwait(false);
        }, "{0}: {1}").ConfigureAwait(false);
        return 0;
    }

    private static async ValueTask CopyBytesAsync(ToolRun run, Stream stream, long count)
    {
        byte[] buffer = new byte[16_384];
        while (count > 0)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(count, buffer.Length)), run.Context.Cancellation).ConfigureAwait(false);
            if (read == 0)
                return;
            await run.Out.WriteAsync(buffer.AsMemory(0, read)).ConfigureAwait(false);
            count -= read;
        }
    }

    // A negative count leaves that many lines out at the end.
    private static async ValueTask CopyLinesAsync(ToolRun run, Stream stream, long count)
    {
        var lines = new ByteLines(stream, run.Context.Cancellation);
        var held = new Queue<string>();
        for (long i = 0; count < 0 || i < count; i++)
        {
            if (await lines.ReadAsync().ConfigureAwait(false) is not { } line)
                return;
            held.Enqueue(lines.IsWhole ? line + "\n" : line);
            if (count >= 0 || held.Count > Math.Min(-count, 1 << 20))
                await run.Out.WriteAsync(held.Dequeue()).ConfigureAwait(false);
        }
    }
}
