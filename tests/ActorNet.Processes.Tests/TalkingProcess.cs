using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ActorNet.Processes.Tests;

/// <summary>A process that stays, with all that it has said so far. It ends with this object at the latest.</summary>
public abstract class TalkingProcess : IDisposable
{
    private readonly StringBuilder _said = new();

    protected TalkingProcess(ProcessStartInfo start)
    {
        Process = new Process { StartInfo = start };
        Process.OutputDataReceived += (_, e) => Note(e.Data);
        Process.ErrorDataReceived += (_, e) => Note(e.Data);
        Process.Start();
        Process.BeginOutputReadLine();
        Process.BeginErrorReadLine();
    }

    public bool HasExited => Process.HasExited;

    /// <summary>What it has said, on both of its streams.</summary>
    public string Said
    {
        get
        {
            lock (_said)
                return _said.ToString();
        }
    }

    protected static TimeSpan Patience { get; } = TimeSpan.FromSeconds(90);

    protected Process Process { get; }

    /// <summary>Waits for the end and returns the exit code.</summary>
    public async Task<int> EndAsync()
    {
        await Process.WaitForExitAsync().WaitAsync(Patience);
        return Process.ExitCode;
    }

    public Task SignalAsync(string signal) => SignalAsync(Process.Id, signal);

    public static async Task SignalAsync(int process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Process.Kill();
            Process.WaitForExit();
        }

        Process.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Hears each line, perhaps before the constructor has ended.</summary>
    protected virtual void OnLine(string line)
    {
    }

    private void Note(string? line)
    {
        if (line is null)
            return;
        lock (_said)
            _said.AppendLine(line);
        OnLine(line);
    }
}
