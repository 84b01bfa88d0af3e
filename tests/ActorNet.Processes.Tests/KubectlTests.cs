using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ActorNet.Processes.Tests;

/// <summary>Real kubectl and real host processes: what it creates runs, and what goes is gone everywhere.</summary>
public sealed class KubectlTests
{
    private const string Pods = """
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings }
        data: { greeting: hello }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, labels: { app: web } }
        spec: { nodeName: n1, containers: [ { name: nginx, image: nginx, envFrom: [ { configMapRef: { name: settings } } ] } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: client }
        spec: { nodeName: n2, containers: [ { name: c, image: busybox, command: [ sleep, infinity ] } ] }
        """;

    private const string Streamed = """
        apiVersion: v1
        kind: Pod
        metadata: { name: NAMEcount }
        spec: { nodeName: n2, restartPolicy: Never, containers: [ { name: c, image: busybox, command: [ sh, -c, 'for i in 1 2 3 4 5; do echo $i; sleep 0.3; done' ] } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: NAMEonce }
        spec: { nodeName: n2, restartPolicy: Never, containers: [ { name: c, image: busybox, stdin: true, stdinOnce: true, command: [ sh, -c, 'while read x; do echo got $x; done' ] } ] }
        """;

    private const string Peer = """
        apiVersion: v1
        kind: Node
        metadata:
          name: kernel
          annotations:
            flannel.alpha.coreos.com/backend-type: vxlan
            flannel.alpha.coreos.com/backend-data: '{"VNI":1,"VtepMAC":"02:42:ac:11:00:09"}'
            flannel.alpha.coreos.com/kube-subnet-manager: "true"
            flannel.alpha.coreos.com/public-ip: 127.0.10.99
        spec: { podCIDR: 10.244.77.0/24 }
        """;

    [Fact]
    public async Task Pods_and_nodes_made_through_a_host_without_the_api_server_run_and_are_tunnel_peers()
    {
        Kubectl.Need();
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(111));
        LabProcess second = await lab.StartAsync("n2", lab.Place(112), first.At);
        Kubectl kubectl = new(Path.Combine(lab.StateOf("n1"), "kubeconfig"), second.At);
        await kubectl.DoAsync("wait", "node/n1", "node/n2", "--for=condition=Ready", "--timeout=60s");
        await kubectl.CreateAsync(Pods);
        await kubectl.DoAsync("wait", "pod/web", "pod/client", "--for=condition=Ready", "--timeout=60s");
        string address = await kubectl.DoAsync("get", "pod", "web", "-o", "jsonpath={.status.podIP}");
        Assert.StartsWith("10.244.0.", address, StringComparison.Ordinal);
        await ServesAsync(lab, address);
        CommandResult greeting = await lab.ExecAsync("pod/web", "printenv", "greeting");
        Assert.Equal("hello\n", greeting.Output);
        await ServiceAccountsAsync(kubectl, lab, first, second);
        CommandResult events = await kubectl.UntilAsync(r => r.Output.Contains("pod/client", StringComparison.Ordinal) && r.Output.Contains("Started", StringComparison.Ordinal), "get", "events");
        Assert.Contains("pod/web", events.Output, StringComparison.Ordinal);

        // From n2's front to the API server on n1, and from there to each pod's kubelet.
        foreach (string pod in new[] { "web", "client" })
            Assert.Equal($"{pod}\n", await kubectl.DoAsync("exec", pod, "--", "hostname"));
        Assert.Contains("nginx", await kubectl.DoAsync("logs", "web"), StringComparison.Ordinal);

        // Each over WebSocket and over SPDY: from n2's front to the API on n1 and to the kubelet on n2, and from n1's front straight to n2's.
        Kubectl direct = new(Path.Combine(lab.StateOf("n1"), "kubeconfig"), first.At);
        await StreamsAsync(kubectl, "ws", "true");
        await StreamsAsync(direct, "spdy", "false");

        await kubectl.CreateAsync(Peer);
        await Lab.UntilAsync(() => lab.ExecAsync("node/n1", "ip", "route"), r => r.Output.Contains("10.244.77.0/24 via 10.244.77.0 dev flannel.1 onlink", StringComparison.Ordinal), "n1 has a route to the peer");
        CommandResult overlap = await kubectl.RunAsync(Peer.Replace("name: kernel", "name: other", StringComparison.Ordinal), "create", "-f", "-");
        Assert.Equal(1, overlap.ExitCode);
        Assert.Contains("overlaps 10.244.77.0/24 of node kernel", overlap.Errors, StringComparison.Ordinal);
        await kubectl.DoAsync("delete", "node", "kernel");
        await Lab.UntilAsync(() => lab.ExecAsync("node/n1", "ip", "route"), r => !r.Output.Contains("10.244.77.0", StringComparison.Ordinal), "n1 forgets the peer");

