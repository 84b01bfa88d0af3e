using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Bench;

/// <summary>A Service in front of pod `receiver`, made through the API: each port leads to the same port of the pod.</summary>
internal static class BenchService
{
    private const string Name = "receiver";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly (string Name, string Protocol, int Port)[] Ports =
    [
        ("udp", "UDP", UdpBench.Port), ("flows", "UDP", UdpBench.ServiceFlowsPort),
        ("stream", "TCP", TcpBench.StreamPort), ("connect", "TCP", TcpBench.ServiceConnectPort), ("http", "TCP", TcpBench.HttpPort),
    ];

    /// <summary>Makes it and waits until its rules are in force.</summary>
    /// <param name="api">The host that has the API server.</param>
    /// <param name="from">The host whose pods use it.</param>
    /// <param name="pod">Address of the pod.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>The ClusterIP.</returns>
    /// <exception cref="UsageException">The rules did not come.</exception>
    public static async Task<string> CreateAsync(LabHost api, HostClient from, string pod, CancellationToken ct)
    {
        using HttpClient http = KubeconfigHttp.Open(Path.Combine(api.StateDirectory, HostSecurity.KubeconfigName));
        var objects = new BenchObjects(http);
        await objects.CreateAsync("api/v1/namespaces/default/services", Service(), ct).ConfigureAwait(false);
        await objects.CreateAsync("apis/discovery.k8s.io/v1/namespaces/default/endpointslices", Slice(pod), ct).ConfigureAwait(false);
        JsonObject made = await objects.GetAsync($"api/v1/namespaces/default/services/{Name}", ct).ConfigureAwait(false);
        string clusterIp = made["spec"]!["clusterIP"]!.GetValue<string>();
        long start = TimeProvider.System.GetTimestamp();
        while (await CountRulesAsync(from, pod, ct).ConfigureAwait(false) < Ports.Length)
        {
            if (TimeProvider.System.GetElapsedTime(start) > Patience)
                throw new UsageException($"bench: within {Patience.TotalSeconds:0} s kube-proxy made no rules that lead from {clusterIp} to {pod} on node n1: its log is {LabDirectory.LogIn(api.StateDirectory)}.");
            await Task.Delay(Poll, ct).ConfigureAwait(false);
        }

        return clusterIp;
    }

    private static async Task<int> CountRulesAsync(HostClient host, string pod, CancellationToken ct)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        using var errors = new StringWriter(CultureInfo.InvariantCulture);
        await host.ExecAsync(new ExecRequest("node/n1", ["iptables-save", "-t", "nat"], null), output, errors, ct).ConfigureAwait(false);
        return output.ToString().Split('\n').Count(line => line.Contains($"--to-destination {pod}:", StringComparison.Ordinal));
    }

    private static JsonObject Service() => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = Name },
        ["spec"] = new JsonObject { ["ports"] = PortList() },
    };

    private static JsonObject Slice(string pod) => new()
    {
        ["apiVersion"] = "discovery.k8s.io/v1",
        ["kind"] = "EndpointSlice",
        ["metadata"] = new JsonObject { ["name"] = $"{Name}-1", ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = Name } },
        ["addressType"] = "IPv4",
        ["ports"] = PortList(),
        ["endpoints"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(pod),
            ["conditions"] = new JsonObject { ["ready"] = true },
            ["nodeName"] = "n2",
        }),
    };

    private static JsonArray PortList() =>
        [.. Ports.Select(each => new JsonObject { ["name"] = each.Name, ["protocol"] = each.Protocol, ["port"] = each.Port })];
}
