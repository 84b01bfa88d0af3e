namespace ActorNet.Workloads.Tools;

/// <summary>yes [STRING...]: until nobody reads any more.</summary>
internal sealed class YesTool : Tool
{
    protected override string Name => "yes";

    protected override string Usage => "yes [STRING]";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        string line = ToolRun.Bytes(options.Words.Count == 0 ? "y" : string.Join(' ', options.Words)) + "\n";
        while (true)
        {
            run.Context.Cancellation.ThrowIfCancellationRequested();
            await run.Out.WriteAsync(line).ConfigureAwait(false);
        }
    }
}