        // A Deployment: its pods are spread over both nodes, and each reaches each.
        await kubectl.DoAsync("create", "deployment", "shop", "--image=nginx", "--replicas=3");
        await kubectl.DoAsync("rollout", "status", "deployment/shop", "--timeout=60s");
        string[] addresses = (await kubectl.DoAsync("get", "pods", "-l", "app=shop", "-o", "jsonpath={.items[*].status.podIP}")).Split(' ');
        string nodes = await kubectl.DoAsync("get", "pods", "-l", "app=shop", "-o", "jsonpath={.items[*].spec.nodeName}");
        Assert.Equal(["n1", "n2"], nodes.Split(' ').Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(3, addresses.Distinct().Count());
        foreach (string each in addresses)
            await ServesAsync(lab, each);

        await kubectl.DoAsync("scale", "deployment", "shop", "--replicas=5");
        await kubectl.DoAsync("rollout", "status", "deployment/shop", "--timeout=60s");
        Assert.Equal("5", await kubectl.DoAsync("get", "deployment", "shop", "-o", "jsonpath={.status.readyReplicas}"));
        // What belongs to it goes with it.
        await kubectl.DoAsync("delete", "deployment", "shop", "--timeout=60s");
        await kubectl.UntilAsync(r => r.ExitCode == 0 && r.Output.Length == 0, "get", "replicasets,pods", "-l", "app=shop", "-o", "name");

        await kubectl.DoAsync("delete", "pod", "web", "client", "--timeout=60s");
        Assert.Equal("", await kubectl.DoAsync("get", "pods", "-o", "name"));
        CommandResult gone = await lab.ExecAsync("pod/client", "true");
        Assert.NotEqual(0, gone.ExitCode);
    }

    [Fact]
    public async Task Pods_live_on_unchanged_and_the_api_goes_on_when_the_host_of_its_server_is_killed()
    {
        Kubectl.Need();
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(113));
        LabProcess second = await lab.StartAsync("n2", lab.Place(114), first.At);
        await lab.StartAsync("n3", lab.Place(115), first.At);
        Kubectl kubectl = new(Path.Combine(lab.StateOf("n1"), "kubeconfig"), second.At);
        await kubectl.CreateAsync(Pods.Replace("nodeName: n1", "nodeName: n3", StringComparison.Ordinal));
        await kubectl.DoAsync("wait", "pod/web", "pod/client", "--for=condition=Ready", "--timeout=60s");
        string[] identity = ["get", "pod", "web", "-o", "jsonpath={.metadata.uid} {.status.podIP} {.status.containerStatuses[0].restartCount}"];
        string before = await kubectl.DoAsync(identity);
        long revision = long.Parse(await kubectl.DoAsync("get", "pod", "web", "-o", "jsonpath={.metadata.resourceVersion}"), System.Globalization.CultureInfo.InvariantCulture);
        await lab.StoredOnAsync(3);
        foreach (string host in new[] { "n2", "n3" })
            await Lab.UntilAsync(() => lab.StatusAsync(host), s => PodsOf(s).GetProperty("Revision").GetInt64() >= revision, $"{host} has seen it all");

