using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Hosts;

/// <summary>
/// One real <c>actornet</c> process in a network namespace, with a state directory of its own. It is driven by the command line alone,
/// as a user drives it.
/// </summary>
public sealed partial class HostProcess : IAsyncDisposable
{
    private const int LinesKept = 2_000;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan KubectlPatience = TimeSpan.FromSeconds(100);
    private readonly string _stateDirectory;
    private readonly string[] _again;
    private readonly Queue<string> _lines = new();
    private Process _process;
    private TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private HostProcess(NetworkNamespace ns, string name, string address, Process process, string stateDirectory, string[] again)
    {
        Namespace = ns;
        Name = name;
        Address = address;
        _process = process;
        _stateDirectory = stateDirectory;
        _again = again;
    }

    /// <summary>The namespace that the process runs in.</summary>
    public NetworkNamespace Namespace { get; }

    /// <summary>The name of its node.</summary>
    public string Name { get; }

    /// <summary>The address of its node on the underlay.</summary>
    public string Address { get; }

    /// <summary>The process id, which <c>ip netns exec</c> and <c>dotnet</c> keep: both replace themselves.</summary>
    public int Pid => _process.Id;

    /// <summary>True when the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>The newest lines that the process printed, on either stream.</summary>
    public string Log
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>Starts the first host of a cluster and waits until it says that it is ready.</summary>
    /// <param name="ns">The namespace to run in; it has <paramref name="address"/>.</param>
    /// <param name="name">The node's name.</param>
    /// <param name="address">The node's address.</param>
    /// <param name="more">Further arguments.</param>
    public static Task<HostProcess> InitAsync(NetworkNamespace ns, string name, string address, params string[] more)
    {
        string[] arguments = ["node", "--init", "--name", name, "--address", address, .. more.Contains("--dns") ? more : ["--dns", "off", .. more]];
        return StartAsync(ns, name, address, arguments, arguments);
    }

    /// <summary>Starts a host that joins the cluster of another and waits until it says that it is ready.</summary>
    /// <param name="seed">A host of the cluster.</param>
    /// <param name="ns">The namespace to run in; it has <paramref name="address"/>.</param>
    /// <param name="name">The node's name.</param>
    /// <param name="address">The node's address.</param>
    /// <param name="more">Further arguments.</param>
    public static async Task<HostProcess> JoinAsync(HostProcess seed, NetworkNamespace ns, string name, string address, params string[] more)
    {
        ArgumentNullException.ThrowIfNull(seed);
        string[] own = ["--name", name, "--address", address, .. more];
        return await StartAsync(ns, name, address, [.. await seed.JoinLineAsync(), .. own], ["join", .. own]);
    }

    /// <summary>Makes a token for one host and returns what that one is started with.</summary>
    public async Task<string[]> JoinLineAsync() =>
        EnsureSuccess(await ActornetAsync(["token", "create", "--uses", "1", "--print-join-command", "--state-dir", _stateDirectory])).Output.Trim().Split(' ')[1..];

