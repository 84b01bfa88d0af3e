using System.Text.Json.Nodes;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Kubelets;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Status;
using ActorNet.Kubernetes.Storage;
using k8s.Models;

namespace ActorNet.Cluster.Tests;

/// <summary>What a kubelet reports reaches the API: the newest of each object, in order, whether or not the API is there at the time.</summary>
public sealed class StatusWriterTests
{
    private static readonly KindCatalog Kinds = KindCatalog.Default(ServiceRanges.Default);
    private readonly KubernetesApi _api = new(new MemoryObjectStore(), Kinds, TimeProvider.System, new SeededIdentities(1));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private InProcessClient Client => new(_api, "kubelet");

    [Fact]
    public async Task A_status_is_merged_with_the_conditions_of_others_and_only_into_the_pod_it_is_of()
    {
        V1Pod pod = await PodAsync("a");
        await Client.PatchAsync<V1Pod>("default", "a", PatchForm.Strategic, JsonNode.Parse("""{"status":{"message":"old","conditions":[{"type":"example.com/gate","status":"True"}]}}""")!, "status", Cancel);
        await using StatusWriter writer = new(Client, TimeProvider.System);
        writer.Take(Status(pod, 2, "Running"));
        // An older one that comes late, and one of another pod of that name.
        writer.Take(Status(pod, 1, "Pending"));
        writer.Take(new PodStatusChanged("default", "a", "other-uid", 9, new V1PodStatus { Phase = "Failed" }));
        writer.Take(new PodStatusChanged("default", "none", "no-uid", 9, new V1PodStatus { Phase = "Failed" }));
        await WrittenAsync(writer);

        V1Pod written = await Client.GetAsync<V1Pod>("default", "a", Cancel);
        Assert.Equal("Running", written.Status.Phase);
        Assert.Null(written.Status.Message);
        Assert.Equal(["Ready", "example.com/gate"], written.Status.Conditions.Select(each => each.Type).Order(StringComparer.Ordinal));
        Assert.Equal(0, writer.Failures);
    }

    /// <summary>What a kubelet had heard of a readiness gate or a disruption is old by the time that its status is written.</summary>
    [Fact]
    public async Task Conditions_of_others_are_never_set_back()
    {
        V1Pod pod = await PodAsync("a");
        await Client.PatchAsync<V1Pod>("default", "a", PatchForm.Strategic, JsonNode.Parse("""{"status":{"conditions":[{"type":"example.com/gate","status":"True"}]}}""")!, "status", Cancel);
        await using StatusWriter writer = new(Client, TimeProvider.System);
        PodStatusChanged told = Status(pod, 1, "Running");
        told.Status.Conditions.Add(new V1PodCondition { Type = "example.com/gate", Status = "False" });
        writer.Take(told);
        await WrittenAsync(writer);

        V1Pod written = await Client.GetAsync<V1Pod>("default", "a", Cancel);
        Assert.Equal(["Ready=True", "example.com/gate=True"], written.Status.Conditions.Select(static each => $"{each.Type}={each.Status}").Order(StringComparer.Ordinal));
        Assert.False(StatusDrift.IsOfPod(told.Status, written.Status));
    }

