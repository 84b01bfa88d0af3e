using System.Text.RegularExpressions;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>
/// A small tool of the busybox image. Its words and exit codes are those of busybox 1.35, where it differs from coreutils. Its bytes are
/// handled as they come: a line is a string with one character per byte (Latin-1), as in the C locale.
/// </summary>
internal abstract class Tool : IProgram
{
    /// <summary>The name in its messages.</summary>
    protected abstract string Name { get; }

    /// <summary>What stands behind "Usage: " when it is used wrongly.</summary>
    protected abstract string Usage { get; }

    /// <summary>The exit code of wrong use.</summary>
    protected virtual int FailureCode => 1;

    /// <summary>Its options as in getopt(3); a leading "+" ends them at the first other word.</summary>
    protected virtual string Options => "";

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        string name = context.Host ?? Name;
        var run = new ToolRun(context, name);
        try
        {
            int code = await RunAsync(run, ToolOptions.Parse(name, args, Options)).ConfigureAwait(false);
            await run.Out.FlushAsync().ConfigureAwait(false);
            return Math.Max(code, run.Code);
        }
        catch (ToolExit exit)
        {
            await run.Out.FlushAsync().ConfigureAwait(false);
            await run.Error($"{exit.Message}{(exit.Code < 0 ? $"BusyBox v1.35.0 multi-call binary.\n\nUsage: {Usage}\n" : "")}").ConfigureAwait(false);
            return exit.Code < 0 ? FailureCode : exit.Code;
        }
        catch (RegexMatchTimeoutException e)
        {
            await run.Out.FlushAsync().ConfigureAwait(false);
            await run.Error($"{name}: regex took longer than {e.MatchTimeout.TotalSeconds:0} s on one line; write it without references to groups\n").ConfigureAwait(false);
            return Math.Max(FailureCode, 1);
        }
    }

    /// <summary>Does the work.</summary>
    protected abstract Task<int> RunAsync(ToolRun run, ToolOptions options);

    /// <summary>The end for wrong use: the usage is printed.</summary>
    protected static ToolExit Misuse() => new(-1, "");

    /// <summary>The end with a message.</summary>
    protected ToolExit Fail(string message, int? code = null) => new(code ?? FailureCode, $"{Name}: {message}\n");

    /// <summary>A whole number, or the end with busybox's words.</summary>
    protected long Number(string text) =>
        long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out long number)
            ? number : throw Fail($"invalid number '{text}'");
}
