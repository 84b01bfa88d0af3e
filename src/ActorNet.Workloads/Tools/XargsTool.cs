using System.Text;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>xargs [-0rt] [-n N] [-s N] [-I STR] [-E STR] [PROGRAM ARGUMENT...]: runs the program on what standard input lists.</summary>
internal sealed class XargsTool(ProgramTable programs) : Tool
{
    // What busybox's xargs takes for one command, in bytes.
    private const int MaxCommand = 32 << 10;
    private const int FailedChild = 123;
    private const int AbortingChild = 124;

    protected override string Name => "xargs";

    protected override string Usage => "xargs [-0rt] [-n N] [-s N] [-I STR] [-E STR] [PROG ARGS]";

    protected override string Options => "+0rtn:s:I:E:P:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        List<string> command = options.Words.Count > 0 ? options.Words : ["echo"];
        long most = options.Value('n') is { } n ? Math.Max(1, Number(n)) : long.MaxValue;
        long bytes = options.Value('s') is { } s ? Number(s) : MaxCommand;
        string? placeholder = options.Value('I');
        var items = new XargsItems(run.Context.Input, options.Has('0'), placeholder is not null, options.Value('E'), run.Context.Cancellation);
        var batch = new List<string>();
        int fixedLength = command.Sum(static w => Encoding.UTF8.GetByteCount(w) + 1);
        long length = fixedLength;
        bool hasRun = false;
        bool failed = false;
        while (await NextAsync(items).ConfigureAwait(false) is { } item)
        {
            int itemLength = item.Length + 1;
            bool isFull = batch.Count > 0 && (batch.Count >= most || placeholder is not null || length + itemLength > bytes);
            if (isFull)
            {
                failed |= await RunOneAsync(run, options, command, batch, placeholder).ConfigureAwait(false);
                hasRun = true;
                batch.Clear();
                length = fixedLength;
            }

            if (length + itemLength > Math.Max(bytes, MaxCommand))
                throw Fail("argument line too long");
            batch.Add(ToolRun.Text(item));
            length += itemLength;
        }

        if (batch.Count > 0 || (!hasRun && !options.Has('r') && placeholder is null))
            failed |= await RunOneAsync(run, options, command, batch, placeholder).ConfigureAwait(false);
        return failed ? FailedChild : 0;
    }

    private async ValueTask<string?> NextAsync(XargsItems items)
    {
        string? item = await items.ReadAsync().ConfigureAwait(false);
        return items.Unmatched is { } quote ? throw Fail($"unmatched {quote} quote", 1) : item;
    }

    private async ValueTask<bool> RunOneAsync(ToolRun run, ToolOptions options, List<string> command, List<string> batch, string? placeholder)
    {
        List<string> words = placeholder is null ? [.. command, .. batch] : [.. command.Select(w => w.Replace(placeholder, batch[0], StringComparison.Ordinal))];
        if (options.Has('t'))
            await run.Error(string.Join(' ', words) + "\n").ConfigureAwait(false);
        ProgramContext context = run.Context;
        ProgramContext child = context.ForChild(Stream.Null, context.Output, context.Error, context.Environment, context.WorkingDirectory, null, context.Cancellation);
        if (!ProgramSearch.TryPrepare(child, words, out IReadOnlyList<string> prepared, out FileException? refusal))
            throw Fail($"{words[0]}: {refusal.Message}", ProgramSearch.RefusalCode(refusal));
        int code = await programs.RunAsync(child, prepared).ConfigureAwait(false);
        context.Cancellation.ThrowIfCancellationRequested();
        return code == 255 ? throw Fail($"{words[0]}: exited with status 255; aborting", AbortingChild) : code != 0;
    }
}
