using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Inspection;

/// <summary>A command that shows or changes the objects of a namespace and speaks as the real tool does.</summary>
public interface IInspectionTool
{
    /// <summary>The command's name, as `ip`.</summary>
    string Name { get; }

    /// <summary>Runs the command.</summary>
    /// <param name="control">The namespace.</param>
    /// <param name="args">The arguments after the command's name.</param>
    /// <param name="stdout">Standard output; lines end with a bare line feed.</param>
    /// <param name="stderr">Standard error.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The real tool's exit code.</returns>
    Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, TextWriter stdout, TextWriter stderr, CancellationToken cancellationToken);
}
