namespace ActorNet.Workloads.Tools;

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
