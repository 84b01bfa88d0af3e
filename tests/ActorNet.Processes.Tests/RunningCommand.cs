using System.Diagnostics;

namespace ActorNet.Processes.Tests;

/// <summary>A command that stays, with what it has said so far.</summary>
public sealed class RunningCommand : TalkingProcess
{
    private RunningCommand(ProcessStartInfo start)
        : base(start)
    {
    }

    /// <summary>
    /// Starts one that hears a signal, whoever runs the tests: nohup, and a shell in front of what it runs beside itself, hand on that HUP and INT are
    /// ignored, and .NET lets it be so.
    /// </summary>
    /// <param name="signal">As kill names it: TERM.</param>
    /// <param name="arguments">Arguments of actornet.</param>
    /// <param name="environment">Variables of its own.</param>
    public static RunningCommand StartHearing(string signal, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = With(environment, LabProcess.Executable(arguments));
        if (OperatingSystem.IsLinux())
        {
            // env of the GNU coreutils becomes the program: the process stays the same.
            start.ArgumentList.Insert(0, start.FileName);
            start.ArgumentList.Insert(0, $"--default-signal={signal}");
            start.FileName = "env";
        }

        return new RunningCommand(start);
    }

    public static RunningCommand Start(string[] arguments, IReadOnlyDictionary<string, string>? environment = null) => new(With(environment, LabProcess.Executable(arguments)));

    /// <summary>Waits until it has said something.</summary>
    public Task SaysAsync(string text) => Lab.UntilAsync(
        () => HasExited ? throw new InvalidOperationException($"it ended before it said '{text}':\n{Said}") : Task.FromResult(Said),
        said => said.Contains(text, StringComparison.Ordinal), $"'{text}' is said");

    private static ProcessStartInfo With(IReadOnlyDictionary<string, string>? environment, ProcessStartInfo start)
    {
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[key] = value;
        return start;
    }
}
