using System.Globalization;

namespace ActorNet.Workloads.Tools;

/// <summary>sleep N[smhd]...: the sum, by the emulator's time; "infinity" too.</summary>
internal sealed class SleepTool : Tool
{
    // Task.Delay's bound; what is longer is slept in pieces.
    private static readonly TimeSpan Piece = TimeSpan.FromDays(24);

    protected override string Name => "sleep";

    protected override string Usage => "sleep [N]...";

    // Every word is a span.
    protected override string Options => "-";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count == 0)
            throw Misuse();
        double seconds = options.Words.Sum(Seconds);
        while (seconds > 0)
        {
            TimeSpan wait = seconds > Piece.TotalSeconds ? Piece : TimeSpan.FromSeconds(seconds);
            await Task.Delay(wait, run.Context.Time, run.Context.Cancellation).ConfigureAwait(false);
            seconds -= wait.TotalSeconds + 1e-9;
        }

        return 0;
    }

    private double Seconds(string word)
    {
        if (word is "infinity" or "inf")
            return double.PositiveInfinity;
        double unit = word.Length == 0 ? 0 : word[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 };
        string digits = unit > 0 ? word[..^1] : word;
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            ? number * (unit > 0 ? unit : 1) : throw Fail($"invalid number '{word}'");
    }
}
