namespace ActorNet.Workloads.Tools;

/// <summary>printenv [NAME...]: values of the environment; 1 when one is not there.</summary>
internal sealed class PrintenvTool : Tool
{
    protected override string Name => "printenv";

    protected override string Usage => "printenv [VARIABLE]...";

    protected override int FailureCode => 2;

    protected override string Options => "+";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        int code = 0;
        foreach (string name in options.Words)
        {
            if (run.Context.Environment.TryGetValue(name, out string? value))
                await run.Out.WriteTextAsync(value + "\n").ConfigureAwait(false);
            else
                code = 1;
        }

        foreach ((string name, string value) in options.Words.Count == 0 ? run.Context.Environment : new Dictionary<string, string>())
            await run.Out.WriteTextAsync($"{name}={value}\n").ConfigureAwait(false);
        return code;
    }
}
