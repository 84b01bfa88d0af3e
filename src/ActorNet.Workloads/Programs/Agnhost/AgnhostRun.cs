using System.Globalization;
using System.Text;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>One run of an agnhost subcommand: its context, and standard error as Go's log package writes it.</summary>
internal sealed class AgnhostRun(ProgramContext context, ProgramTable programs)
{
    public ProgramContext Context => context;

    public ProgramTable Programs => programs;

    /// <summary>When the run began; Go prints the monotonic clock since then.</summary>
    public long Started { get; } = context.Time.GetTimestamp();

    /// <summary>Writes a line as log.Printf: the time in seconds, then the text.</summary>
    public async Task LogAsync(string text)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{context.Time.GetUtcNow():yyyy/MM/dd HH:mm:ss} {text}{(text.EndsWith('\n') ? "" : "\n")}");
        try
        {
            await context.Error.WriteAsync(Encoding.UTF8.GetBytes(line)).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // Go's log ignores that too.
        }
    }

    /// <summary>log.Fatal: a line, and the exit code that os.Exit is given.</summary>
    public async Task<int> FatalAsync(string text)
    {
        await LogAsync(text).ConfigureAwait(false);
        return 1;
    }

    /// <summary>What cobra prints for a wrong command line.</summary>
    public async Task<int> RefuseAsync(string error)
    {
        await context.Stderr.WriteAsync($"Error: {error}\n").ConfigureAwait(false);
        return 1;
    }

    /// <summary>Waits for a time that may be longer than a timer can be set.</summary>
    public Task DelayAsync(TimeSpan time, CancellationToken cancellation)
    {
        TimeSpan longest = TimeSpan.FromDays(30);
        return Task.Delay(time < TimeSpan.Zero ? TimeSpan.Zero : time > longest ? longest : time, context.Time, cancellation);
    }
}
