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