    /// <summary>Runs <c>actornet</c> to its end in a namespace, whatever the exit code.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Task<CommandResult> RunAsync(NetworkNamespace ns, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return ns.TryExecAsync([.. Executable(), .. arguments], StartPatience);
    }

    /// <summary>What <c>actornet status -o json</c> says of the host.</summary>
    public async Task<JsonElement> StatusAsync()
    {
        using JsonDocument document = JsonDocument.Parse(EnsureSuccess(await ActornetAsync(["status", "-o", "json", "--state-dir", _stateDirectory])).Output);
        return document.RootElement[0].Clone();
    }

    /// <summary>Runs <c>actornet exec TARGET -- COMMAND</c> and returns its result, whatever the exit code.</summary>
    /// <param name="target">Such as <c>pod/a</c> or <c>node/n1</c>.</param>
    /// <param name="command">The command and its arguments.</param>
    public Task<CommandResult> TryExecAsync(string target, params string[] command) =>
        ActornetAsync(["exec", target, "--state-dir", _stateDirectory, "--", .. command]);

    /// <summary>As <see cref="TryExecAsync"/>; an exit code other than 0 is an exception that also shows the host's own log.</summary>
    public async Task<CommandResult> ExecAsync(string target, params string[] command) =>
        EnsureSuccess(await TryExecAsync(target, command));

    /// <summary>Runs kubectl in the host's namespace with the administrator's kubeconfig that the host has written; it must succeed.</summary>
    /// <param name="input">Its standard input, or null.</param>
    /// <param name="arguments">Its arguments.</param>
    public async Task<string> KubectlAsync(string? input, params string[] arguments)
    {
        string[] command = ["env", $"KUBECACHEDIR={_stateDirectory}/kubectl", "kubectl", "--kubeconfig", Path.Combine(_stateDirectory, "kubeconfig"), .. arguments];
        return EnsureSuccess(await Namespace.TryExecAsync(command, KubectlPatience, input)).Output;
    }

    /// <summary>Starts <c>actornet capture WHERE... -w FILE</c> and returns when it captures. SIGTERM ends it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="where">Such as <c>pod/a:eth0</c>, of pods and nodes of this host.</param>
    public async Task<Process> CaptureAsync(string file, params string[] where)
    {
        Process process = Namespace.Start([.. Executable(), "capture", .. where, "--state-dir", _stateDirectory, "-w", file]);
        string? said = await process.StandardError.ReadLineAsync().WaitAsync(StartPatience);
        return said?.StartsWith("capturing into", StringComparison.Ordinal) == true ? process : throw new CommandFailedException($"capture of {string.Join(' ', where)}: {said}");
    }

    /// <summary>Sends a line from a pod over UDP with <c>nc -u</c> and returns what comes back within a second.</summary>
    public async Task<string> AskUdpAsync(string pod, string address, int port, string line)
    {
        string number = port.ToString(CultureInfo.InvariantCulture);
        CommandResult result = await Namespace.TryExecAsync(
            [.. Executable(), "exec", "-i", $"pod/{pod}", "--state-dir", _stateDirectory, "--", "nc", "-u", "-w", "1", address, number],
            ProcessRunner.DefaultTimeout, line + "\n");
        return EnsureSuccess(result).Output.Trim();
    }

    /// <summary>The address of a pod's eth0, as its own <c>ip addr</c> prints it.</summary>
    public async Task<string> PodAddressAsync(string pod)
    {
        string printed = (await ExecAsync($"pod/{pod}", "ip", "addr", "show", "dev", "eth0")).Output;
        Match address = PodInet().Match(printed);
        Assert.True(address.Success, $"no address of eth0 in:\n{printed}");
        return address.Groups[1].Value;
    }

    /// <summary>Starts a pod from a manifest: <c>actornet pod run -f FILE --node NAME</c>.</summary>
    public async Task RunPodAsync(string manifest, string? node = null)
    {
        string file = await WriteManifestAsync(manifest);
        EnsureSuccess(await ActornetAsync(["pod", "run", "-f", file, "--node", node ?? Name, "--state-dir", _stateDirectory]));
    }

    /// <summary>Introduces a node that no host carries, such as a kernel's: <c>actornet node apply -f FILE</c>.</summary>
    public async Task ApplyNodeAsync(string manifest)
    {
        string file = await WriteManifestAsync(manifest);
        EnsureSuccess(await ActornetAsync(["node", "apply", "-f", file, "--state-dir", _stateDirectory]));
    }

    /// <summary>Stops the process with SIGTERM and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        using var bound = new CancellationTokenSource(StopPatience);
        try
        {
            await _process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Name} did not stop within {StopPatience.TotalSeconds} s of SIGTERM; it said:\n{Log}");
        }
        return _process.ExitCode;
    }

    /// <summary>Kills the process with SIGKILL and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        await SignalAsync("KILL");
        await _process.WaitForExitAsync();
    }

    /// <summary>Kills the process and removes its state directory: a machine that is lost for good.</summary>
    public async Task LoseAsync()
    {
        await KillAsync();
        Directory.Delete(_stateDirectory, recursive: true);
    }

    /// <summary>Stops the process, starts another build of actornet with its state directory and waits until that one says that it is ready.</summary>
    /// <param name="program">The other build's actornet.dll.</param>
    public async Task UpgradeAsync(string program)
    {
        Assert.Equal(0, await StopAsync());
        _process.Dispose();
        _ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = Namespace.Start([.. Executable(program), .. _again, "--state-dir", _stateDirectory]);
        Listen();
        await WaitUntilReadyAsync();
    }

    /// <summary>Runs <c>actornet</c> on this host; it must succeed.</summary>
    /// <param name="arguments">Its arguments, without the state directory.</param>
    public async Task CommandAsync(params string[] arguments) => EnsureSuccess(await ActornetAsync([.. arguments, "--state-dir", _stateDirectory]));

    /// <summary>Freezes the process with SIGSTOP.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Thaws a frozen process with SIGCONT.</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    /// <summary>Kills the process when it still runs, and removes its state directory.</summary>
    public ValueTask DisposeAsync()
    {
        ProcessRunner.Kill(_process);
        _process.Dispose();
        // A test may have lost its disk before.
        if (Directory.Exists(_stateDirectory))
            Directory.Delete(_stateDirectory, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static async Task<HostProcess> StartAsync(NetworkNamespace ns, string name, string address, string[] arguments, string[] again)
    {
        string state = Directory.CreateTempSubdirectory($"{ns.Name}-").FullName;
        Process process = ns.Start([.. Executable(), .. arguments, "--state-dir", state]);
        var host = new HostProcess(ns, name, address, process, state, again);
        host.Listen();
        try
        {
            await host.WaitUntilReadyAsync();
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
        return host;
    }

    /// <summary>The built executable, which the project reference copies beside this assembly, or another build's, run by the runtime that runs the tests.</summary>
    private static IReadOnlyList<string> Executable(string? program = null)
    {
        string assembly = program ?? Path.Combine(AppContext.BaseDirectory, "actornet.dll");
        Assert.True(File.Exists(assembly), $"{assembly} is missing: the test project's reference to ActorNet.Cli should have copied it");
        return [System.Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", assembly];
    }

    private void Listen()
    {
        _process.OutputDataReceived += (_, e) => Note(e.Data);
        _process.ErrorDataReceived += (_, e) => Note(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _process.StandardInput.Close();
    }

    private void Note(string? line)
    {
        if (line is null)
            return;
        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > LinesKept)
                _lines.Dequeue();
        }
        // The line that ends a start: "n1 is ready: ...".
        if (line.StartsWith($"{Name} is ready", StringComparison.Ordinal))
            _ready.TrySetResult();
    }

    private async Task WaitUntilReadyAsync()
    {
        Task ended = _process.WaitForExitAsync();
        Task first = await Task.WhenAny(_ready.Task, ended, Task.Delay(StartPatience));
        if (first != _ready.Task)
        {
            string why = first == ended
                ? string.Create(CultureInfo.InvariantCulture, $"ended with exit code {_process.ExitCode}")
                : $"was not ready within {StartPatience.TotalSeconds} s";
            throw new CommandFailedException($"actornet for node {Name} {why}; it said:\n{Log}");
        }
    }

    private Task<CommandResult> ActornetAsync(string[] arguments) => Namespace.TryExecAsync([.. Executable(), .. arguments]);

    private CommandResult EnsureSuccess(CommandResult result) => result.ExitCode == 0
        ? result
        : throw new CommandFailedException($"{result}\n--- log of {Name}\n{Log}");

    private async Task<string> WriteManifestAsync(string manifest)
    {
        string file = Path.Combine(_stateDirectory, $"manifest-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(file, manifest);
        return file;
    }

    private async Task SignalAsync(string signal) =>
        (await ProcessRunner.RunAsync(["kill", $"-{signal}", Pid.ToString(CultureInfo.InvariantCulture)])).EnsureSuccess();

    [GeneratedRegex(@"inet (10\.244\.\d+\.\d+)/24")]
    private static partial Regex PodInet();
}