    [Fact]
    public async Task While_the_api_is_away_the_newest_waits_and_the_end_of_a_pod_is_told_behind_its_last_status()
    {
        V1Pod kept = await PodAsync("kept"), gone = await PodAsync("gone");
        Away away = new(Client) { IsAway = true };
        await using StatusWriter writer = new(away, TimeProvider.System);
        for (int version = 1; version <= 50; version++)
            writer.Take(Status(kept, version, version == 50 ? "Succeeded" : "Running"));
        writer.Take(Status(gone, 1, "Succeeded"));
        writer.Take(new PodGone("default", "gone", gone.Metadata.Uid));
        await Hosts.Until(() => writer.Failures >= 3, () => $"{writer.Failures} failures");
        Assert.Null((await Client.GetAsync<V1Pod>("default", "kept", Cancel)).Status.Conditions);

        away.IsAway = false;
        await WrittenAsync(writer);
        Assert.Equal("Succeeded", (await Client.GetAsync<V1Pod>("default", "kept", Cancel)).Status.Phase);
        Assert.Null(await Client.FindAsync<V1Pod>("default", "gone", Cancel));
        // One write for the fifty, and for the other its status before its deletion.
        Assert.Equal(["patch gone", "delete gone", "patch kept"], away.Done.OrderBy(each => each.EndsWith("kept", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Node_status_lease_and_events_are_written_as_a_kubelet_does()
    {
        await BootstrapObjects.EnsureAsync(_api, "10.96.0.1", 6443, Cancel);
        List<string> missing = [];
        await using StatusWriter writer = new(Client, TimeProvider.System);
        writer.NodeMissing += missing.Add;
        writer.Take(new NodeStatusReported("n1", new V1NodeStatus()));
        await WrittenAsync(writer);
        Assert.Equal(["n1"], missing);

        V1Node node = await Client.CreateAsync(new V1Node { ApiVersion = "v1", Kind = "Node", Metadata = new V1ObjectMeta { Name = "n1" } }, Cancel);
        writer.Take(new NodeStatusReported("n1", new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }], Capacity = new Dictionary<string, ResourceQuantity> { ["pods"] = new("110") } }));
        DateTime first = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        writer.Take(new NodeLeaseRenewed("n1", first, TimeSpan.FromSeconds(40)));
        await WrittenAsync(writer);
        writer.Take(new NodeLeaseRenewed("n1", first.AddSeconds(10), TimeSpan.FromSeconds(40)));
        await WrittenAsync(writer);
        writer.Take(new EventRaised(Event(1)));
        writer.Take(new EventRaised(Event(2)));
        writer.Take(new EventRaised(Event(3)));
        await Hosts.Until(() => Client.FindAsync<Corev1Event>("default", "a.1", Cancel).AsTask().Result?.Count == 3, () => "the event's count is not 3");

        node = await Client.GetAsync<V1Node>("", "n1", Cancel);
        Assert.Equal("110", node.Status.Capacity["pods"].ToString());
        Assert.Equal("True", Assert.Single(node.Status.Conditions).Status);
        V1Lease lease = await Client.GetAsync<V1Lease>("kube-node-lease", "n1", Cancel);
        Assert.Equal(("n1", 40, first.AddSeconds(10)), (lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds, lease.Spec.RenewTime));
        Assert.Equal(node.Metadata.Uid, Assert.Single(lease.Metadata.OwnerReferences).Uid);
    }

    private static Corev1Event Event(int count) => new()
    {
        Metadata = new V1ObjectMeta { Name = "a.1", NamespaceProperty = "default" },
        InvolvedObject = new V1ObjectReference { Kind = "Pod", NamespaceProperty = "default", Name = "a" },
        Reason = "Started",
        Message = "Started container",
        Type = "Normal",
        Count = count,
    };

    private static PodStatusChanged Status(V1Pod pod, long version, string phase) => new(
        "default", pod.Metadata.Name, pod.Metadata.Uid, version, new V1PodStatus { Phase = phase, Conditions = [new V1PodCondition { Type = "Ready", Status = "True" }] });

    private static Task WrittenAsync(StatusWriter writer) => Hosts.Until(() => writer.Depth == 0, () => $"{writer.Depth} wait");

    private async Task<V1Pod> PodAsync(string name)
    {
        if (await Client.FindAsync<V1Namespace>("", "default", Cancel) is null)
            await Client.CreateAsync(new V1Namespace { ApiVersion = "v1", Kind = "Namespace", Metadata = new V1ObjectMeta { Name = "default" } }, Cancel);
        return await Client.CreateAsync(new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1PodSpec { NodeName = "n1", Containers = [new V1Container { Name = "c", Image = "pause" }] },
        }, Cancel);
    }

    /// <summary>An API that can be away, over a real one.</summary>
    private sealed class Away(IApiClient api) : IApiClient
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _done = new();
        private volatile bool _isAway;

        public bool IsAway
        {
            get => _isAway;
            set => _isAway = value;
        }

        public IEnumerable<string> Done => _done;

        public KindCatalog Kinds => api.Kinds;

        public ValueTask<ApiObject> GetAsync(KindDescriptor kind, string space, string name, CancellationToken cancel = default) => api.GetAsync(kind, space, name, cancel);

        public ValueTask<ObjectList> ListAsync(KindDescriptor kind, string space, ListOptions options, CancellationToken cancel = default) => api.ListAsync(kind, space, options, cancel);

        public ValueTask<ApiObject> CreateAsync(KindDescriptor kind, string space, JsonObject body, CancellationToken cancel = default) => api.CreateAsync(kind, space, body, cancel);

        public ValueTask<ApiObject> UpdateAsync(KindDescriptor kind, string space, string name, JsonObject body, string subresource = "", CancellationToken cancel = default) =>
            api.UpdateAsync(kind, space, name, body, subresource, cancel);

        public ValueTask<ApiObject> PatchAsync(KindDescriptor kind, string space, string name, PatchRequest patch, string subresource = "", CancellationToken cancel = default)
        {
            Pass($"patch {name}");
            return api.PatchAsync(kind, space, name, patch, subresource, cancel);
        }

        public ValueTask<DeleteResult> DeleteAsync(KindDescriptor kind, string space, string name, DeleteOptions options, CancellationToken cancel = default)
        {
            Pass($"delete {name}");
            return api.DeleteAsync(kind, space, name, options, cancel);
        }

        public ValueTask<long> BindAsync(string space, string pod, string node, CancellationToken cancel = default) => api.BindAsync(space, pod, node, cancel);

        public IAsyncEnumerable<WatchEvent> WatchAsync(KindDescriptor kind, string space, WatchOptions options, CancellationToken cancel = default) => api.WatchAsync(kind, space, options, cancel);

        private void Pass(string what)
        {
            if (_isAway)
                throw new ApiException(503, "ServiceUnavailable", "away");
            _done.Enqueue(what);
        }
    }
}
