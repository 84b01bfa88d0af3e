using System.Text.Json;

namespace ActorNet.Processes.Tests;

/// <summary>Three real hosts that keep the API's objects on their disks or in a real etcd, and kubectl, which does not know how.</summary>
public sealed class StoreTests
{
    private const string Workload = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          replicas: 2
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec: { terminationGracePeriodSeconds: 0, containers: [ { name: c, image: "busybox:1.36", command: [sleep, infinity] } ] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web }
        spec: { selector: { app: web }, ports: [ { port: 80 } ] }
        """;

    [Fact]
    public async Task What_was_acknowledged_is_there_after_the_API_servers_host_was_killed_and_after_all_hosts_were()
    {
        Kubectl.Need();
        await using var lab = new Lab();
        await SurvivesAsync(lab, "embedded", firstIsLate: false, () => lab.StoredOnAsync(3));
    }

    // Debian's etcd, which goes on while hosts come and go. No disk says who decides: when all are started again, and the first is late, the others form the cluster.
    [Fact]
    public async Task So_it_is_with_objects_in_an_etcd()
    {
        Kubectl.Need();
        await using var lab = new Lab();
        using EtcdProcess etcd = await EtcdProcess.StartAsync(lab, lab.Place(124));
        await SurvivesAsync(lab, $"etcd={etcd.Address.GetLeftPart(UriPartial.Authority)}", firstIsLate: true, static () => Task.CompletedTask);
    }

    private static async Task SurvivesAsync(Lab lab, string store, bool firstIsLate, Func<Task> isStored)
    {
        LabPlace[] at = [lab.Place(121), lab.Place(122), lab.Place(123)];
        LabProcess[] hosts = await StartAsync(lab, at, store);
        Kubectl kubectl = new(Path.Combine(lab.StateOf("n1"), "kubeconfig"), at[1]);
        await kubectl.CreateAsync(Workload);
        await isStored();

        // Writes go on while the host is killed: each that kubectl calls created has its name in the file.
        string acknowledged = Path.Combine(lab.StateOf("n1"), "acknowledged");
        Task<CommandResult> writing = kubectl.ShellAsync(
            """i=0; while [ ! -e enough ]; do i=$((i+1)); kubectl create configmap c$i --from-literal=n=$i > /dev/null 2>&1 && echo c$i >> acknowledged; done""");
        await GrowsAsync(acknowledged, 5);
        await hosts[0].KillAsync();
        int before = Count(acknowledged);
        await GrowsAsync(acknowledged, before + 5);
        await File.WriteAllTextAsync(Path.Combine(lab.StateOf("n1"), "enough"), "");
        await writing;
        JsonElement moved = await lab.StatusAsync("n2");
        Assert.NotEqual("n1", moved.GetProperty("ApiServerHost").GetString());
        string[] names = await File.ReadAllLinesAsync(acknowledged);
        await HasAllAsync(kubectl, names);
        string kept = await kubectl.DoAsync(Kept);

        foreach (LabProcess host in hosts[1..])
            await host.KillAsync();
        await StartAsync(lab, at, store, firstIsLate);

        await HasAllAsync(kubectl, names);
        Assert.Equal(kept, await kubectl.DoAsync(Kept));
        await kubectl.DoAsync("wait", "deployment/web", "--for=condition=Available", "--timeout=60s");
        await kubectl.CreateAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: more }");
    }

    // What must be the same afterwards: the addresses that were given out.
    private static string[] Kept => ["get", "service/web", "node/n1", "node/n2", "node/n3", "-o", "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.spec.clusterIP}{.spec.podCIDR}{\"\\n\"}{end}"];

    // The others join the first, which waits with its API for one of them when its disk is one of three; or it joins them.
    private static async Task<LabProcess[]> StartAsync(Lab lab, LabPlace[] at, string store, bool firstIsLate = false)
    {
        LabProcess First() => lab.Launch("n1", at[0], null, "--store", store);
        LabProcess? first = firstIsLate ? null : First();
        LabProcess[] others = [lab.Launch("n2", at[1], at[0], "--store", store), lab.Launch("n3", at[2], at[0], "--store", store)];
        if (first is not null)
            await first.ReadyAsync();
        foreach (LabProcess host in others)
            await host.ReadyAsync();
        if (first is null)
            await (first = First()).ReadyAsync();
        await Lab.UntilAsync(() => lab.StatusAsync("n1"), static status => status.GetProperty("Members").GetArrayLength() == 3, "the three are one cluster");
        return [first, .. others];
    }

    private static async Task GrowsAsync(string file, int to) => await Lab.UntilAsync(() => Task.FromResult(Count(file)), count => count >= to, $"{to} writes are acknowledged");

    private static int Count(string file) => File.Exists(file) ? File.ReadAllLines(file).Length : 0;

    private static async Task HasAllAsync(Kubectl kubectl, string[] names)
    {
        string there = await kubectl.DoAsync("get", "configmaps", "-o", "jsonpath={range .items[*]}{.metadata.name}={.data.n} {end}");
        Assert.Empty(names.Select(static name => $"{name}={name[1..]}").Except(there.Split(' ')));
    }
}
