namespace ActorNet.Workloads.Tools;

/// <summary>true, false and their like: an exit code and nothing else.</summary>
internal sealed class ConstantTool(string name, int code) : Tool
{
    protected override string Name => name;

    protected override string Usage => name;

    protected override string Options => "-";

    protected override Task<int> RunAsync(ToolRun run, ToolOptions options) => Task.FromResult(code);
}
