using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>tee [-a] [FILE...]</summary>
internal sealed class TeeTool : Tool
{
    protected override string Name => "tee";

    protected override string Usage => "tee [-ai] [FILE]...";

    protected override string Options => "ai";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        var targets = new List<Stream>();
        await run.ForEachFileAsync(options.Words, file =>
        {
            targets.Add(run.Context.OpenWrite(file, options.Has('a') ? FileWriteMode.Append : FileWriteMode.Truncate));
            return ValueTask.CompletedTask;
        }, "{0}: {1}").ConfigureAwait(false);
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
