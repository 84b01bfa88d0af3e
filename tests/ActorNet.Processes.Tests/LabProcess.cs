using System.Diagnostics;

namespace ActorNet.Processes.Tests;

/// <summary>One host process. It ends with this process at the latest, because its standard input ends then.</summary>
public sealed class LabProcess(string name, LabPlace at, string[] arguments, string? program = null) : TalkingProcess(Executable(arguments, program))
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name { get; } = name;

    public LabPlace At { get; } = at;

    public int ProcessId => Process.Id;

    /// <summary>How actornet is run: the build that is tested, or another one.</summary>
    public static ProcessStartInfo Executable(string[] arguments, string? program = null)
    {
        string runtime = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        return new ProcessStartInfo(runtime, [program ?? Path.Combine(AppContext.BaseDirectory, "actornet.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    public async Task ReadyAsync()
    {
        Task first = await Task.WhenAny(_ready.Task, Process.WaitForExitAsync(), Task.Delay(Patience));
        Assert.True(first == _ready.Task, $"{Name} did not become ready; it said:\n{Said}");
    }

    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        return await EndAsync();
    }

    public async Task KillAsync()
    {
        Process.Kill();
        await EndAsync();
    }

    // The fields above have their values before the base class starts the process.
    protected override void OnLine(string line)
    {
        if (line.StartsWith($"{Name} is ready", StringComparison.Ordinal) || line.Contains($"\"message\":\"{Name} is ready", StringComparison.Ordinal))
            _ready.TrySetResult();
    }
}
