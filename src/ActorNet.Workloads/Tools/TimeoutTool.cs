using System.Globalization;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>timeout [-s SIGNAL] [-k SECONDS] SECONDS PROGRAM ARGUMENT...: the program is ended when the emulator's time is over.</summary>
internal sealed class TimeoutTool(ProgramTable programs) : Tool
{
    private static readonly Dictionary<string, int> Signals = new(StringComparer.OrdinalIgnoreCase) { ["HUP"] = 1, ["INT"] = 2, ["QUIT"] = 3, ["KILL"] = 9, ["TERM"] = 15 };

    protected override string Name => "timeout";

    protected override string Usage => "timeout [-s SIG] [-k KILL_SECS] SECS PROG ARGS";

    protected override string Options => "+s:k:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        int signal = Signal(options.Value('s') ?? "TERM");
        if (options.Value('k') is { } kill)
            Duration(kill);
        if (options.Words.Count < 2)
            throw Misuse();
        TimeSpan limit = Duration(options.Words[0]);
        ProgramContext context = run.Context;
        IReadOnlyList<string> words = options.Words[1..];
        using var over = limit == TimeSpan.Zero ? new CancellationTokenSource() : new CancellationTokenSource(limit, context.Time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(over.Token, context.Cancellation);
        ProgramContext child = context.ForChild(context.Input, context.Output, context.Error, context.Environment, context.WorkingDirectory, null, ended.Token);
        if (!ProgramSearch.TryPrepare(child, words, out IReadOnlyList<string> command, out FileException? refusal))
            throw Fail($"can't execute '{words[0]}': {refusal.Message}", ProgramSearch.RefusalCode(refusal));
        int code = await programs.RunAsync(child, command).ConfigureAwait(false);
        // A program that takes the signal ends with its own code.
        return over.IsCancellationRequested && (code == ProgramTable.TerminatedExitCode || signal == 9) ? 128 + signal : code;
    }

    private int Signal(string text)
    {
        string name = text.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? text[3..] : text;
        return Signals.TryGetValue(name, out int number) ? number
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && Signals.ContainsValue(number) ? number
            : throw Fail($"unknown signal '{text}'");
    }

    private TimeSpan Duration(string text)
    {
        double unit = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 };
        return double.TryParse(unit > 0 ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            ? TimeSpan.FromSeconds(Math.Min(number * (unit > 0 ? unit : 1), 4_000_000)) : throw Fail($"invalid number '{text}'");
    }
}
