using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ActorNet.Processes.Tests;

/// <summary>One host process. It ends with this process at the latest, because its standard input ends then.</summary>
public sealed class LabProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LabProcess(string name, LabPlace at, string[] arguments)
    {
        Name = name;
        At = at;
        _process = new Process { StartInfo = Executable(arguments) };
        _process.OutputDataReceived += (_, e) => Note(e.Data);
        _process.ErrorDataReceived += (_, e) => Note(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Name { get; }

    public LabPlace At { get; }

    public bool HasExited => _process.HasExited;

    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    public static ProcessStartInfo Executable(string[] arguments)
    {
        string program = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        return new ProcessStartInfo(program, [Path.Combine(AppContext.BaseDirectory, "actornet.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    public async Task ReadyAsync()
    {
        Task first = await Task.WhenAny(_ready.Task, _process.WaitForExitAsync(), Task.Delay(Patience));
        Assert.True(first == _ready.Task, $"{Name} did not become ready; it said:\n{Log}");
    }

    /// <summary>Waits for the end and returns the exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        return await EndAsync();
    }

    public async Task KillAsync()
    {
        _process.Kill();
        await EndAsync();
    }

    public Task SignalAsync(string signal) => SignalAsync(_process.Id, signal);

    public static async Task SignalAsync(int process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private void Note(string? line)
    {
        if (line is null)
            return;
        lock (_log)
            _log.AppendLine(line);
        if (line.StartsWith($"{Name} is ready", StringComparison.Ordinal))
            _ready.TrySetResult();
    }
}