        await first.KillAsync();
        CommandResult after = await kubectl.UntilAsync(r => r.ExitCode == 0, identity);
        Assert.Equal(before, after.Output);
        // n1's socket is still there, and nobody answers on it.
        CommandResult page = await Lab.RunAsync("exec", "--state-dir", lab.StateOf("n2"), "pod/client", "--", "curl", "-s", $"http://{before.Split(' ')[1]}/");
        Assert.True(page.ExitCode == 0 && page.Output.Contains("Welcome to nginx!", StringComparison.Ordinal), page.ToString());
        await kubectl.CreateAsync("apiVersion: v1\nkind: Pod\nmetadata: {name: late}\nspec: {nodeName: n3, containers: [{name: c, image: pause}]}");
        await kubectl.DoAsync("wait", "pod/late", "--for=condition=Ready", "--timeout=60s");
        Assert.Equal("node/n1\nnode/n2\nnode/n3\n", await kubectl.DoAsync("get", "nodes", "-o", "name"));
    }

    // A container that has no probe is Ready when it runs, which is a moment before its program listens.
    private static async Task ServesAsync(Lab lab, string address) => await Lab.UntilAsync(
        () => lab.ExecAsync("pod/client", "curl", "-s", $"http://{address}/"), static page => page.Output.Contains("Welcome to nginx!", StringComparison.Ordinal), $"{address} serves its page");

    // Exec, logs -f, attach, cp and port-forward over TLS between the hosts, once for either transport of kubectl's.
    private static async Task StreamsAsync(Kubectl kubectl, string name, string websockets)
    {
        await kubectl.CreateAsync(Streamed.Replace("NAME", name, StringComparison.Ordinal));
        CommandResult result = await kubectl.ShellAsync($$"""
            export KUBECTL_REMOTE_COMMAND_WEBSOCKETS={{websockets}} KUBECTL_PORT_FORWARD_WEBSOCKETS={{websockets}}
            await() { for i in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "never: $*"; }
            await kubectl logs {{name}}count
            kubectl logs -f {{name}}count | tr '\n' ' '; echo
            echo question | kubectl exec -i client -- sh -c 'cat; echo told >&2; exit 3' 2> {{name}}.told; echo "exit ${PIPESTATUS[1]}"; cat {{name}}.told
            kubectl wait pod/{{name}}once --for=condition=Ready --timeout=60s > /dev/null
            printf 'a\nb\n' | kubectl attach -i {{name}}once 2> {{name}}.error; grep -v 'command prompt' {{name}}.error
            mkdir {{name}}; head -c 300000 /dev/urandom > {{name}}/big
            kubectl cp {{name}} client:/tmp/{{name}} && kubectl cp client:/tmp/{{name}} {{name}}.back > /dev/null 2>&1 && cmp {{name}}/big {{name}}.back/big && echo same
            env kubectl --server $SERVER port-forward web :80 > {{name}}.pf 2>&1 & FORWARD=$!
            await grep -q Forwarding {{name}}.pf
            curl -s http://127.0.0.1:$(sed -n 's/.*127.0.0.1:\([0-9]*\) -> 80.*/\1/p' {{name}}.pf)/ | grep -o '<h1>.*</h1>'
            kill $FORWARD; wait $FORWARD 2> /dev/null
            kubectl delete pod {{name}}count {{name}}once --timeout=60s > /dev/null
            """);
        Assert.Equal("1 2 3 4 5 \nquestion\nexit 3\ntold\ncommand terminated with exit code 3\ngot a\ngot b\nsame\n<h1>Welcome to nginx!</h1>\n", result.Output);
    }

    private static JsonElement PodsOf(JsonElement status) => status.GetProperty("Caches").EnumerateArray().Single(cache => cache.GetProperty("Topic").GetString() == "pods");

    // A pod finds its account's token, the authority and its namespace where in-cluster clients look, and either host knows the token until its pod is gone.
    private static async Task ServiceAccountsAsync(Kubectl kubectl, Lab lab, LabProcess first, LabProcess second)
    {
        const string Place = "/var/run/secrets/kubernetes.io/serviceaccount";
        Assert.Equal("default", (await lab.ExecAsync("pod/client", "cat", $"{Place}/namespace")).Output);
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", (await lab.ExecAsync("pod/client", "cat", $"{Place}/ca.crt")).Output, StringComparison.Ordinal);
        string mounted = (await lab.ExecAsync("pod/client", "cat", $"{Place}/token")).Output;
        string made = (await kubectl.DoAsync("create", "token", "default", "--duration", "20m")).Trim();
        foreach ((string token, string extra) in new[] { (mounted, "client"), (made, "") })
        {
            foreach (LabProcess host in new[] { first, second })
            {
                string config = Path.Combine(lab.StateOf("n1"), "bearer");
                await File.WriteAllTextAsync(config, $"apiVersion: v1\nkind: Config\nclusters: [ {{ name: a, cluster: {{ server: \"https://127.0.0.1\", insecure-skip-tls-verify: true }} }} ]\nusers: [ {{ name: a, user: {{ token: \"{token}\" }} }} ]\ncontexts: [ {{ name: a, context: {{ cluster: a, user: a }} }} ]\ncurrent-context: a\n");
                string who = await new Kubectl(config, host.At).DoAsync("auth", "whoami", "-o", "yaml");
                Assert.Contains("username: system:serviceaccount:default:default", who, StringComparison.Ordinal);
                Assert.Contains(extra, who, StringComparison.Ordinal);
            }
        }

        foreach (LabProcess host in new[] { first, second })
            await VerifiedFromOutsideAsync(new Kubectl(Path.Combine(lab.StateOf("n1"), "kubeconfig"), host.At), mounted);
    }

    // What a verifier outside of the cluster does (OpenID Connect Discovery 1.0; RFC 7515, 7517, 7518): with the published documents alone.
    private static async Task VerifiedFromOutsideAsync(Kubectl kubectl, string token)
    {
        JsonElement found = JsonDocument.Parse(await kubectl.DoAsync("get", "--raw", "/.well-known/openid-configuration")).RootElement;
        string[] parts = token.Split('.');
        JsonElement header = Part(parts[0]);
        Assert.Equal(found.GetProperty("issuer").GetString(), Part(parts[1]).GetProperty("iss").GetString());
        string path = new Uri(found.GetProperty("jwks_uri").GetString()!).AbsolutePath;
        JsonElement key = JsonDocument.Parse(await kubectl.DoAsync("get", "--raw", path)).RootElement.GetProperty("keys").EnumerateArray().Single(each => each.GetProperty("kid").GetString() == header.GetProperty("kid").GetString());
        using var ecdsa = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Bytes(key, "x"), Y = Bytes(key, "y") } });
        Assert.True(ecdsa.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256));

        static JsonElement Part(string text) => JsonDocument.Parse(Base64Url.DecodeFromChars(text)).RootElement;
        static byte[] Bytes(JsonElement key, string name) => Base64Url.DecodeFromChars(key.GetProperty(name).GetString());
    }
}
