using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using ActorNet.Cli.Lab.Linux;

namespace ActorNet.Cli.Lab;

/// <summary>One process and no other: its id, and when it was started. An id is given again after a process's end; the pair is not.</summary>
/// <param name="Id">Process id.</param>
/// <param name="Started">When it was started, in the system's own terms; only equality means something.</param>
internal sealed record ProcessMark(int Id, string Started)
{
    /// <summary>The mark of a process that runs now, or null when there is none of that id.</summary>
    /// <param name="id">Process id.</param>
    public static ProcessMark? Of(int id)
    {
        if (OperatingSystem.IsLinux())
            return ProcessTable.StartOf(id) is { } started ? new ProcessMark(id, started) : null;
        try
        {
            using Process process = Process.GetProcessById(id);
            return new ProcessMark(id, process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Whether that very process still runs.</summary>
    [JsonIgnore]
    public bool IsAlive => Of(Id) == this;

    /// <summary>Waits until it has ended.</summary>
    /// <param name="patience">How long.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>Whether it has.</returns>
    public async Task<bool> HasEndedWithinAsync(TimeSpan patience, CancellationToken ct)
    {
        long start = Stopwatch.GetTimestamp();
        while (IsAlive)
        {
            if (Stopwatch.GetElapsedTime(start) > patience)
                return false;
            // A process that is nobody's child here tells nobody of its end.
            await Task.Delay(TimeSpan.FromMilliseconds(20), ct).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>Ends it at once (SIGKILL), if it is still that process.</summary>
    public void Kill()
    {
        try
        {
            using Process process = Process.GetProcessById(Id);
            if (IsAlive)
                process.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended, which is what was wanted.
        }
    }
}
