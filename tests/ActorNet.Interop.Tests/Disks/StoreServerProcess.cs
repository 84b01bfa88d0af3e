using System.Diagnostics;
using System.Text;

namespace ActorNet.Interop.Tests.Disks;

/// <summary>One member of a store in a process of its own.</summary>
internal sealed class StoreServerProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private StoreServerProcess(string name, Process process)
    {
        (Name, _process) = (name, process);
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
                _errors.AppendLine(line.Data);
        };
        _process.BeginErrorReadLine();
    }

    public string Name { get; }

    /// <summary>Starts one; it ends with this process at the latest, because its standard input ends then.</summary>
    public static StoreServerProcess Start(string name, IEnumerable<KeyValuePair<string, string>> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "ActorNet.StoreServer.dll"), "--name", name, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string key, string value) in environment)
            start.Environment[key] = value;
        return new StoreServerProcess(name, Process.Start(start)!);
    }

    /// <summary>Waits until it takes part.</summary>
    public async Task ReadyAsync() => Assert.Equal("ready", await SaidAsync());

    /// <summary>Gives an order and returns the answer.</summary>
    public async Task<string> OrderAsync(string order)
    {
        await _process.StandardInput.WriteLineAsync(order);
        await _process.StandardInput.FlushAsync();
        return await SaidAsync();
    }

    /// <summary>Kills it (SIGKILL) and waits for its end.</summary>
    public async Task KillAsync()
    {
        ProcessRunner.Kill(_process);
        await _process.WaitForExitAsync().WaitAsync(Patience);
    }

    public void Dispose()
    {
        ProcessRunner.Kill(_process);
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task<string> SaidAsync()
    {
        string? line = null;
        try
        {
            line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            // Said below.
        }

        lock (_errors)
            return line ?? throw new InvalidOperationException($"{Name} said nothing within {Patience.TotalSeconds:0} s; its errors:\n{_errors}");
    }
}
