using System.Diagnostics;
using System.Globalization;
using ActorNet.Interop.Tests.Hosts;
using ActorNet.Interop.Tests.Wire;

namespace ActorNet.Interop.Tests.Observation;

/// <summary>What `actornet capture` writes of two real hosts on loopback, read by Wireshark's tools.</summary>
public sealed class CaptureTests : IAsyncLifetime
{
    private const int Pings = 3;
    private const int Attempts = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _root = Directory.CreateTempSubdirectory("capture-").FullName;
    private readonly List<Process> _processes = [];

    [Fact]
    public async Task A_capture_at_pod_and_tunnel_has_every_ping_once_for_each_device()
    {
        Need.Linux();
        Need.Tool("tshark", "capinfos");
        await StartClusterAsync();
        string server = await RunPodAsync("n2", "server");
        await RunPodAsync("n1", "client");

        CommandResult refused = await ActornetAsync("capture", "pod/client:eth9", "--state-dir", _root);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("pod/client has no device eth9; it has lo, eth0", refused.Error, StringComparison.Ordinal);

        string file = Path.Combine(_root, "pings.pcapng");
        Process capture = await StartAsync("capturing into", "capture", "pod/client:eth0", "node/n1:flannel.1", "--state-dir", _root, "-w", file);
        CommandResult pinged = (await ActornetAsync("exec", "pod/client", "--state-dir", _root, "--", "ping", "-c", $"{Pings}", "-i", "0.2", server)).EnsureSuccess();
        Assert.Contains($"{Pings} received", pinged.Output, StringComparison.Ordinal);
        (await ProcessRunner.RunAsync(["kill", "-TERM", capture.Id.ToString(CultureInfo.InvariantCulture)])).EnsureSuccess();
        await capture.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(0, capture.ExitCode);

        Assert.Contains("nanoseconds (9)", (await ProcessRunner.RunAsync(["capinfos", file])).EnsureSuccess().Output, StringComparison.Ordinal);
        await Tshark.AssertSoundAsync(file, await Tshark.DissectAsync(file));
        // Type 8 is a request and 0 a reply (RFC 792); 2 is outbound and 1 inbound (epb_flags).
        foreach (string device in new[] { "pod/client:eth0", "node/n1:flannel.1" })
        {
            Assert.Equal(Pings, await CountAsync(file, $"frame.interface_name==\"{device}\" && icmp.type==8 && frame.packet_flags_direction==2"));
            Assert.Equal(Pings, await CountAsync(file, $"frame.interface_name==\"{device}\" && icmp.type==0 && frame.packet_flags_direction==1"));
        }

        Assert.Equal(4 * Pings, await CountAsync(file, "icmp"));
    }

    /// <summary>Segments pass the devices as trains or not: what a capture has is what would be on the wire, for Wireshark's TCP analysis too.</summary>
    [Theory]
    [InlineData("on")]
    [InlineData("off")]
    public async Task A_capture_of_TCP_has_frames_as_the_wire_has_them(string offload)
    {
        Need.Linux();
        Need.Tool("tshark");
        await StartClusterAsync("--offload", offload);
        string server = await RunPodAsync("n2", "server", Manifests.ShellPod("server"));
        string client = await RunPodAsync("n1", "client", Manifests.ShellPod("client"));
        // Where the machine stops an end for a moment TCP sends again what was not lost: another transfer is captured then.
        for (int attempt = 1; !await IsCleanTransferAsync(client, server); attempt++)
            Assert.True(attempt < Attempts, $"in each of {Attempts} transfers segments were sent again");
    }

