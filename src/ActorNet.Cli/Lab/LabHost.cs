using System.Diagnostics;
using ActorNet.Cli.Client;

namespace ActorNet.Cli.Lab;

/// <summary>A host process that this process started: a child that runs `actornet node` or `actornet join`, watched until it is ready and ended with its parent.</summary>
internal sealed class LabHost : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LabHost(Process process, string name, string stateDirectory)
    {
        _process = process;
        Name = name;
        StateDirectory = stateDirectory;
    }

    /// <summary>Node name.</summary>
    public string Name { get; }

    /// <summary>The host's state directory.</summary>
    public string StateDirectory { get; }

    /// <summary>Process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Processor time used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Starts a host and waits until it says that it is ready.</summary>
    /// <param name="name">Node name.</param>
    /// <param name="address">Loopback address of the underlay.</param>
    /// <param name="stateRoot">Directory in which the host gets a sub-directory of its name.</param>
    /// <param name="join">Control address to join, or null for the first host.</param>
    /// <param name="more">Further options.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">It ended or did not become ready; the message has its last words.</exception>
    public static async Task<LabHost> StartAsync(string name, string address, string stateRoot, string? join, IEnumerable<string> more, CancellationToken ct)
    {
        string state = Path.Combine(stateRoot, name);
        ProcessStartInfo start = Self();
        foreach (string word in join is null ? ["node", "--init"] : new[] { "join", join })
            start.ArgumentList.Add(word);
        foreach (string word in new[] { "--name", name, "--address", address, "--state-dir", state, "--ends-with-stdin" }.Concat(more))
            start.ArgumentList.Add(word);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var host = new LabHost(process, name, state);
        process.OutputDataReceived += (_, e) => host.OnLine(e.Data);
        process.ErrorDataReceived += (_, e) => host.OnLine(e.Data);
        process.Exited += (_, _) => host._ready.TrySetException(new UsageException($"host {name} ended before it was ready:\n{host.LastWords()}"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await host._ready.Task.WaitAsync(TimeSpan.FromSeconds(60), ct).ConfigureAwait(false);
            return host;
        }
        catch (TimeoutException)
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw new UsageException($"host {name} was not ready within 60 s:\n{host.LastWords()}");
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>How this executable is started once more.</summary>
    public static ProcessStartInfo Self()
    {
        string program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "actornet.dll"));
        return start;
    }

    /// <summary>Opens the host's local socket.</summary>
    public HostClient Connect() => HostClient.Find(StateDirectory)[0];

    /// <summary>The host's last lines of output.</summary>
    public string LastWords()
    {
        lock (_lines)
            return string.Join('\n', _lines.TakeLast(12).Select(l => "    " + l));
    }

    /// <summary>Asks the host to stop, by closing its standard input, and waits; one that does not stop within 15 s is killed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            try
            {
                _process.StandardInput.Close();
                await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(15)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is TimeoutException or IOException or InvalidOperationException)
            {
                _process.Kill();
            }
        }

        _process.Dispose();
    }

    private void OnLine(string? line)
    {
        if (line is null)
            return;
        lock (_lines)
        {
            if (_lines.Count > 400)
                _lines.RemoveRange(0, 200);
            _lines.Add(line);
        }

        if (line.Contains(" is ready: ", StringComparison.Ordinal))
            _ready.TrySetResult();
    }
}
