using System.Text.Json;
using ActorNet.Kubernetes.Faults;

namespace ActorNet.Processes.Tests.Nemesis;

/// <summary>Three real hosts lose their cluster, first one of them, then all at once; what runs on them goes on, and the cluster is one again.</summary>
public sealed class LostClusterTests
{
    private const int Port = 5000;

    // Nothing lasts as long: each cut ends when the test says so.
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Who_loses_the_cluster_keeps_its_pods_and_finds_back_also_when_all_have_lost_it_and_the_first_host_is_dead()
    {
        Kubectl.Need();
        await using var lab = new Lab();
        using var trio = new HostTrio(lab, lab.Place(141), lab.Place(142), lab.Place(143));
        await trio.StartAsync();
        Kubectl kubectl = new(Path.Combine(lab.StateOf("n1"), "kubeconfig"), trio[1].At);
        await kubectl.CreateAsync(Pod("far", "n2", "sleep infinity"));
        await kubectl.CreateAsync(Pod("keeper", "n3", $"nc -l -p {Port} > /tmp/got; sleep infinity"));
        await kubectl.CreateAsync(Pod("probed", "n3", "echo run >> /data/runs; touch /data/ok; sleep infinity", ", livenessProbe: { initialDelaySeconds: 3, periodSeconds: 1, failureThreshold: 3, exec: { command: [cat, /data/ok] } }"));
        await kubectl.DoAsync("wait", "pod", "--all", "--for=condition=Ready", "--timeout=80s");
        string keeper = await kubectl.DoAsync("get", "pod", "keeper", "-o", "jsonpath={.status.podIP}");
        await kubectl.CreateAsync(Pod("talker", "n3", $"i=0; while [ ! -e /tmp/end ]; do i=$((i+1)); echo $i; sleep 0.05; done | nc {keeper} {Port}; sleep infinity"));
        await kubectl.DoAsync("wait", "pod", "--all", "--for=condition=Ready", "--timeout=80s");
        string pods = await kubectl.DoAsync(Pods);
        using PodFlow tunnel = PodFlow.Ping(lab, "far", keeper);
        await GoesOnAsync(lab, tunnel);

        await CutAsync(trio, 2, 0, 1);
        await UntilLostAsync(trio, 2);
        await kubectl.UntilAsync(static result => result.Output == "Unknown", NodeReady);
        // Probes are made, and what does not pass is started again.
        CommandResult removed = await lab.ExecAsync("pod/probed", "rm", "/data/ok");
        Assert.True(removed.ExitCode == 0, removed.ToString());
        await Lab.UntilAsync(() => lab.ExecAsync("pod/probed", "cat", "/data/runs"), static runs => runs.Output == "run\nrun\n", "the container that fails its probe is started again");
        await GoesOnAsync(lab, tunnel);
        await trio.ClearAsync(2);
        await trio.WholeAsync();
        await kubectl.UntilAsync(static result => result.Output == "True", NodeReady);
        await GoesOnAsync(lab, tunnel);
        Assert.Equal(pods, await kubectl.DoAsync(Pods));

        // Each alone is no majority, so all lose it; and the one that formed it comes back as one that joins.
        await CutAsync(trio, 0, 1, 2);
        await CutAsync(trio, 1, 0, 2);
        await CutAsync(trio, 2, 0, 1);
        await UntilLostAsync(trio, 0, 1, 2);
        await SayThatNobodyLeadsAsync(lab, trio);
        await trio[0].KillAsync();
        await trio.ClearAsync(1);
        await trio.ClearAsync(2);
        await Lab.UntilAsync(() => trio.StatusAsync(1), static status => status is { ControlState: "up", Members.Count: 2, ApiServerHost: not null }, "two of three form the cluster anew");
        await kubectl.CreateAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: written-by-two }");
        trio.Restart(0);
        await trio.WholeAsync();
        await kubectl.CreateAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: written-by-three }");
        await GoesOnAsync(lab, tunnel);
        await tunnel.EndAnsweredAsync();
        Assert.Equal(pods, await kubectl.DoAsync(Pods));
        Assert.Equal(0, (await lab.ExecAsync("pod/talker", "touch", "/tmp/end")).ExitCode);
        string[] heard = await HeardAsync(lab);
        Assert.Equal(Enumerable.Range(1, heard.Length).Select(static number => $"{number}"), heard);
        await OthersFormWithoutTheFirstAsync(lab, trio);
    }

    // As after a power failure that the first host, the one with --init, did not survive.
    private static async Task OthersFormWithoutTheFirstAsync(Lab lab, HostTrio trio)
    {
        string config = Path.Combine(lab.StateOf("n2"), "kubeconfig-of-the-first");
        File.Copy(Path.Combine(lab.StateOf("n1"), "kubeconfig"), config);
        Kubectl kubectl = new(config, trio[1].At);
        for (int host = 0; host < trio.Count; host++)
            await trio[host].KillAsync();
        Directory.Delete(lab.StateOf("n1"), recursive: true);
        trio.Restart(1);
        trio.Restart(2);
        await Lab.UntilAsync(() => trio.StatusAsync(1), static status => status is { ControlState: "up", Members.Count: 2, ApiServerHost: not null }, "two of three form the cluster without the first");
        await kubectl.UntilAsync(static result => result.Output == "written-by-three", "get", "configmap", "written-by-three", "-o", "jsonpath={.metadata.name}");
        await kubectl.CreateAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: written-without-the-first }");
    }

    // In upstream's words (apiserver pkg/server/healthz/healthz.go), which kubectl quotes as Go does; the reason is for who may ask for the check by name.
    private static async Task SayThatNobodyLeadsAsync(Lab lab, HostTrio trio)
    {
        for (int host = 0; host < 3; host++)
        {
            string name = HostTrio.NameOf(host);
            Kubectl kubectl = new(Path.Combine(lab.StateOf("n1"), "kubeconfig"), trio[host].At);
            await kubectl.UntilAsync(static r => r.ExitCode != 0 && r.Errors.Contains(@"(""[+]ping ok\n[-]etcd failed: reason withheld\nlivez check failed"")", StringComparison.Ordinal), "get", "--raw", "/livez");
            await kubectl.UntilAsync(static r => r.ExitCode != 0 && r.Errors.Contains(@"(""[+]ping ok\n[-]etcd failed: reason withheld\n", StringComparison.Ordinal) && r.Errors.Contains(@"\nreadyz check failed"")", StringComparison.Ordinal), "get", "--raw", "/readyz");
            await kubectl.UntilAsync(static r => r.ExitCode != 0 && r.Errors.Contains("internal server error: the store has no leader: a majority of", StringComparison.Ordinal), "get", "--raw", "/livez/etcd");
            using JsonDocument status = JsonDocument.Parse(await kubectl.DoAsync("get", "--raw", "/actornet/v1/status"));
            JsonElement store = status.RootElement.GetProperty("store");
            Assert.Equal(("waits", JsonValueKind.Null, 3), (store.GetProperty("state").GetString(), store.GetProperty("leader").ValueKind, store.GetProperty("members").GetArrayLength()));
            CommandResult shown = await Lab.RunAsync("status", "--state-dir", lab.StateOf(name));
            Assert.Matches($@"{name} store: waits, revision \d+, members .*: a majority of them must run before the API serves", shown.Output);
        }
    }

    private static string[] NodeReady => ["get", "node", "n3", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}"];

    // Of one that is started again the uid, the address and the time of its start stay, too.
    private static string[] Pods => ["get", "pods", "-o", "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.status.podIP} {.status.startTime}{\"\\n\"}{end}"];

    // No toleration ends, so that none is evicted, as with a DaemonSet's pods.
    private static string Pod(string name, string node, string script, string more = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}} }
        spec:
          nodeName: {{node}}
          terminationGracePeriodSeconds: 0
          tolerations: [ { operator: Exists } ]
          volumes: [ { name: data, emptyDir: {} } ]
          containers: [ { name: c, image: "busybox:1.36", command: [sh, -c, "{{script}}"], volumeMounts: [ { name: data, mountPath: /data } ]{{more}} } ]
        """;

    private static async Task CutAsync(HostTrio trio, int host, params int[] peers)
    {
        foreach (int peer in peers)
            Assert.True(await trio.FaultAsync(host, peer, FaultDirection.Both, TimeSpan.Zero, Long));
    }

    private static async Task UntilLostAsync(HostTrio trio, params int[] hosts)
    {
        foreach (int host in hosts)
            await Lab.UntilAsync(() => trio.StatusAsync(host), static status => status?.ControlState == "cut off", $"{HostTrio.NameOf(host)} has lost the cluster");
    }

    // Over the tunnel, and on the connection between two pods of the host.
    private static async Task GoesOnAsync(Lab lab, PodFlow tunnel)
    {
        int before = (await HeardAsync(lab)).Length;
        await tunnel.GoesOnAsync(20);
        await Lab.UntilAsync(() => HeardAsync(lab), heard => heard.Length > before + 20, "the connection between two pods goes on");
    }

    private static async Task<string[]> HeardAsync(Lab lab) => (await lab.ExecAsync("pod/keeper", "cat", "/tmp/got")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