    // False when something was sent again.
    private async Task<bool> IsCleanTransferAsync(string client, string server)
    {
        string[] devices = ["pod/client:eth0", "node/n1:flannel.1", "node/n2:flannel.1", "pod/server:eth0"];
        string file = Path.Combine(_root, "tcp.pcapng");
        File.Delete(file);
        Process capture = await StartAsync("capturing into", ["capture", .. devices, "--state-dir", _root, "-w", file]);

        Task<CommandResult> serving = ActornetAsync("exec", "pod/server", "--state-dir", _root, "--", "iperf3", "-s", "-1");
        // The server is asked for by the client's refusals: what it prints it prints at its end.
        string ask = $"for i in $(seq 1 100); do iperf3 -c {server} -n 1000000 && break; sleep 0.1; done";
        CommandResult asked = (await ActornetAsync("exec", "pod/client", "--state-dir", _root, "--", "sh", "-c", ask)).EnsureSuccess();
        Assert.Contains("iperf Done.", asked.Output, StringComparison.Ordinal);
        (await serving).EnsureSuccess();
        (await ProcessRunner.RunAsync(["kill", "-TERM", capture.Id.ToString(CultureInfo.InvariantCulture)])).EnsureSuccess();
        await capture.WaitForExitAsync().WaitAsync(Patience);

        await Tshark.AssertSoundAsync(file, await Tshark.DissectAsync(file));
        bool isClean = true;
        foreach (string device in devices)
        {
            string one = Path.Combine(_root, "one.pcapng");
            (await ProcessRunner.RunAsync(["tshark", "-n", "-r", file, "-Y", $"frame.interface_name==\"{device}\" && tcp.port==5201", "-w", one])).EnsureSuccess();
            // A megabyte at least in segments of 1,398, and none longer than a pod's MTU of 1,450 and an Ethernet header.
            Assert.InRange(await CountAsync(one, $"tcp.len==1398 && ip.src=={client}"), 600, 2000);
            Assert.Equal(0, await CountAsync(one, "frame.len>1464"));
            isClean &= await CountAsync(one, "tcp.analysis.retransmission || tcp.analysis.out_of_order || tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment") == 0;
        }

        return isClean;
    }

