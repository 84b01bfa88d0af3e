using System.Diagnostics;
using System.Globalization;
using System.Net;
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
            host = await lab.StartAsync("n1", at, null, "--otlp", collector.Address.ToString(), "--log-format", "json", "--control-links", "tls");
        }
        finally
        {
            Environment.SetEnvironmentVariable("OTEL_METRIC_EXPORT_INTERVAL", null);
        }

        var kubectl = new Kubectl(Path.Combine(lab.StateOf("n1"), "kubeconfig"), at);
        await TellsItsStatusAsync(kubectl, host);
        await CountsAsync(lab, kubectl);
        await CountsItsRulesAsync(lab, kubectl);
        if (OperatingSystem.IsLinux())
            await RefusesStrangersAsync(kubectl, lab, host, await ListensAsTheTableSaysAsync(lab, host));
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

    // kube-proxy's values beside the rules of the node: a chain for each endpoint, a line for each Service's port by its cluster IP (kubernetes pkg/proxy/iptables/proxier.go).
    private static async Task CountsItsRulesAsync(Lab lab, Kubectl kubectl)
    {
        await kubectl.CreateAsync("""
            apiVersion: v1
            kind: Service
            metadata: { name: two }
            spec: { ports: [ { port: 80 } ] }
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: { name: two-1, labels: { kubernetes.io/service-name: two } }
            addressType: IPv4
            ports: [ { name: "", port: 8080, protocol: TCP } ]
            endpoints: [ { addresses: [10.244.0.200] }, { addresses: [10.244.0.201] } ]
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: none }
            spec: { ports: [ { port: 80 } ] }
            """);
        // With Service kubernetes, whose endpoint is this host's API.
        string text = await Lab.UntilAsync(
            () => kubectl.DoAsync("get", "--raw", "/metrics"), static text => (Value(text, "actornet_kubeproxy_services"), Value(text, "actornet_kubeproxy_endpoints")) == (3, 3), "kube-proxy has rules for three Services and three endpoints");
        string rules = (await Lab.UntilAsync(() => lab.ExecAsync("node/n1", "iptables-save"), static saved => saved.Output.Contains("default/none has no endpoints", StringComparison.Ordinal), "the rules are in force")).Output;
        Assert.Equal(Value(text, "actornet_kubeproxy_endpoints"), rules.Split('\n').Count(static line => line.StartsWith(":KUBE-SEP-", StringComparison.Ordinal)));
        Assert.Equal(["default/kubernetes", "default/none", "default/two"], ServiceRule().Matches(rules).Select(static rule => rule.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));
    }

    // Where the ports are, by protocol and the table's option or number.
    private static async Task<Dictionary<string, IPEndPoint>> ListensAsTheTableSaysAsync(Lab lab, LabProcess host)
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
        var ports = new Dictionary<string, IPEndPoint>();
        foreach ((string protocol, string port, string option) in Table())
        {
            string expected = options.TryGetValue(option, out int chosen)
                ? string.Create(CultureInfo.InvariantCulture, $"{protocol} {host.At.Address}:{chosen}")
                : $"{protocol} {RealOf(status, $":{port}")}";
            Assert.True(listening.Remove(expected), $"the README's table has {protocol} {port} {option}, and the host does not listen on {expected}; it listens on {string.Join(", ", listening)}");
            options.Remove(option);
            ports.Add($"{protocol} {(option.Length > 0 ? option : port)}", IPEndPoint.Parse(expected.Split(' ')[1]));
        }

        Assert.Empty(options);
        Assert.True(listening.Remove($"tcp {hostPort}"), $"{hostPort} is not among {string.Join(", ", listening)}");
        Assert.True(listening.Remove($"unix {Path.Combine(lab.StateOf("n1"), "actornet.sock")}"), string.Join(", ", listening));
        // Sockets that only send, and the runtime's own.
        listening.RemoveWhere(each => each.StartsWith($"udp {host.At.Address}:", StringComparison.Ordinal) || each.Contains($"/dotnet-diagnostic-{host.ProcessId}-", StringComparison.Ordinal));
        Assert.True(listening.Count == 0, $"the README's table of ports lacks {string.Join(", ", listening)}");
        return ports;
    }

    // Every port of the table: refused, counted, harmless.
    private static async Task RefusesStrangersAsync(Kubectl kubectl, Lab lab, LabProcess host, Dictionary<string, IPEndPoint> ports)
    {
        int said = host.Said.Length;
        IPEndPoint health = ports["tcp 10256"];
        string before = await kubectl.DoAsync("get", "--raw", "/metrics");
        using var strangers = new PortStrangers();
        foreach ((string name, IPEndPoint port) in ports)
            await (name.StartsWith("tcp ", StringComparison.Ordinal) ? strangers.ComeToAsync(port) : strangers.SendToAsync(port));
        // Kestrel's limit of 130 s for an idle connection holds there, as in pods.
        await strangers.AreSentAwayAsync(health);

        await AreCountedAsync(kubectl, before);
        JsonElement status = await Lab.UntilAsync(() => lab.StatusAsync("n1"), static s => HealthPort(s).GetProperty("Open").GetInt32() == 0 && s.GetProperty("Pool").GetProperty("SmallOut").GetInt32() + s.GetProperty("Pool").GetProperty("LargeOut").GetInt32() == 0, "nothing of the strangers is kept");
        Assert.True(HealthPort(status).GetProperty("Accepted").GetInt64() >= PortStrangers.Connections, status.ToString());
        Assert.True(HealthPort(status).GetProperty("Cut").EnumerateObject().Sum(static reason => reason.Value.GetInt64()) >= PortStrangers.Junk + PortStrangers.Foreign, status.ToString());
        await Lab.UntilAsync(() => Task.FromResult(string.Join('\n', ListeningSockets.ConnectionsWith(host.ProcessId, PortStrangers.Address))), static left => left.Length == 0, "no stranger is connected any more");
        await AnswersAsBeforeAsync(kubectl, lab, health);
        SaidLittleOfStrangers(host.Said[said..]);
    }

    private static async Task AreCountedAsync(Kubectl kubectl, string before)
    {
        (string Name, (string, string)[] Labels, long More)[] counters =
        [
            ("actornet_control_refused_connections_total", [], PortStrangers.Connections),
            ("actornet_store_refused_connections_total", [], PortStrangers.Connections),
            ("apiserver_tls_handshake_errors_total", [], PortStrangers.WithoutTls),
            ("apiserver_request_total", [("code", "401")], PortStrangers.Foreign),
            ("actornet_kubelet_tls_handshake_errors_total", [], PortStrangers.WithoutTls),
            ("actornet_kubelet_refused_requests_total", [], PortStrangers.Foreign),
            ("actornet_dropped_frames_total", [("place", "flannel.1"), ("reason", "UnknownPeer")], 2 * PortStrangers.Datagrams),
            ("actornet_dropped_frames_total", [("place", "eth0"), ("reason", "UnknownPeer")], 2 * PortStrangers.Datagrams),
        ];
        await Lab.UntilAsync(
            async () =>
            {
                string now = await kubectl.DoAsync("get", "--raw", "/metrics");
                return string.Join('\n', counters.Where(counter => Sum(now, counter.Name, counter.Labels) < Sum(before, counter.Name, counter.Labels) + counter.More)
                    .Select(counter => $"{counter.Name} {string.Join(", ", counter.Labels)}: {Sum(now, counter.Name, counter.Labels)}, was {Sum(before, counter.Name, counter.Labels)}, {counter.More} came"));
            },
            static missing => missing.Length == 0, "every stranger is counted");
    }

    private static async Task AnswersAsBeforeAsync(Kubectl kubectl, Lab lab, IPEndPoint health)
    {
        Assert.Equal("ok", await kubectl.DoAsync("get", "--raw", "/readyz"));
        await kubectl.DoAsync("create", "configmap", "behind-strangers");
        CommandResult ping = await lab.ExecAsync("pod/a", "ping", "-c", "3", "-i", "0.2", "10.244.0.1");
        Assert.True(ping.ExitCode == 0, ping.ToString());
        using var http = new HttpClient();
        Assert.Contains("lastUpdated", await http.GetStringAsync(new Uri($"http://{health}/healthz")), StringComparison.Ordinal);
    }

    // One line a minute, of what came to the control port; a busy host may have other things to say, such as late heartbeats.
    private static void SaidLittleOfStrangers(string said)
    {
        int ofStrangers = 0;
        foreach (string line in said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            using JsonDocument entry = JsonDocument.Parse(line);
            if (entry.RootElement.GetProperty("source").GetString() == "control-port")
                ofStrangers++;
            Assert.True(line.Length < 1000 && entry.RootElement.GetProperty("level").GetString() != "error", line);
        }

        Assert.InRange(ofStrangers, 1, 5);
    }

    private static JsonElement HealthPort(JsonElement status) => status.GetProperty("Http").EnumerateArray().Single(static port => port.GetProperty("Port").GetInt32() == 10256);

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
        string readme = File.ReadAllText(Path.Combine(SourceTree.Root(), "README.md")).Replace("\r", "", StringComparison.Ordinal);
        string section = readme[readme.IndexOf("\n## Ports\n", StringComparison.Ordinal)..];
        section = section[..section.IndexOf("\n## ", 4, StringComparison.Ordinal)];
        return [.. PortRow().Matches(section).Select(static row => (row.Groups[1].Value.ToLowerInvariant(), row.Groups[2].Value, row.Groups[3].Value))];
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
        string[] lines = Samples(text, name, labels);
        Assert.True(lines.Length == 1, $"{lines.Length} samples of {name} {string.Join(", ", labels)}:\n{string.Join('\n', lines)}\nof\n{text}");
        return ValueOf(lines[0]);
    }

    private static double Sum(string text, string name, params (string Name, string Value)[] labels) => Samples(text, name, labels).Sum(ValueOf);

    private static string[] Samples(string text, string name, (string Name, string Value)[] labels) =>
        [.. text.Split('\n').Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) && labels.All(label => line.Contains($"{label.Name}=\"{label.Value}\"", StringComparison.Ordinal)))];

    private static double ValueOf(string sample) => double.Parse(sample[(sample.LastIndexOf('}') + 2)..].Split(' ')[0], CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\| (TCP|UDP) (\d+) \| (?:`([^`]+)`)? ?\|", RegexOptions.Multiline)]
    private static partial Regex PortRow();

    [GeneratedRegex(@"^-A KUBE-SERVICES .*--comment ""([^"":]+?)(?::\S+)? (?:cluster IP|has no endpoints)""", RegexOptions.Multiline)]
    private static partial Regex ServiceRule();
}
