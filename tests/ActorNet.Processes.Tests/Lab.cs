using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

// Every test starts processes that compete for the same cores: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace ActorNet.Processes.Tests;

/// <summary>Real hosts on loopback with a temporary directory of their own; nothing of it survives.</summary>
public sealed class Lab : IAsyncDisposable
{
    private static readonly TimeSpan CommandPatience = TimeSpan.FromSeconds(90);
    private readonly List<LabProcess> _processes = [];

    /// <summary>Whether the cluster gets its DNS: without it the first pod of a node has the first address.</summary>
    public bool Dns { get; init; }

    public string Root { get; } = Directory.CreateTempSubdirectory("anp-").FullName;

    public string StateOf(string name) => Path.Combine(Root, name);

    public LabPlace Place(int octet) => LabPlace.Choose($"127.0.10.{octet}");

    public async Task<LabProcess> StartAsync(string name, LabPlace at, LabPlace? join = null, params string[] more)
    {
        LabProcess host = Launch(name, at, join, more);
        await host.ReadyAsync();
        return host;
    }

    public async Task<LabProcess> StartWithAsync(string name, LabPlace at, params string[] arguments)
    {
        LabProcess host = LaunchBuild(null, name, at, arguments);
        await host.ReadyAsync();
        return host;
    }

    /// <summary>Starts a host by another build than the one that is tested.</summary>
    /// <param name="program">Its actornet.dll; null: the build that is tested.</param>
    /// <param name="name">The host's name.</param>
    /// <param name="at">Where it listens.</param>
    /// <param name="arguments">All of its arguments.</param>
    public LabProcess LaunchBuild(string? program, string name, LabPlace at, params string[] arguments)
    {
        var host = new LabProcess(name, at, arguments, program);
        _processes.Add(host);
        return host;
    }

    public LabProcess Launch(string name, LabPlace at, LabPlace? join = null, params string[] more)
    {
        var host = new LabProcess(name, at, [.. HostArguments(name, at, StateOf(name), join?.Control, Dns), .. more]);
        _processes.Add(host);
        return host;
    }

    public static string[] HostArguments(string name, LabPlace at, string state, string? join, bool dns = false) =>
    [
        .. join is null ? ["node", "--init"] : new[] { "join", join },
        "--name", name, "--address", at.Address, "--state-dir", state, "--profile", "lab", "--dns", dns ? "on" : "off",
        "--control-port", at.ControlPort.ToString(CultureInfo.InvariantCulture),
        "--api-port", at.ApiPort.ToString(CultureInfo.InvariantCulture),
        "--kubelet-port", at.KubeletPort.ToString(CultureInfo.InvariantCulture),
        "--store-port", at.StorePort.ToString(CultureInfo.InvariantCulture),
        "--underlay-port", at.UnderlayPort.ToString(CultureInfo.InvariantCulture),
        "--lan-port", at.LanPort.ToString(CultureInfo.InvariantCulture), "--ends-with-stdin",
    ];

    public Task<CommandResult> ExecAsync(string target, params string[] command) =>
        RunAsync(["exec", "--state-dir", Root, target, "--", .. command]);

    public Task<CommandResult> LogsAsync(params string[] arguments) => RunAsync(["logs", "--state-dir", Root, .. arguments]);

    /// <summary>Runs a pod and returns its address.</summary>
    public async Task<string> RunPodAsync(string pod, string node, string container = "image: \"busybox:1.36\", command: [\"sleep\", \"infinity\"]")
    {
        string file = Path.Combine(Root, $"{pod}.yaml");
        await File.WriteAllTextAsync(file, $$"""
            apiVersion: v1
            kind: Pod
            metadata: { name: {{pod}} }
            spec: { containers: [ { name: c, {{container}} } ] }
            """);
        CommandResult run = await RunAsync("pod", "run", "-f", file, "--node", node, "--state-dir", Root);
        Assert.True(run.ExitCode == 0, run.ToString());
        return await PodAddressAsync(pod);
    }

