namespace ActorNet.Processes.Tests;

/// <summary>The cluster's DNS and its own API from inside: two host processes, coredns on one of them, clients on both.</summary>
public sealed class DnsTests
{
    private const string Manifest = """
        apiVersion: v1
        kind: Service
        metadata: { name: web }
        spec: { selector: { app: web }, ports: [ { name: http, port: 80 } ] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: each }
        spec: { clusterIP: None, selector: { app: web }, ports: [ { name: http, port: 80 } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, labels: { app: web } }
        spec: { nodeName: n1, containers: [ { name: nginx, image: nginx, readinessProbe: { exec: { command: [ sh, -c, "test ! -e /tmp/unready" ] }, periodSeconds: 1, timeoutSeconds: 60, failureThreshold: 1 } } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: client }
        spec: { nodeName: n2, containers: [ { name: c, image: busybox, command: [ sleep, infinity ] } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: plain }
        spec: { nodeName: n2, dnsPolicy: None, dnsConfig: { nameservers: [ 10.96.0.10 ], searches: [ svc.cluster.local ], options: [ { name: ndots, value: "2" } ] }, containers: [ { name: c, image: busybox, command: [ sleep, infinity ] } ] }
        """;

    [Fact]
    public async Task Pods_and_nodes_find_services_by_name_and_the_api_by_its_service()
    {
        Kubectl.Need();
        await using var lab = new Lab { Dns = true };
        LabProcess first = await lab.StartAsync("n1", lab.Place(131));
        LabProcess second = await lab.StartAsync("n2", lab.Place(132), first.At);
        Kubectl kubectl = new(Path.Combine(lab.StateOf("n1"), "kubeconfig"), second.At);
        await kubectl.DoAsync("wait", "node/n1", "node/n2", "--for=condition=Ready", "--timeout=60s");
        await kubectl.CreateAsync(Manifest);
        await kubectl.DoAsync("wait", "pod/web", "pod/client", "pod/plain", "--for=condition=Ready", "--timeout=60s");
        await kubectl.DoAsync("-n", "kube-system", "wait", "deployment/coredns", "--for=condition=Available", "--timeout=80s");

        string address = await kubectl.DoAsync("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"), pod = await kubectl.DoAsync("get", "pod", "web", "-o", "jsonpath={.status.podIP}");
        await SaysAsync(lab, "pod/client", static page => page.Contains("Welcome to nginx!", StringComparison.Ordinal), "curl", "-s", "http://web/");
        await SaysAsync(lab, "pod/client", text => text == $"{address}\n", "dig", "+short", "web.default.svc.cluster.local");
        await SaysAsync(lab, "pod/client", text => text == $"{pod}\n", "dig", "+short", "+tcp", "each.default.svc.cluster.local");
        await SaysAsync(lab, "pod/client", static text => text == "web.default.svc.cluster.local.\n", "dig", "+short", "-x", address);
        await SaysAsync(lab, "pod/client", static text => text.Contains("Name:\tkubernetes.default.svc.cluster.local\nAddress: 10.96.0.1\n", StringComparison.Ordinal), "nslookup", "kubernetes.default.svc.cluster.local");
        await SaysAsync(lab, "pod/plain", text => text == $"{address,-15} web.default\n", "getent", "hosts", "web.default");
        Assert.Equal(2, (await lab.ExecAsync("pod/client", "getent", "hosts", "nosuch.example.com")).ExitCode);

        const string Place = "/var/run/secrets/kubernetes.io/serviceaccount";
        string[] ask = ["sh", "-c", $"curl -s --cacert {Place}/ca.crt -H \"Authorization: Bearer $(cat {Place}/token)\" https://kubernetes.default.svc/api/v1/namespaces/$(cat {Place}/namespace)"];
        // Until a role says otherwise, an account may do nothing with objects.
        await SaysAsync(lab, "pod/client", static text => text.Contains("User \\\"system:serviceaccount:default:default\\\" cannot get resource \\\"namespaces\\\"", StringComparison.Ordinal), ask);
        await kubectl.DoAsync("create", "rolebinding", "reader", "--clusterrole=view", "--serviceaccount=default:default");
        foreach (string asker in new[] { "pod/client", "pod/web" })
            await SaysAsync(lab, asker, static text => text.Contains("\"kind\":\"Namespace\"", StringComparison.Ordinal), ask);
        // From a node's own namespace, without a token.
        await SaysAsync(lab, "node/n2", static text => text.Contains("\"code\":401", StringComparison.Ordinal), "curl", "-sk", "https://10.96.0.1/api/v1/pods");

        // What is new has a name, and what goes has none.
        await kubectl.DoAsync("create", "service", "clusterip", "later", "--tcp=80", "--clusterip=10.96.0.77");
        await SaysAsync(lab, "pod/client", static text => text == "10.96.0.77\n", "dig", "+short", "later.default.svc.cluster.local");
        await kubectl.DoAsync("delete", "service", "later");
        await SaysAsync(lab, "pod/client", static text => text.Length == 0, "dig", "+short", "later.default.svc.cluster.local");
        await ReadinessReachesRulesAsync(lab);
    }

    // A probe on n1 fails: kubelet, API, EndpointSlice, the informer of the other process, and rules there.
    private static async Task ReadinessReachesRulesAsync(Lab lab)
    {
        const string Chain = "default/web:http ->", Refusal = "default/web:http has no endpoints";
        await SaysAsync(lab, "node/n2", static text => text.Contains(Chain, StringComparison.Ordinal), "iptables-save", "-t", "nat");
        Assert.Equal(0, (await lab.ExecAsync("pod/web", "touch", "/tmp/unready")).ExitCode);
        await SaysAsync(lab, "node/n2", static text => text.Contains(Refusal, StringComparison.Ordinal), "iptables-save", "-t", "filter");
        await Lab.UntilAsync(() => lab.ExecAsync("pod/client", "curl", "-s", "http://web/"), static result => result.ExitCode == 7, "a Service without a ready endpoint refuses");
        Assert.Equal(0, (await lab.ExecAsync("pod/web", "rm", "/tmp/unready")).ExitCode);
        await SaysAsync(lab, "node/n2", static text => text.Contains(Chain, StringComparison.Ordinal), "iptables-save", "-t", "nat");
        await SaysAsync(lab, "pod/client", static page => page.Contains("Welcome to nginx!", StringComparison.Ordinal), "curl", "-s", "http://web/");
    }

    // What the API knows reaches rules and servers of names by and by: each command is repeated until it says what is wanted, or for 90 s.
    private static Task<CommandResult> SaysAsync(Lab lab, string target, Func<string, bool> wanted, params string[] command) =>
        Lab.UntilAsync(() => lab.ExecAsync(target, command), result => wanted(result.Output), string.Join(' ', command));
}
