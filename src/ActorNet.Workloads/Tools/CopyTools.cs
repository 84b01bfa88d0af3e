using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>cat [-n] [FILE...]</summary>
internal sealed class CatTool : Tool
{
    protected override string Name => "cat";

    protected override string Usage => "cat [-nu] [FILE]...";

    protected override string Options => "nu";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        int number = 0;
        await run.ForEachInputAsync(options.Words, async (_, stream) =>
        {
            if (options.Has('n'))
            {
                var lines = new ByteLines(stream, run.Context.Cancellation);
                while (await lines.ReadAsync().ConfigureAwait(false) is { } line)
                    await run.Out.WriteAsync($"{++number,6}\t{line}{(lines.IsWhole ? "\n" : "")}").ConfigureAwait(false);
                return;
            }

            byte[] buffer = new byte[16_384];
            int read;
            while ((read = await stream.ReadAsync(buffer, run.Context.Cancellation).ConfigureAwait(false)) > 0)
                await run.Context.Output.WriteAsync(buffer.AsMemory(0, read), run.Context.Cancellation).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return 0;
    }
}

/// <summary>tee [-a] [FILE...]</summary>
internal sealed class TeeTool : Tool
{
    protected override string Name => "tee";

    protected override string Usage => "tee [-ai] [FILE]...";

    protected override string Options => "ai";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        var targets = new List<Stream>();
        foreach (string file in options.Words)
        {
            try
            {
                targets.Add(run.Context.OpenWrite(file, options.Has('a') ? FileWriteMode.Append : FileWriteMode.Truncate));
            }
            catch (FileException e)
            {
                await run.WarnAsync($"{file}: {e.Message}").ConfigureAwait(false);
            }
        }

        byte[] buffer = new byte[16_384];
        int read;
        try
        {
            while ((read = await run.Context.Input.ReadAsync(buffer, run.Context.Cancellation).ConfigureAwait(false)) > 0)
            {
                await run.Context.Output.WriteAsync(buffer.AsMemory(0, read), run.Context.Cancellation).ConfigureAwait(false);
                foreach (Stream target in targets)
                    await target.WriteAsync(buffer.AsMemory(0, read), run.Context.Cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            foreach (Stream target in targets)
                await target.DisposeAsync().ConfigureAwait(false);
        }

        return 0;
    }
}

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

/// <summary>tail [-n [+]N] [-c [+]N] [-f] [-q] [FILE...]</summary>
internal sealed class TailTool : Tool
{
    private const int MaxKept = 16 << 20;

    private static readonly TimeSpan FollowInterval = TimeSpan.FromSeconds(1);

    protected override string Name => "tail";

    protected override string Usage => "tail [-c [+]N] [-n [+]N] [-fqv] [FILE]...";

    protected override string Options => "#n:c:fqv";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        string amount = options.Value('c') ?? options.Value('n') ?? "10";
        bool isBytes = options.Has('c');
        bool fromStart = amount.StartsWith('+');
        long count = Math.Abs(Number(amount.TrimStart('+')));
        bool first = true;
        await run.ForEachInputAsync(options.Words, async (file, stream) =>
        {
            if (options.Has('v') || (options.Words.Count > 1 && !options.Has('q')))
                await run.Out.WriteTextAsync($"{(first ? "" : "\n")}==> {file} <==\n").ConfigureAwait(false);
            first = false;
            if (fromStart)
                await CopyFromAsync(run, stream, count, isBytes).ConfigureAwait(false);
            else
                await CopyLastAsync(run, stream, count, isBytes).ConfigureAwait(false);
            if (options.Has('f') && options.Words.Count == 1)
                await FollowAsync(run, stream).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return 0;
    }

    private static async ValueTask CopyFromAsync(ToolRun run, Stream stream, long count, bool isBytes)
    {
        byte[] buffer = new byte[16_384];
        long skip = Math.Max(0, count - 1);
        int read;
        while ((read = await stream.ReadAsync(buffer, run.Context.Cancellation).ConfigureAwait(false)) > 0)
        {
            int at = 0;
            for (; skip > 0 && at < read; at++)
                skip -= isBytes || buffer[at] == '\n' ? 1 : 0;
            await run.Out.WriteAsync(buffer.AsMemory(at, read - at)).ConfigureAwait(false);
        }
    }

    private async ValueTask CopyLastAsync(ToolRun run, Stream stream, long count, bool isBytes)
    {
        var held = new Queue<string>();
        long length = 0;
        var lines = new ByteLines(stream, run.Context.Cancellation);
        while (await lines.ReadAsync().ConfigureAwait(false) is { } line)
        {
            held.Enqueue(lines.IsWhole ? line + "\n" : line);
            length += held.Last().Length;
            while (held.Count > 0 && (isBytes ? length - held.Peek().Length >= count : held.Count > count))
                length -= held.Dequeue().Length;
            if (length > MaxKept)
                throw Fail("out of memory");
        }

        string kept = string.Concat(held);
        await run.Out.WriteAsync(isBytes && kept.Length > count ? kept[^(int)count..] : kept).ConfigureAwait(false);
    }

    private static async ValueTask FollowAsync(ToolRun run, Stream stream)
    {
        byte[] buffer = new byte[16_384];
        while (true)
        {
            await run.Out.FlushAsync().ConfigureAwait(false);
            int read = await stream.ReadAsync(buffer, run.Context.Cancellation).ConfigureAwait(false);
            if (read > 0)
                await run.Out.WriteAsync(buffer.AsMemory(0, read)).ConfigureAwait(false);
            else
                await Task.Delay(FollowInterval, run.Context.Time, run.Context.Cancellation).ConfigureAwait(false);
        }
    }
}
