using System.Diagnostics;

namespace ActorNet.Processes.Tests;

/// <summary>A command that stays, with what it has said so far.</summary>
public sealed class RunningCommand : TalkingProcess
{
    private RunningCommand(ProcessStartInfo start)
        : base(start)
    {
    }

    public static RunningCommand Start(string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = LabProcess.Executable(arguments);
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[key] = value;
        return new RunningCommand(start);
    }

    /// <summary>Waits until it has said something.</summary>
    public Task SaysAsync(string text) => Lab.UntilAsync(
        () => HasExited ? throw new InvalidOperationException($"it ended before it said '{text}':\n{Said}") : Task.FromResult(Said),
        said => said.Contains(text, StringComparison.Ordinal), $"'{text}' is said");
}
