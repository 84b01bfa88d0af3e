namespace ActorNet.Workloads.Tools;

/// <summary>Ends a tool's run with words for standard error. It never leaves <see cref="Tool"/>.</summary>
internal sealed class ToolExit(int code, string text) : Exception(text)
{
    /// <summary>The exit code.</summary>
    public int Code { get; } = code;
}
