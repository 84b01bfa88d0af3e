using System.Diagnostics;
using System.Text;

namespace ActorNet.Processes.Tests;

/// <summary>A command that stays, with what it has said so far.</summary>
public sealed class RunningCommand : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _said = new();

    private RunningCommand(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Note(e.Data);
        _process.ErrorDataReceived += (_, e) => Note(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Said
    {
        get
        {
            lock (_said)
                return _said.ToString();
        }
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
        () => _process.HasExited ? throw new InvalidOperationException($"it ended before it said '{text}':\n{Said}") : Task.FromResult(Said),
        said => said.Contains(text, StringComparison.Ordinal), $"'{text}' is said");

    public Task SignalAsync(string signal) => LabProcess.SignalAsync(_process.Id, signal);

    /// <summary>Waits for the end and returns the exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(90));
        return _process.ExitCode;
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
        lock (_said)
            _said.AppendLine(line);
    }
}
