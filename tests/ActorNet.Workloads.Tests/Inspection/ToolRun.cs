using ActorNet.Dataplane.Inspection;
using ActorNet.Workloads.Inspection;
using ActorNet.Workloads.Netstat;

namespace ActorNet.Workloads.Tests.Inspection;

/// <summary>One run of a tool on a view, with the changes that it asked for.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error, IReadOnlyList<NamespaceChange> Changes)
{
    private static readonly IInspectionTool[] Tools =
        [new IpTool(), new BridgeTool(), new BrctlTool(), new ArpTool(), new IfconfigTool(), new RouteTool(), new NetstatTool()];

    /// <summary>Runs a command line; every change is answered alike.</summary>
    public static async Task<ToolRun> OfAsync(string command, NamespaceView view, ControlResult? answer = null)
    {
        string[] words = command.Split(' ');
        using var stdout = new StringWriter();
        using var stderr = new StringWriter();
        var control = new RecordingControl(view, answer ?? ControlResult.Ok);
        int code = await Tools.Single(tool => tool.Name == words[0]).RunAsync(control, words[1..], stdout, stderr, CancellationToken.None);
        return new ToolRun(code, stdout.ToString(), stderr.ToString(), control.Changes);
    }

    private sealed class RecordingControl(NamespaceView view, ControlResult answer) : INamespaceControl
    {
        public List<NamespaceChange> Changes { get; } = [];

        public Task<NamespaceView> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(view);

        public Task<ControlResult> ApplyAsync(NamespaceChange change, CancellationToken cancellationToken)
        {
            Changes.Add(change);
            return Task.FromResult(answer);
        }
    }
}
