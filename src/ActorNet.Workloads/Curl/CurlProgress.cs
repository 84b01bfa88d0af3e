using System.Globalization;

namespace ActorNet.Workloads.Curl;

/// <summary>The progress meter (curl lib/progress.c): a heading, a line that is written over once a second, and its last form.</summary>
internal sealed class CurlProgress(CurlOptions options, CurlConsole console, CurlFacts facts)
{
    private const string Heading =
        "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
        + "                                 Dload  Upload   Total   Spent    Left  Speed\n";

    private readonly bool _isShown = !options.Silent && !options.NoProgress;
    private long _shownSeconds = -1;

    /// <summary>Writes the heading.</summary>
    public async ValueTask BeginAsync()
    {
        if (!_isShown || options.ProgressBar)
            return;
        await console.WriteAsync(Heading).ConfigureAwait(false);
        await ShowAsync().ConfigureAwait(false);
    }

    /// <summary>Writes the line anew when a second is over.</summary>
    public ValueTask StepAsync() =>
        _isShown && !options.ProgressBar && (long)facts.Elapsed.TotalSeconds > _shownSeconds ? ShowAsync() : ValueTask.CompletedTask;

    /// <summary>Writes the last form.</summary>
    public async ValueTask EndAsync()
    {
        if (!_isShown)
            return;
        if (!options.ProgressBar)
            await ShowAsync().ConfigureAwait(false);
        else if (facts.ExitCode == CurlCode.Ok)
            await console.WriteAsync(new string('#', 72) + " 100.0%").ConfigureAwait(false);
        await console.WriteAsync("\n").ConfigureAwait(false);
    }

    private ValueTask ShowAsync()
    {
        TimeSpan spent = facts.Elapsed;
        _shownSeconds = (long)spent.TotalSeconds;
        long down = Rate(facts.Downloaded, spent);
        long up = Rate(facts.Uploaded, spent);
        long known = (facts.Expected ?? 0) + (facts.ToUpload ?? 0);
        long total = known > 0 ? known : facts.Downloaded + facts.Uploaded;
        long left = known > 0 && down + up > 0 ? (known - facts.Downloaded - facts.Uploaded) / (down + up) : 0;
        long whole = known > 0 && down + up > 0 ? known / (down + up) : 0;
        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"{Percent(facts.Downloaded + facts.Uploaded, known)} {Amount(total)}  {Percent(facts.Downloaded, facts.Expected ?? 0)} {Amount(facts.Downloaded)}  {Percent(facts.Uploaded, facts.ToUpload ?? 0)} {Amount(facts.Uploaded)}  {Amount(down)}  {Amount(up)} {Clock(whole)} {Clock(_shownSeconds)} {Clock(left)} {Amount(down + up)}");
        return console.WriteAsync("\r" + line);
    }

    private static long Rate(long bytes, TimeSpan spent) => spent > TimeSpan.Zero ? (long)(bytes / spent.TotalSeconds) : 0;

    private static string Percent(long part, long whole) => string.Create(CultureInfo.InvariantCulture, $"{(whole > 0 ? (long)((Int128)part * 100 / whole) : 0),3}");

    // max5data: five characters for any number.
    private static string Amount(long bytes)
    {
        const long K = 1024, M = K * K, G = M * K, T = G * K;
        return bytes switch
        {
            < 100_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes,5}"),
            < 10_000 * K => string.Create(CultureInfo.InvariantCulture, $"{bytes / K,4}k"),
            < 100 * M => string.Create(CultureInfo.InvariantCulture, $"{bytes / M,2}.{bytes % M / (M / 10) % 10}M"),
            < 10_000 * M => string.Create(CultureInfo.InvariantCulture, $"{bytes / M,4}M"),
            < 100 * G => string.Create(CultureInfo.InvariantCulture, $"{bytes / G,2}.{bytes % G / (G / 10) % 10}G"),
            < 10_000 * G => string.Create(CultureInfo.InvariantCulture, $"{bytes / G,4}G"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / T,4}T"),
        };
    }

    private static string Clock(long seconds) => seconds switch
    {
        <= 0 => "--:--:--",
        < 360_000 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600,2}:{seconds / 60 % 60:00}:{seconds % 60:00}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400,3}d {seconds / 3600 % 24:00}h"),
    };
}
