using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Inspection;

/// <summary>An inspection tool as a program, so that a shell finds it like any other.</summary>
/// <param name="tool">The tool.</param>
public sealed class InspectionProgram(IInspectionTool tool) : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Control is { } control)
            return await tool.RunAsync(control, args, context.Stdout, context.Stderr, context.Cancellation).ConfigureAwait(false);
        await context.Stderr.WriteAsync($"{tool.Name}: nothing here can be inspected: this namespace has no control\n").ConfigureAwait(false);
        return 1;
    }
}