    public async Task<string> PodAddressAsync(string pod)
    {
        CommandResult shown = await ExecAsync($"pod/{pod}", "ip", "addr", "show", "dev", "eth0");
        Assert.True(shown.ExitCode == 0, shown.ToString());
        int from = shown.Output.IndexOf("inet ", StringComparison.Ordinal) + 5;
        return shown.Output[from..shown.Output.IndexOf('/', from)];
    }

    /// <summary>Waits until a pod's ping is answered.</summary>
    public Task PingsAsync(string pod, string address) => UntilAsync(
        async () => await ExecAsync($"pod/{pod}", "ping", "-c", "1", "-W", "2", address), r => r.ExitCode == 0, $"pod/{pod} pings {address}");

    public async Task<JsonElement> StatusAsync(string name)
    {
        CommandResult status = await RunAsync("status", "-o", "json", "--state-dir", StateOf(name));
        Assert.True(status.ExitCode == 0, status.ToString());
        using JsonDocument document = JsonDocument.Parse(status.Output);
        return document.RootElement[0].Clone();
    }

    /// <summary>Waits until the store has its members on so many hosts, the first ones, and each of them knows it: then any of them may be killed.</summary>
    public async Task StoredOnAsync(int hosts)
    {
        for (int i = 1; i <= hosts; i++)
        {
            string name = $"n{i}";
            await UntilAsync(
                () => StatusAsync(name), s => s.GetProperty("Store").GetProperty("Members").GetArrayLength() == hosts && s.GetProperty("Store").GetProperty("Problem").ValueKind == JsonValueKind.Null, $"the store is on {hosts} hosts as {name} sees it");
        }
    }

    /// <summary>Asks until the answer is as wanted, for at most 90 s.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> wanted, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            T answer = await ask();
            if (wanted(answer))
                return answer;
            Assert.True(Stopwatch.GetElapsedTime(start) < CommandPatience, $"{what}: not within {CommandPatience.TotalSeconds} s; last answer:\n{answer}");
            await Task.Delay(200);
        }
    }

    public static Task<CommandResult> RunAsync(params string[] arguments) => RunAsync(arguments, null);

    /// <summary>Runs a command without a standard input until it ends; a host must not end with that before it has said what is wrong.</summary>
    public static async Task<CommandResult> RunAsync(string[] arguments, IReadOnlyDictionary<string, string>? environment)
    {
        ProcessStartInfo start = LabProcess.Executable([.. arguments.Where(static word => word != "--ends-with-stdin")]);
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[key] = value;
        return await CommandResult.OfAsync(start, CommandPatience);
    }

    public ValueTask DisposeAsync()
    {
        foreach (LabProcess process in _processes)
            process.Dispose();
        Directory.Delete(Root, recursive: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>A loopback address with four TCP and two UDP ports that were free when they were chosen.</summary>
public sealed record LabPlace(string Address, int ControlPort, int ApiPort, int KubeletPort, int StorePort, int UnderlayPort, int LanPort)
{
    public string Control => $"{Address}:{ControlPort}";

    public static LabPlace Choose(string address)
    {
        // Held until all are chosen: none is given out twice.
        using Socket control = Bound(address, SocketType.Stream, ProtocolType.Tcp), api = Bound(address, SocketType.Stream, ProtocolType.Tcp);
        using Socket kubelet = Bound(address, SocketType.Stream, ProtocolType.Tcp), underlay = Bound(address, SocketType.Dgram, ProtocolType.Udp);
        using Socket lan = Bound(address, SocketType.Dgram, ProtocolType.Udp), store = Bound(address, SocketType.Stream, ProtocolType.Tcp);
        return new LabPlace(address, PortOf(control), PortOf(api), PortOf(kubelet), PortOf(store), PortOf(underlay), PortOf(lan));
    }

    // Below node ports (30000) and what Linux gives out by itself (ip_local_port_range begins at 32768): nobody takes the port of a host that is down.
    private static Socket Bound(string address, SocketType type, ProtocolType protocol)
    {
        for (int attempt = 1; ; attempt++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), Random.Shared.Next(20_000, 30_000)));
                return socket;
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse && attempt < 100)
            {
                socket.Dispose();
            }
        }
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;
}
