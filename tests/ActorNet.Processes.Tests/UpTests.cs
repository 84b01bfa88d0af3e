using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ActorNet.Processes.Tests.Seen;

namespace ActorNet.Processes.Tests;

/// <summary>`actornet up`, `status` and `down`: real labs, each on loopback addresses of its own.</summary>
public sealed class UpTests
{
    [Fact]
    public async Task A_detached_lab_is_found_outlives_a_host_and_is_ended()
    {
        await using var lab = new Lab();
        string[] place = ["--state-dir", Path.Combine(lab.Root, "labs")], address = ["--address", FreshAddress()];
        CommandResult up = await Lab.RunAsync(["up", "--detach", .. place, .. address]);
        Assert.True(up.ExitCode == 0, up.ToString());
        try
        {
            // As if the terminal were closed in which it was started.
            foreach (int host in ProcessIds(up.Output))
                await TalkingProcess.SignalAsync(host, "HUP");
            Assert.Contains("3 nodes Ready after ", up.Output, StringComparison.Ordinal);
            Assert.Matches($@"n2\s+Ready\s+192\.168\.56\.12\s+10\.244\.1\.0/24\s+\d+\s+{address[1][..^1]}2:8472\s+https://{address[1][..^1]}2:6443", up.Output);
            Assert.True(File.Exists(Path.Combine(lab.Root, "labs", "lab", "kubeconfig")));

            JsonElement before = await StatusAsync(place);
            Assert.All(before.GetProperty("Hosts").EnumerateArray(), host => Assert.True(host.GetProperty("IsAlive").GetBoolean()));
            Assert.Equal(["n1", "n2", "n3"], before.GetProperty("Nodes").EnumerateArray().Where(n => n.GetProperty("IsReady").GetBoolean()).Select(n => n.GetProperty("Name").GetString()));
            // Neither --name nor the host's own directory has to be given.
            CommandResult exec = await Lab.RunAsync(["exec", .. place, "node/n2", "--", "ip", "route"]);
            Assert.True(exec.ExitCode == 0, exec.ToString());
            Assert.Contains("10.244.1.0/24 dev cni0", exec.Output, StringComparison.Ordinal);
            // It said so when all nodes were Ready, and comes back when names work.
            Assert.Contains("The cluster's DNS answers after ", up.Output, StringComparison.Ordinal);
            // Each node's rules hear of it a moment later.
            await Lab.UntilAsync(
                () => Lab.RunAsync(["exec", .. place, "node/n3", "--", "dig", "@10.96.0.10", "+short", "kubernetes.default.svc.cluster.local"]),
                static name => name.Output == "10.96.0.1\n", "node n3 finds the name of the API's Service");

            await RefusedAsync(["up", "--detach", .. place, .. address], "lab lab runs already", "n1 (process ", "actornet down");
            await RefusedAsync(["up", "--name", "second", .. place, .. address], $"TCP {address[1]}:6443", "--address");
            Assert.False(Directory.Exists(Path.Combine(lab.Root, "labs", "second")));

            await Lab.UntilAsync(() => StatusAsync(place), static s => StoreMembers(s) == 3, "the store is on all hosts");
            // The host with the API server: the others go on, and are asked for the Nodes.
            int killed = before.GetProperty("Hosts")[0].GetProperty("ProcessId").GetInt32();
            await LabProcess.SignalAsync(killed, "KILL");
            JsonElement after = await Lab.UntilAsync(() => StatusAsync(place), s => !s.GetProperty("Hosts")[0].GetProperty("IsAlive").GetBoolean() && s.GetProperty("ApiError").ValueKind == JsonValueKind.Null, "the API is answered by another host");
            Assert.Equal(3, after.GetProperty("Nodes").GetArrayLength());
            CommandResult shown = await Lab.RunAsync(["status", .. place]);
            Assert.Matches($@"n1\s+{killed}\s+dead", shown.Output);
            Assert.Matches(@"n2\s+\d+\s+alive", shown.Output);
        }
        finally
        {
            CommandResult down = await Lab.RunAsync(["down", .. place]);
            Assert.True(down.ExitCode == 0, down.ToString());
            Assert.Matches(@"n1 \(process \d+\) had ended already", down.Output);
            Assert.Matches(@"n2 \(process \d+\) has ended", down.Output);
            Assert.Contains("removed", down.Output, StringComparison.Ordinal);
            AssertGone(up.Output);
        }

        Assert.False(Directory.Exists(Path.Combine(lab.Root, "labs")));
        await RefusedAsync(["down", .. place], "there is no lab lab");
    }