    [Fact]
    public async Task A_frame_between_two_containers_of_one_pod_passes_lo_and_never_eth0_and_a_third_is_not_found()
    {
        Need.Linux();
        Need.Tool("tshark");
        await StartFirstAsync();
        string address = await RunPodAsync("n1", "pair", Manifests.UdpServerPod("pair", 8081) + "\n    - name: client\n      image: busybox:1.36\n      command: [sleep, infinity]\n");
        string file = Path.Combine(_root, "pair.pcapng");
        Process capture = await StartAsync("capturing into", "capture", "pod/pair", "--state-dir", _root, "-w", file);

        foreach (string server in new[] { "127.0.0.1", address })
            Assert.Equal($"from {server}", await AskAsync("client", server, $"echo from {server}"));
        // What does leave the pod is seen at eth0: the capture is not blind there.
        (await ActornetAsync("exec", "pod/pair", "-c", "client", "--state-dir", _root, "--", "ping", "-c", "1", Gateway(address))).EnsureSuccess();
        (await ProcessRunner.RunAsync(["kill", "-TERM", capture.Id.ToString(CultureInfo.InvariantCulture)])).EnsureSuccess();
        await capture.WaitForExitAsync().WaitAsync(Patience);

        Assert.Equal(0, await CountAsync(file, "frame.interface_name==\"pod/pair:eth0\" && udp"));
        Assert.Equal(2, await CountAsync(file, "frame.interface_name==\"pod/pair:eth0\" && icmp"));
        // A question and an answer to each address, each seen as it leaves and as it comes back.
        foreach (string server in new[] { "127.0.0.1", address })
            Assert.Equal(4, await CountAsync(file, $"frame.interface_name==\"pod/pair:lo\" && udp.port==8081 && ip.addr=={server}"));

        CommandResult refused = await ActornetAsync("exec", "pod/pair", "-c", "nobody", "--state-dir", _root, "--", "hostname");
        CommandResult onNode = await ActornetAsync("exec", "node/n1", "-c", "client", "--state-dir", _root, "--", "hostname");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("pod/pair has no container nobody; it has agnhost, client", refused.Error, StringComparison.Ordinal);
        Assert.Equal(2, onNode.ExitCode);
        Assert.Contains("only pods have containers", onNode.Error, StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _processes)
        {
            ProcessRunner.Kill(process);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(_root, recursive: true);
    }

    private async Task<int> StartFirstAsync(params string[] more)
    {
        int control = FreePort.OnLoopback();
        await StartAsync(" is ready", ["node", "--init", "--dns", "off", .. Host(1, control), .. more]);
        return control;
    }

    private async Task StartClusterAsync(params string[] more)
    {
        int control = await StartFirstAsync(more);
        await StartAsync(" is ready", ["join", $"127.0.10.41:{control}", .. Host(2, FreePort.OnLoopback()), .. more]);
    }

    private string[] Host(int number, int control) =>
    [
        "--name", $"n{number}", "--address", $"127.0.10.{40 + number}", "--node-ip", $"192.168.56.{10 + number}",
        "--control-port", $"{control}", "--underlay-port", $"{FreePort.OnLoopback()}", "--lan-port", $"{FreePort.OnLoopback()}", "--profile", "lab",
        "--state-dir", Path.Combine(_root, $"n{number}"), "--ends-with-stdin",
    ];

    private async Task<string> AskAsync(string container, string server, string line)
    {
        string[] command = [.. Executable(), "exec", "pod/pair", "-c", container, "-i", "--state-dir", _root, "--", "nc", "-u", "-w", "60", "-W", "1", server, "8081"];
        return (await ProcessRunner.RunAsync(command, Patience, line + "\n")).EnsureSuccess().Output.Trim();
    }

    private static string Gateway(string address) => address[..address.LastIndexOf('.')] + ".1";

    private Task<string> RunPodAsync(string node, string name) => RunPodAsync(node, name, Manifests.UdpServerPod(name, 8081));

    private async Task<string> RunPodAsync(string node, string name, string text)
    {
        string manifest = Path.Combine(_root, $"{name}.yaml");
        await File.WriteAllTextAsync(manifest, text);
        (await ActornetAsync("pod", "run", "-f", manifest, "--node", node, "--state-dir", Path.Combine(_root, node))).EnsureSuccess();
        string printed = (await ActornetAsync("exec", $"pod/{name}", "--state-dir", _root, "--", "ip", "addr", "show", "dev", "eth0")).EnsureSuccess().Output;
        return printed.Split("inet ")[1].Split('/')[0];
    }

    private static async Task<int> CountAsync(string file, string filter) =>
        (await ProcessRunner.RunAsync(["tshark", "-n", "-r", file, "-Y", filter])).EnsureSuccess().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private static Task<CommandResult> ActornetAsync(params string[] arguments) => ProcessRunner.RunAsync([.. Executable(), .. arguments]);

    // Starts a process that stays, and waits for the words by which it says that it works.
    private async Task<Process> StartAsync(string ready, params string[] arguments)
    {
        Process process = ProcessRunner.Start([.. Executable(), .. arguments]);
        _processes.Add(process);
        var said = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var lines = new List<string>();
        void Read(object _, DataReceivedEventArgs e)
        {
            lock (lines)
                lines.Add(e.Data ?? "");
            if (e.Data?.Contains(ready, StringComparison.Ordinal) == true)
                said.TrySetResult();
        }

        process.OutputDataReceived += Read;
        process.ErrorDataReceived += Read;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Task.WhenAny(said.Task, process.WaitForExitAsync(), Task.Delay(Patience));
        lock (lines)
            Assert.True(said.Task.IsCompleted, $"actornet {arguments[0]} did not say '{ready}', but:\n{string.Join('\n', lines)}");
        return process;
    }

    private static IReadOnlyList<string> Executable() =>
        [System.Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Path.Combine(AppContext.BaseDirectory, "actornet.dll")];
}
