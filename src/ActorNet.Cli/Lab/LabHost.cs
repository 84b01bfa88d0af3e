using System.Diagnostics;
using ActorNet.Cli.Client;

namespace ActorNet.Cli.Lab;

/// <summary>How a lab's host is started.</summary>
/// <param name="Name">Node name.</param>
/// <param name="Address">Loopback address of the underlay.</param>
/// <param name="StateDirectory">The host's state directory.</param>
/// <param name="Join">Control address to join, or null for the first host.</param>
/// <param name="More">Further options.</param>
/// <param name="Outlives">Whether it goes on when this process ends; else it ends too, however this process does.</param>
internal sealed record LabHostStart(string Name, string Address, string StateDirectory, string? Join, IEnumerable<string> More, bool Outlives = false);

/// <summary>A host process that this process started: a child that runs `actornet node` or `actornet join`, watched until it is ready.</summary>
internal sealed class LabHost : IAsyncDisposable
{
    private const int LastLines = 12;

    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly LabHostStart _start;
    private bool _left;

    private LabHost(Process process, LabHostStart start)
    {
        _process = process;
        _start = start;
    }

    /// <summary>Node name.</summary>
    public string Name => _start.Name;

    /// <summary>The host's state directory.</summary>
    public string StateDirectory => _start.StateDirectory;

    /// <summary>Process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>The process, for others to know it by; null when it has ended.</summary>
    public ProcessMark? Mark => ProcessMark.Of(ProcessId);

    /// <summary>Completes with the exit code when the process has ended.</summary>
    public Task<int> Ended => EndAsync();

    /// <summary>Processor time used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Its memory that is in RAM, in bytes.</summary>
    public long WorkingSetBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
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
        LabHost host = Launch(new LabHostStart(name, address, Path.Combine(stateRoot, name), join, more));
        try
        {
            await host.ReadyAsync(ct).ConfigureAwait(false);
            return host;
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts a host's process.</summary>
    /// <param name="start">How.</param>
    public static LabHost Launch(LabHostStart start)
    {
        ProcessStartInfo info = Self();
        // What a run before said there is not to be taken for this one's.
        if (File.Exists(LabDirectory.LogIn(start.StateDirectory)))
            File.Delete(LabDirectory.LogIn(start.StateDirectory));
        string[] role = start.Join is null ? ["node", "--init"] : ["join", start.Join];
        string[] place = ["--name", start.Name, "--address", start.Address, "--state-dir", start.StateDirectory, "--log-file", LabDirectory.LogIn(start.StateDirectory)];
        string[] bound = start.Outlives ? [] : ["--ends-with-stdin"];
        foreach (string word in role.Concat(place).Concat(bound).Concat(start.More))
            info.ArgumentList.Add(word);
        var process = new Process { StartInfo = info, EnableRaisingEvents = true };
        var host = new LabHost(process, start);
        process.OutputDataReceived += (_, e) => host.OnLine(e.Data);
        process.ErrorDataReceived += (_, e) => host.OnLine(e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return host;
    }

    /// <summary>Waits until the host says that it is ready.</summary>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">It ended or did not become ready; the message has its last words.</exception>
    public async Task ReadyAsync(CancellationToken ct)
    {
        long began = Stopwatch.GetTimestamp();
        while (!Log().Contains(" is ready: ", StringComparison.Ordinal))
        {
            if (_process.HasExited)
                throw new UsageException($"host {Name} ended before it was ready:\n{await FinalWordsAsync().ConfigureAwait(false)}");
            if (Stopwatch.GetElapsedTime(began) > ReadyPatience)
                throw new UsageException($"host {Name} was not ready within {ReadyPatience.TotalSeconds} s:\n{LastWords()}");
            await Task.Delay(LookAgain, ct).ConfigureAwait(false);
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

    /// <summary>The host's last lines of output: of its log, and what it printed before it had one.</summary>
    public string LastWords()
    {
        IEnumerable<string> lines = Log().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lock (_lines)
            lines = [.. _lines, .. lines];
        return string.Join('\n', lines.TakeLast(LastLines).Select(l => "    " + l));
    }

    /// <summary>Tells the host to stop, if it is one that ends with this process: its standard input ends.</summary>
    public void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // It has ended.
        }
    }

    /// <summary>Lets a host that outlives this process go on.</summary>
    public void Leave() => _left = true;

    /// <summary>Stops the host, unless it was left to go on, and waits; one that does not stop within 15 s is killed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_left && !_process.HasExited)
        {
            CloseInput();
            try
            {
                await _process.WaitForExitAsync().WaitAsync(StopPatience).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                _process.Kill();
            }
        }

        _process.Dispose();
    }

    private async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().ConfigureAwait(false);
        return _process.ExitCode;
    }

    // Only when the process's pipes have ended everything that it said is there.
    private async Task<string> FinalWordsAsync()
    {
        await _process.WaitForExitAsync().ConfigureAwait(false);
        return LastWords();
    }

    private string Log()
    {
        try
        {
            using var file = new FileStream(LabDirectory.LogIn(StateDirectory), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd();
        }
        catch (IOException)
        {
            return "";
        }
    }

    private void OnLine(string? line)
    {
        if (line is null)
            return;
        lock (_lines)
            _lines.Add(line);
    }
}
