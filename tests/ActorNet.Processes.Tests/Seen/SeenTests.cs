using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ActorNet.Processes.Tests.Seen;

/// <summary>What a real host shows of itself, by judges of other makers: kubectl, Prometheus' promtool, protobuf's decoder, the kernel's tables of sockets.</summary>
public sealed partial class SeenTests
{
    private static readonly TimeSpan ToolPatience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_host_shows_its_status_its_counters_its_spans_and_listens_where_the_table_says()
    {
        Kubectl.Need();
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        await using var lab = new Lab();
        LabPlace at = lab.Place(95);
        LabProcess host;
        Environment.SetEnvironmentVariable("OTEL_METRIC_EXPORT_INTERVAL", "500");
        try
        {
            host = await lab.StartAsync("n1", at, null, "--otlp", collector.Address.ToString(), "--log-format", "json");
        }
        finally
        {
            Environment.SetEnvironmentVariable("OTEL_METRIC_EXPORT_INTERVAL", null);
        }

        var kubectl = new Kubectl(Path.Combine(lab.StateOf("n1"), "kubeconfig"), at);
        await TellsItsStatusAsync(kubectl, host);
        await CountsAsync(lab, kubectl);
        if (OperatingSystem.IsLinux())
            await ListensAsTheTableSaysAsync(lab, host);
        await SendsAsync(collector);
        Assert.Equal(0, await host.StopAsync());
        SaidAsJson(host);
    }

    private static async Task TellsItsStatusAsync(Kubectl kubectl, LabProcess host)
    {
        Assert.Equal("[+]ping ok\n[+]etcd ok\n[+]informer-sync ok\n[+]shutdown ok\nreadyz check passed\n", (await kubectl.UntilAsync(static r => r.ExitCode == 0, "get", "--raw", "/readyz?verbose")).Output);
        using JsonDocument status = JsonDocument.Parse(await kubectl.DoAsync("get", "--raw", "/actornet/v1/status"));
        JsonElement root = status.RootElement, member = root.GetProperty("cluster")[0], store = root.GetProperty("store");
        Assert.Equal(("n1", host.ProcessId), (root.GetProperty("singleton").GetProperty("host").GetString(), root.GetProperty("singleton").GetProperty("pid").GetInt32()));
        Assert.Equal((host.At.Control, "Up", true), (member.GetProperty("address").GetString(), member.GetProperty("state").GetString(), member.GetProperty("isReachable").GetBoolean()));
        Assert.Equal("leads", store.GetProperty("state").GetString());
        Assert.Equal([store.GetProperty("leader").GetString()], store.GetProperty("members").EnumerateArray().Select(static m => m.GetString()));
        Assert.True(store.GetProperty("revision").GetInt64() > 0);
        Assert.Contains(root.GetProperty("caches").EnumerateArray(), static cache => cache.GetProperty("topic").GetString() == "pods" && cache.GetProperty("behind").GetInt64() == 0);
    }

    private static async Task CountsAsync(Lab lab, Kubectl kubectl)
    {
        // Durations are noted from the first scrape on, counts from the start.
        await kubectl.DoAsync("get", "--raw", "/metrics");
        for (int i = 0; i < 3; i++)
            await kubectl.DoAsync("create", "configmap", $"c{i}");
        await lab.RunPodAsync("a", "n1");
        CommandResult ping = await lab.ExecAsync("pod/a", "ping", "-c", "3", "-i", "0.2", "10.244.0.1");
        Assert.True(ping.ExitCode == 0, ping.ToString());
        string text = await kubectl.DoAsync("get", "--raw", "/metrics");

        CommandResult checkedBy = await PromtoolAsync(text);
        Assert.True(checkedBy is { ExitCode: 0, Output: "", Errors: "" }, $"promtool check metrics: {checkedBy}\n{text}");
        Assert.Equal(3, Value(text, "apiserver_request_total", ("verb", "POST"), ("resource", "configmaps"), ("code", "201")));
        Assert.Equal(3, Value(text, "apiserver_request_duration_seconds_count", ("verb", "POST"), ("resource", "configmaps")));
        Assert.Equal(1, Value(text, "actornet_store_is_leader"));
        Assert.True(Value(text, "actornet_store_fsync_duration_seconds_count") > 0);
        Assert.True(Value(text, "actornet_store_commit_index") > 0 && Value(text, "actornet_store_size_bytes") > 0);
        Assert.Equal(1, Value(text, "actornet_cluster_members", ("state", "Up")));
        Assert.Equal(1, Value(text, "actornet_informer_synced", ("resource", "services")));
        // The three requests at least, and what ARP asked.
        Assert.True(Value(text, "actornet_device_transmit_frames_total", ("namespace", "a"), ("device", "eth0")) >= 3);
        // net.netfilter.nf_conntrack_max of a machine with as much memory as our default is for.
        Assert.Equal(262_144, Value(text, "actornet_conntrack_entries_limit", ("namespace", "root")));
        Assert.Contains("# TYPE kubeproxy_sync_proxy_rules_iptables_restore_failures_total counter\n", text, StringComparison.Ordinal);
    }