    [Fact]
    public async Task A_lab_in_the_foreground_tells_of_a_killed_host_and_ends_with_an_interrupt()
    {
        await using var lab = new Lab();
        await using OtlpCollector collector = await OtlpCollector.StartAsync(grpc: true);
        string[] place = ["--state-dir", lab.Root];
        var variables = new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc", ["OTEL_METRIC_EXPORT_INTERVAL"] = "500" };
        using var up = RunningCommand.StartHearing("INT", ["up", "--nodes", "2", .. place, "--address", FreshAddress(), "--log-format", "json", "--otlp", collector.Address.ToString()], variables);
        await up.SaysAsync("The lab runs until Ctrl-C.");
        // Both hosts got both options.
        await Lab.UntilAsync(() => Task.FromResult(collector.Nodes()), static nodes => nodes.SetEquals(["n1", "n2"]), "counters of both hosts come by gRPC");
        await Lab.UntilAsync(() => Task.FromResult(collector.Spans()), static spans => spans.Any(static span => span.Name == "store commit"), "spans come by gRPC");
        Assert.All(new[] { "n1", "n2" }, host => Assert.StartsWith("{\"time\":\"", File.ReadAllText(Path.Combine(lab.Root, "lab", host, "host.log")), StringComparison.Ordinal));
        JsonElement status = await StatusAsync(place);
        await LabProcess.SignalAsync(status.GetProperty("Hosts")[1].GetProperty("ProcessId").GetInt32(), "KILL");
        await up.SaysAsync("has ended unexpectedly, exit code 137");

        await up.SignalAsync("INT");
        Assert.Equal(0, await up.EndAsync());
        AssertGone(up.Said);
        Assert.Empty(Directory.EnumerateFileSystemEntries(lab.Root));
    }

    /// <summary>SIGTERM, and what the closing of a terminal sends.</summary>
    [Theory]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public async Task A_lab_in_the_foreground_ends_with_a_signal_and_leaves_nothing(string signal)
    {
        await using var lab = new Lab();
        using var up = RunningCommand.StartHearing(signal, ["up", "--nodes", "1", "--state-dir", lab.Root, "--address", FreshAddress()]);
        await up.SaysAsync("started (process ");

        // Before it is Ready: it is given up.
        await up.SignalAsync(signal);
        Assert.Equal(130, await up.EndAsync());
        AssertGone(up.Said);
        Assert.Empty(Directory.EnumerateFileSystemEntries(lab.Root));
    }

