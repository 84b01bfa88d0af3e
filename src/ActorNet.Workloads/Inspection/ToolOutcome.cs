using System.Text;
using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Inspection;

/// <summary>What one run of a tool prints, kept until its end so that a tool is a function from a view to text.</summary>
internal sealed class ToolOutcome
{
    /// <summary>Standard output.</summary>
    public StringBuilder Out { get; } = new();

    /// <summary>Standard error.</summary>
    public StringBuilder Error { get; } = new();

    /// <summary>Notes a change's result as iproute2 does: the kernel's words on standard error.</summary>
    /// <param name="result">The result.</param>
    /// <param name="failureCode">The exit code on failure, or null for the result's own: `ip` says 2, `bridge` 255.</param>
    /// <returns>The exit code.</returns>
    public int Report(ControlResult result, int? failureCode = null)
    {
        if (result.IsOk)
            return 0;
        Error.Append(result.Error).Append('\n');
        return failureCode ?? result.ExitCode;
    }

    /// <summary>Runs a tool's body, turns a <see cref="ToolFailure"/> into its words and code, and writes everything out.</summary>
    /// <param name="body">The body.</param>
    /// <param name="stdout">Standard output.</param>
    /// <param name="stderr">Standard error.</param>
    public static async Task<int> RunAsync(Func<ToolOutcome, Task<int>> body, TextWriter stdout, TextWriter stderr)
    {
        var outcome = new ToolOutcome();
        int code;
        try
        {
            code = await body(outcome).ConfigureAwait(false);
        }
        catch (ToolFailure failure)
        {
            outcome.Error.Append(failure.Message);
            code = failure.ExitCode;
        }

        await stdout.WriteAsync(outcome.Out.ToString()).ConfigureAwait(false);
        await stderr.WriteAsync(outcome.Error.ToString()).ConfigureAwait(false);
        return code;
    }
}

/// <summary>Ends a tool's run with a message for standard error. It never leaves this folder.</summary>
internal sealed class ToolFailure : Exception
{
    /// <summary>Makes the failure.</summary>
    /// <param name="exitCode">The real tool's exit code.</param>
    /// <param name="line">The message without its line end; may be several lines.</param>
    public ToolFailure(int exitCode, string line)
        : base(line + "\n") => ExitCode = exitCode;

    /// <summary>The exit code.</summary>
    public int ExitCode { get; }
}