    private static async Task ListensAsTheTableSaysAsync(Lab lab, LabProcess host)
    {
        await lab.RunPodAsync("open", "n1", "image: \"busybox:1.36\", command: [\"sleep\", \"infinity\"], ports: [ { containerPort: 80, hostPort: 28080 } ]");
        string hostPort = "";
        JsonElement status = await Lab.UntilAsync(() => lab.StatusAsync("n1"), s => (hostPort = RealOf(s, ":28080")).Length > 0, "the pod's host port is open");
        HashSet<string> listening = ListeningSockets.Of(host.ProcessId);

        // What the table has, with this host's own ports.
        var options = new Dictionary<string, int>
        {
            ["--control-port"] = host.At.ControlPort,
            ["--api-port"] = host.At.ApiPort,
            ["--kubelet-port"] = host.At.KubeletPort,
            ["--store-port"] = host.At.StorePort,
            ["--underlay-port"] = host.At.UnderlayPort,
            ["--lan-port"] = host.At.LanPort,
        };
        foreach ((string protocol, string port, string option) in Table())
        {
            string expected = options.TryGetValue(option, out int chosen)
                ? string.Create(CultureInfo.InvariantCulture, $"{protocol} {host.At.Address}:{chosen}")
                : $"{protocol} {RealOf(status, $":{port}")}";
            Assert.True(listening.Remove(expected), $"the README's table has {protocol} {port} {option}, and the host does not listen on {expected}; it listens on {string.Join(", ", listening)}");
            options.Remove(option);
        }

        Assert.Empty(options);
        Assert.True(listening.Remove($"tcp {hostPort}"), $"{hostPort} is not among {string.Join(", ", listening)}");
        Assert.True(listening.Remove($"unix {Path.Combine(lab.StateOf("n1"), "actornet.sock")}"), string.Join(", ", listening));
        // Sockets that only send, and the runtime's own.
        listening.RemoveWhere(each => each.StartsWith($"udp {host.At.Address}:", StringComparison.Ordinal) || each.Contains($"/dotnet-diagnostic-{host.ProcessId}-", StringComparison.Ordinal));
        Assert.True(listening.Count == 0, $"the README's table of ports lacks {string.Join(", ", listening)}");
    }

    private static void SaidAsJson(LabProcess host)
    {
        string[] lines = host.Said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.True(lines.Length >= 2, host.Said);
        foreach (string line in lines)
        {
            using JsonDocument entry = JsonDocument.Parse(line);
            Assert.Equal(("n1", "n1"), (entry.RootElement.GetProperty("host").GetString(), entry.RootElement.GetProperty("node").GetString()));
            Assert.Contains(entry.RootElement.GetProperty("level").GetString(), (string[])["info", "warning", "error"]);
        }
    }

    private static async Task SendsAsync(OtlpCollector collector)
    {
        await Lab.UntilAsync(() => Task.FromResult(collector.Metrics()), static m => m.Contains("actornet apiserver_request_total") && m.Contains("actornet actornet_device_transmit_frames_total"), "the collector has metrics");
        // A commit is a span below the request that asked for it.
        await Lab.UntilAsync(
            () => Task.FromResult(collector.Spans()),
            static spans => spans.Any(commit => commit.Name == "store commit" && spans.Any(request => request.Id == commit.Parent && request.Name == "POST configmaps")), "the collector has a request's span and its commit's");
    }

    // Rows whose port is a number; the others are told apart above.
    private static List<(string Protocol, string Port, string Option)> Table()
    {
        string readme = File.ReadAllText(Path.Combine(Repository(), "README.md")).Replace("\r", "", StringComparison.Ordinal);
        string section = readme[readme.IndexOf("\n## Ports\n", StringComparison.Ordinal)..];
        section = section[..section.IndexOf("\n## ", 4, StringComparison.Ordinal)];
        return [.. PortRow().Matches(section).Select(static row => (row.Groups[1].Value.ToLowerInvariant(), row.Groups[2].Value, row.Groups[3].Value))];
    }

    private static string Repository()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "ActorNet.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("not in a clone of the repository");
    }

    // Where a port of the node's network is bound on this machine.
    private static string RealOf(JsonElement status, string end) => status.GetProperty("Edge").GetProperty("Ports").EnumerateArray()
        .Where(port => port.GetProperty("Target").GetString()!.EndsWith(end, StringComparison.Ordinal)).Select(static port => port.GetProperty("Real").GetString()).FirstOrDefault() ?? "";

    private static async Task<CommandResult> PromtoolAsync(string text)
    {
        bool isThere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(static folder => File.Exists(Path.Combine(folder, "promtool")));
        const string Why = "needs promtool on the PATH (Debian package prometheus)";
        if (!isThere && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(Why);
        Assert.SkipUnless(isThere, Why);
        return await CommandResult.OfAsync(new ProcessStartInfo("promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true }, ToolPatience, text);
    }

    // The sample of a metric that has these labels, among others.
    private static double Value(string text, string name, params (string Name, string Value)[] labels)
    {
        string[] lines = [.. text.Split('\n').Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) && labels.All(label => line.Contains($"{label.Name}=\"{label.Value}\"", StringComparison.Ordinal)))];
        Assert.True(lines.Length == 1, $"{lines.Length} samples of {name} {string.Join(", ", labels)}:\n{string.Join('\n', lines)}\nof\n{text}");
        return double.Parse(lines[0][(lines[0].LastIndexOf('}') + 2)..].Split(' ')[0], CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^\| (TCP|UDP) (\d+) \| (?:`([^`]+)`)? ?\|", RegexOptions.Multiline)]
    private static partial Regex PortRow();
}