    [Fact]
    public async Task The_hosts_end_with_a_parent_that_is_killed_and_what_is_left_is_said_and_removed()
    {
        await using var lab = new Lab();
        string[] place = ["--state-dir", lab.Root];
        // Also the mode of systems that bind 127.0.0.1 only.
        using var up = RunningCommand.Start(["up", "--nodes", "2", .. place], new Dictionary<string, string> { ["ACTORNET_SINGLE_LOOPBACK"] = "1" });
        await up.SaysAsync("The lab runs until Ctrl-C.");
        Assert.Matches(@"n1\s+Ready\s+192\.168\.56\.11\s+10\.244\.0\.0/24\s+\d+\s+127\.0\.0\.1:\d+\s+https://127\.0\.0\.1:\d+", up.Said);
        Assert.Matches(@"n2\s+Ready\s+192\.168\.56\.12\s+10\.244\.1\.0/24\s+\d+\s+127\.0\.0\.1:\d+\s+https://127\.0\.0\.1:\d+", up.Said);

        await up.SignalAsync("KILL");
        await up.EndAsync();
        await Lab.UntilAsync(() => Task.FromResult(up.Said), said => ProcessIds(said).All(id => !IsAlive(id)), "the hosts end");
        await RefusedAsync(["up", "--nodes", "1", .. place], "lab lab has 2 hosts", "--nodes 2", "actornet down");
        await RefusedAsync(["up", "--nodes", "2", "--store", "memory", .. place], "keeps its objects on disk", "--store memory");
        CommandResult status = await Lab.RunAsync(["status", .. place]);
        Assert.Matches(@"n1\s+\d+\s+dead", status.Output);
        // Its objects are on its disks: it starts once more with them.
        CommandResult again = await Lab.RunAsync(["up", "--detach", "--nodes", "2", .. place], new Dictionary<string, string> { ["ACTORNET_SINGLE_LOOPBACK"] = "1" });
        Assert.True(again.ExitCode == 0, again.ToString());
        Assert.Contains("2 nodes Ready after ", again.Output, StringComparison.Ordinal);
        CommandResult down = await Lab.RunAsync(["down", .. place]);
        Assert.True(down.ExitCode == 0, down.ToString());
        Assert.Empty(Directory.EnumerateFileSystemEntries(lab.Root));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_and_nothing_is_made()
    {
        await using var lab = new Lab();
        string[] place = ["--state-dir", lab.Root];
        foreach (string nodes in new[] { "0", "33", "-1" })
            await RefusedAsync(["up", "--nodes", nodes, .. place], $"--nodes {nodes}", "1 to 32");
        await RefusedAsync(["up", "--name", "Not_A_Label", .. place], "--name Not_A_Label", "RFC 1123");
        await RefusedAsync(["up", "--address", "192.0.2.1", .. place], "--address 192.0.2.1", "loopback", "actornet join");
        await RefusedAsync(["up", "--state-dir", Path.Combine(lab.Root, new string('d', 100))], "107 bytes");
        await RefusedAsync(["status", .. place], "no host runs in", "actornet up");

        string file = Path.Combine(lab.Root, "file");
        await File.WriteAllTextAsync(file, "");
        await RefusedAsync(["up", "--state-dir", file], $"{file} cannot be written");
        Directory.CreateDirectory(Path.Combine(lab.Root, "else", "things"));
        await RefusedAsync(["up", "--name", "else", .. place], "is not empty and no lab");
        using (new FileStream(Path.Combine(lab.Root, "lab.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose))
        {
            await RefusedAsync(["up", .. place], "another command starts or ends it");
            await RefusedAsync(["down", .. place], "another command starts or ends it");
        }

        string address = FreshAddress();
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        taken.Bind(new IPEndPoint(IPAddress.Parse(address[..^1] + "2"), 8472));
        await RefusedAsync(["up", .. place, "--address", address], OperatingSystem.IsLinux() ? $"UDP {address[..^1]}2:8472 by process {Environment.ProcessId} (" : $"UDP {address[..^1]}2:8472");
        Assert.Equal(["else", "file"], Directory.EnumerateFileSystemEntries(lab.Root).Select(Path.GetFileName).Order());
    }

    // A foreign process that got a recorded id is not touched: the record's start time is another.
    [Fact]
    public async Task Down_leaves_a_foreign_process_with_a_recorded_id_alone()
    {
        await using var lab = new Lab();
        using var foreign = Process.Start(new ProcessStartInfo("sleep", ["600"]))!;
        string root = Path.Combine(lab.Root, "lab");
        Directory.CreateDirectory(root);
        await File.WriteAllTextAsync(Path.Combine(root, "lab.json"), $$"""
            { "name": "lab", "isDetached": true, "madeParent": false, "hosts": [ { "name": "n1", "process": { "id": {{foreign.Id}}, "started": "before" },
              "at": { "address": "127.0.0.1", "controlPort": 1, "apiPort": 2, "kubeletPort": 3, "underlayPort": 4, "lanPort": 5, "nodeIp": "192.168.56.11" } } ] }
            """);
        CommandResult down = await Lab.RunAsync("down", "--state-dir", lab.Root);
        Assert.True(down.ExitCode == 0, down.ToString());
        Assert.Contains("had ended already", down.Output, StringComparison.Ordinal);
        Assert.False(foreign.HasExited);
        foreign.Kill();
        Assert.False(Directory.Exists(root));
    }

    private static int StoreMembers(JsonElement lab) => lab.GetProperty("Hosts")[0].GetProperty("Status") is { ValueKind: JsonValueKind.Object } status
        ? status.GetProperty("Store").GetProperty("Members").GetArrayLength() : 0;

    private static async Task<JsonElement> StatusAsync(string[] place)
    {
        CommandResult status = await Lab.RunAsync(["status", "-o", "json", .. place]);
        Assert.True(status.ExitCode == 0, status.ToString());
        using JsonDocument document = JsonDocument.Parse(status.Output);
        return document.RootElement.Clone();
    }

    private static async Task RefusedAsync(string[] arguments, params string[] said)
    {
        CommandResult result = await Lab.RunAsync(arguments);
        Assert.True(result.ExitCode == 2, result.ToString());
        Assert.All(said, s => Assert.Contains(s, result.Errors, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ActorNet.", result.Errors, StringComparison.Ordinal);
    }

    // The usual ports, on addresses of 127.0.0.0/8 that nobody else has.
    private static string FreshAddress() => $"127.{Random.Shared.Next(20, 250)}.{Random.Shared.Next(1, 250)}.1";

    private static void AssertGone(string said) => Assert.All(ProcessIds(said), id => Assert.False(IsAlive(id), $"process {id} still runs"));

    private static int[] ProcessIds(string said)
    {
        int[] ids = [.. System.Text.RegularExpressions.Regex.Matches(said, @"started \(process (\d+)\)").Select(m => int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.NotEmpty(ids);
        return ids;
    }

    // A zombie has ended: in a container nobody may be there to ask for its exit code.
    internal static bool IsAlive(int id)
    {
        try
        {
            if (OperatingSystem.IsLinux())
                return !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);
            using Process process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            // It has ended, perhaps while its file was read.
            return false;
        }
    }
}
