using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Volumes;
using ActorNet.Node.Uplink;
using ActorNet.Packets;
using ActorNet.Workloads.Logs;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>One node whose kubelet is told pods as an API would tell them, and whose reports are kept. Waits are for states, never for time.</summary>
internal sealed class KubeletBed : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, V1PodStatus> _statuses = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<KubeletReport> _reports = new();
    private readonly Dictionary<string, V1Pod> _pods = new(StringComparer.Ordinal);
    private ImmutableArray<V1ConfigMap> _maps = [];
    private ImmutableDictionary<string, ImmutableArray<PodToken>> _tokens = ImmutableDictionary<string, ImmutableArray<PodToken>>.Empty;
    private long _revision;

    private KubeletBed(NodeHost node) => Node = node;

    public NodeHost Node { get; }

    public IEnumerable<KubeletReport> Reports => _reports;

    public IEnumerable<string> Events => _reports.OfType<EventRaised>().Select(static e => $"{e.Event.Reason}: {e.Event.Message}");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<KubeletBed> StartAsync(KubeletSettings? settings = null)
    {
        NodeHost node = NodeHost.Open(new UnderlayOptions { Address = Ipv4Address.Parse("127.0.10.1"), Port = 0 }, TimeProvider.System, 1, 1);
        await node.StartNodeAsync(new NodeSettings
        {
            Name = "n1",
            NodeIp = Ipv4Address.Parse("192.168.56.11"),
            PodCidr = Ipv4Prefix.Parse("10.244.1.0/24"),
            ClusterCidr = Ipv4Prefix.Parse("10.244.0.0/16"),
            VtepMac = MacAddress.Parse("02:00:00:00:01:01"),
            // Back-off is judged on virtual time elsewhere; here a second restart must not keep a test waiting.
            Kubelet = settings ?? new KubeletSettings { RestartBackOff = TimeSpan.FromMilliseconds(100) },
        });
        var bed = new KubeletBed(node);
        node.ListenToKubelet(bed.Take);
        return bed;
    }

    /// <summary>Assigns a pod written as YAML, without apiVersion and kind.</summary>
    public void Run(string yaml)
    {
        V1Pod pod = k8s.KubernetesYaml.Deserialize<V1Pod>(yaml);
        pod.Metadata.NamespaceProperty ??= "default";
        pod.Metadata.Uid ??= $"uid-{pod.Metadata.NamespaceProperty}-{pod.Metadata.Name}";
        _pods[pod.Metadata.Name] = pod;
        Assign();
    }

    public void SetConfigMap(string name, params (string Key, string Value)[] data)
    {
        _maps = [.. _maps.Where(m => m.Metadata.Name != name), new V1ConfigMap { Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", ResourceVersion = $"{_revision + 1}" }, Data = data.ToDictionary(static d => d.Key, static d => d.Value) }];
        Assign();
    }

    /// <summary>Gives a pod the token that its volume asks for, of an hour.</summary>
    public void SetToken(string pod, string token)
    {
        _tokens = _tokens.SetItem(_pods[pod].Metadata.Uid, [new PodToken("", 3600, token, null)]);
        Assign();
    }

    public void Delete(string name, long grace)
    {
        V1Pod pod = k8s.KubernetesJson.Deserialize<V1Pod>(k8s.KubernetesJson.Serialize(_pods[name]));
        pod.Metadata.DeletionTimestamp = DateTime.UtcNow;
        pod.Metadata.DeletionGracePeriodSeconds = grace;
        pod.Metadata.ResourceVersion = $"{_revision + 1}";
        _pods[name] = pod;
        Assign();
    }

    public void Unassign(string name)
    {
        _pods.Remove(name);
        Assign();
    }

    /// <summary>The API has of the node what its kubelet told last, but for whether it is ready.</summary>
    public void KnowNode(string ready) => Node.SetNodes(
        [new V1Node { Metadata = new V1ObjectMeta { Name = "n1" }, Status = new V1NodeStatus { Conditions = [.. _reports.OfType<NodeStatusReported>().Last().Status.Conditions.Select(c => new V1NodeCondition { Type = c.Type, Status = c.Type == "Ready" ? ready : c.Status })] } }]);

    /// <summary>The API has of a pod what the kubelet told last, but for whether it is ready.</summary>
    public void KnowPod(string name, string ready)
    {
        V1Pod pod = k8s.KubernetesJson.Deserialize<V1Pod>(k8s.KubernetesJson.Serialize(_pods[name]));
        pod.Metadata.ResourceVersion = $"{_revision + 1}";
        pod.Status = new V1PodStatus { Phase = "Running", Conditions = [.. Status(name).Conditions.Select(c => new V1PodCondition { Type = c.Type, Status = c.Type == "Ready" ? ready : c.Status })] };
        _pods[name] = pod;
        Assign();
    }

    public void Listen() => Node.ListenToKubelet(Take);

    public V1PodStatus Status(string pod) => _statuses.GetValueOrDefault(pod) ?? new V1PodStatus();

    public V1ContainerStatus? Container(string pod, string container) => Status(pod).ContainerStatuses?.SingleOrDefault(c => c.Name == container);

    public bool IsReady(string pod) => Status(pod).Conditions?.SingleOrDefault(static c => c.Type == "Ready")?.Status == "True";

    public Task UntilAsync(Func<bool> state, string what) => UntilAsync(() => Task.FromResult(state()), what);

    public Task UntilAsync(Func<Task<bool>> state, string what) => NodePair.UntilAsync(state, () => $"{what}; {string.Join('\n', _statuses.Select(static s => $"{s.Key}: {k8s.KubernetesJson.Serialize(s.Value)}"))}\n{string.Join('\n', Events)}");

    public Task ReadyAsync(string pod) => UntilAsync(() => IsReady(pod), $"{pod} is ready");

    public Task GoneAsync(string pod) => UntilAsync(() => _reports.OfType<PodGone>().Any(g => g.Name == pod), $"{pod} is gone");

    public async Task<string> ExecAsync(string target, string container, string script)
    {
        NodeNamespace place = await Node.FindAsync(target, container, Ct) ?? throw new InvalidOperationException($"{target} is not there");
        var output = new StringWriter(CultureInfo.InvariantCulture);
        int exit = await place.RunAsync(["sh", "-c", script], TextReader.Null, output, output, Ct);
        return exit == 0 ? output.ToString() : $"{output}exit code {exit}\n";
    }

    public async Task<string?> LogAsync(string pod, string container, bool previous = false)
    {
        if ((await Node.FindLogAsync(pod, container, Ct, previous))?.Log is not { } log)
            return null;
        var text = new MemoryStream();
        await log.CopyToAsync(text, new ContainerLogOptions(), Ct);
        return Encoding.UTF8.GetString(text.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        Assert.True(Node.MeasurePool().IsIdle, $"{Node.MeasurePool()}");
    }

    private void Assign()
    {
        foreach (V1Pod pod in _pods.Values)
            pod.Metadata.ResourceVersion ??= "1";
        Node.AssignPods(new PodsAssigned(++_revision, [.. _pods.Values], _maps, [], []) { Tokens = _tokens });
    }

    private void Take(KubeletReport report)
    {
        _reports.Enqueue(report);
        if (report is PodStatusChanged changed)
            _statuses[changed.Name] = changed.Status;
    }
}
