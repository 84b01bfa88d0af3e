using System.Collections.Immutable;
using ActorNet.ApiServer;
using ActorNet.ApiServer.Streaming;
using ActorNet.Cli.Bench;
using ActorNet.Cli.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Faults;
using ActorNet.Kubernetes.Manifests;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Node;
using ActorNet.Node.Actors;
using ActorNet.Node.Uplink;
using k8s.Models;

namespace ActorNet.Cli.Host;

/// <summary>What the host-local endpoint offers: it checks what the user gave, asks the node or the cluster, and says what came of it.</summary>
/// <param name="options">The host's options.</param>
/// <param name="node">The node of this process.</param>
/// <param name="cluster">The cluster's Nodes.</param>
/// <param name="load">What clients have under way at the API.</param>
/// <param name="sessions">Their streams to pods.</param>
/// <param name="joining">How further hosts come in.</param>
/// <param name="departure">How this one leaves for good.</param>
internal sealed class HostService(HostOptions options, NodeHost node, ClusterNodes cluster, ApiLoad load, StreamSessions sessions, HostAdmission joining, HostDeparture departure)
{
    private readonly BenchLoads _loads = new(node);
    private readonly TcpLoads _tcpLoads = new(node);
    private readonly HttpLoads _httpLoads = new(node);

    /// <summary>The faults of this host.</summary>
    public HostFaults Faults { get; } = new(options.Name, node, cluster.Faults);

    /// <summary>How further hosts come in.</summary>
    public HostAdmission Joining { get; } = joining;

    /// <summary>How this one leaves for good.</summary>
    public HostDeparture Departure { get; } = departure;

    /// <summary>Puts a fault in.</summary>
    /// <param name="order">What is wrong, and where.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="NotHereException">The target is on another host.</exception>
    public async Task<FaultRow> AddFaultAsync(FaultOrder order, CancellationToken ct) =>
        await Faults.AddAsync(order, ct).ConfigureAwait(false) ?? throw await NotHereAsync(order.Target, ct).ConfigureAwait(false);

    /// <summary>What `status` shows.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<HostStatus> StatusAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        UplinkCounters uplink = node.UplinkCounters;
        var pool = node.MeasurePool();
        ClusterStatus status = cluster.Status;
        return new HostStatus
        {
            Node = options.Name,
            ProcessId = Environment.ProcessId,
            ControlState = status.State,
            Version = HostVersion.Text,
            Members = [.. status.Members.Select(static member => member.Name)],
            Cluster = [.. status.Members.Select(static member => new HostMember(member.Name, member.Endpoint.ToString(), member.Status.ToString(), member.Roles, member.IsReachable) { Version = member.Release?.ToString() })],
            Singleton = status.ApiServerHost is { } holder ? new SingletonStatus(holder, status.Members.FirstOrDefault(member => member.Name == holder)?.ProcessId) : null,
            Unreachable = status.Unreachable,
            ApiServerHost = status.ApiServerHost,
            Caches = cluster.Api.Caches,
            Store = cluster.StoreStatus,
            Underlay = node.LocalEndpoint.ToString(),
            Lan = node.LanEndpoint?.ToString() ?? "-",
            LanProblems = node.LanProblems,
            Edge = await node.EdgeAsync(ct).ConfigureAwait(false),
            KubeProxy = await node.KubeProxyStatusAsync(ct).ConfigureAwait(false),
            SegmentationOffload = node.SegmentationOffload,
            PodCidr = node.Settings?.PodCidr.ToString() ?? "-",
            DatagramsSent = uplink.DatagramsSent,
            DatagramsReceived = uplink.DatagramsReceived,
            Drops = await node.DropsAsync(ct).ConfigureAwait(false),
            Http = [.. node.HttpListeners
                .Select(static l => new HttpPortStatus(l.PodName, l.Local.Port, l.OpenConnections, l.AcceptedConnections, l.TimesFull, l.CutConnections))
                .OrderBy(static h => h.Pod, StringComparer.Ordinal).ThenBy(static h => h.Port)],
            Api = load.Status,
            Joining = Joining.Desk?.Status,
            Streams = new StreamsStatus(sessions.Open, sessions.Opened.Values.Sum(), sessions.Refused, sessions.NeverOpened, sessions.Deserted),
            Pool = new PoolStatus(pool.SmallOut, pool.LargeOut, pool.VectorsOut),
            HeartbeatWarnings = status.HeartbeatWarnings,
        };
    }

    /// <summary>What this process holds after a full collection.</summary>
    public HostResources MeasureResources() => HostResources.Measure(node, cluster.Systems);

    /// <summary>The actors of this host and of every other that its cluster reaches.</summary>
    /// <param name="ct">Cancellation.</param>
    public Task<HostActors[]> ActorsAsync(CancellationToken ct) => cluster.ActorsAsync(ct);

    /// <summary>Installs the cluster's DNS.</summary>
    /// <param name="ct">Cancellation.</param>
    /// <returns>True.</returns>
    /// <exception cref="UsageException">The API refuses a part of it.</exception>
    public async Task<bool> InstallDnsAsync(CancellationToken ct) =>
        await cluster.Dns.InstallAsync(ct).ConfigureAwait(false) is { } refusal ? throw new UsageException($"the cluster's DNS could not be installed: {refusal}") : true;

    /// <summary>The cluster's Nodes as this host knows them.</summary>
    public NodeRow[] ListNodes() => [.. cluster.Nodes.Select(Row).OrderBy(r => r.Name, StringComparer.Ordinal)];

    /// <summary>Makes Nodes from manifests: first all are checked, then all are applied.</summary>
    /// <param name="body">Manifests.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">One of them is wrong; none was applied.</exception>
    public async Task<AppliedNode[]> ApplyNodesAsync(ManifestBody body, CancellationToken ct)
    {
        IReadOnlyList<V1Node> nodes = ReadManifests(body).Nodes;
        if (nodes.Count == 0)
            throw new UsageException($"{body.Source}: no Node in it. `actornet node apply` takes Nodes; pods are run with `actornet pod run`.");
        foreach (V1Node manifest in nodes)
            RequirePeer(body.Source, manifest);
        var applied = new List<AppliedNode>();
        foreach (V1Node manifest in nodes)
        {
            V1Node stored = await cluster.ApplyAsync(manifest, ct).ConfigureAwait(false);
            applied.Add(new AppliedNode(stored.Metadata.Name, stored.Spec.PodCIDR));
        }

        return [.. applied];
    }

    /// <summary>Deletes a Node.</summary>
    /// <param name="name">Name.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<int> DeleteNodeAsync(string name, CancellationToken ct)
    {
        if (cluster.Nodes.All(n => n.Metadata.Name != name))
            throw new UsageException($"node {name}: not found. The cluster has {string.Join(", ", cluster.Nodes.Select(n => n.Metadata.Name).Order(StringComparer.Ordinal))}.");
        if (name == options.Name)
            throw new UsageException($"node {name}: it runs in this process. `actornet leave --state-dir {options.StateDirectory}` takes it out for good.");
        await cluster.DeleteAsync(name, ct).ConfigureAwait(false);
        return 0;
    }

    /// <summary>Runs those pods of a manifest that belong to this node.</summary>
    /// <param name="body">Manifests.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">One of them is wrong; none was started.</exception>
    public async Task<PodRow[]> RunPodsAsync(ManifestBody body, CancellationToken ct)
    {
        IReadOnlyList<V1Pod> pods = ReadManifests(body).Pods;
        if (pods.Count == 0)
            throw new UsageException($"{body.Source}: no Pod in it. `actornet pod run` takes Pods; Nodes are applied with `actornet node apply`.");
        if (body.Node is null && pods.FirstOrDefault(p => string.IsNullOrEmpty(p.Spec.NodeName)) is { } homeless)
            throw new UsageException($"{body.Source}: pod {homeless.Metadata.Name} names no node. Set spec.nodeName, or give --node NAME; pods that the scheduler is to place are made with kubectl.");
        var rows = new List<PodRow>();
        foreach (V1Pod pod in pods.Where(p => (body.Node ?? p.Spec.NodeName) == options.Name))
        {
            try
            {
                rows.Add(Row(await node.RunPodAsync(pod, ct).ConfigureAwait(false)));
            }
            catch (NodeRefusedException e)
            {
                string done = rows.Count == 0 ? "nothing was started" : $"started before it: {string.Join(", ", rows.Select(r => r.Name))}";
                throw new UsageException($"{body.Source}: {e.Message} ({done}).");
            }
        }

        return [.. rows];
    }

    /// <summary>The node's pods.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<PodRow[]> ListPodsAsync(CancellationToken ct) =>
        [.. (await node.ListPodsAsync(ct).ConfigureAwait(false)).Select(Row)];

    /// <summary>Ends a pod and waits until it is gone.</summary>
    /// <param name="name">Name.</param>
    /// <param name="gracePeriodSeconds">Time that its containers have after SIGTERM; null for what its manifest says.</param>
    /// <param name="ct">Stops waiting.</param>
    public async Task<int> DeletePodAsync(string name, int? gracePeriodSeconds, CancellationToken ct) =>
        await node.DeletePodAsync(name, gracePeriodSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Max(0, seconds)) : null, ct).ConfigureAwait(false) ? 0 : throw await NotHereAsync($"pod/{name}", ct).ConfigureAwait(false);

    /// <summary>Finds the namespace of an exec and returns what runs the command in it.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="NotHereException">The namespace is on another host.</exception>
    /// <exception cref="UsageException">The pod has no such container.</exception>
    public async Task<Func<TextWriter, TextWriter, CancellationToken, Task<int>>> PrepareExecAsync(ExecRequest request, CancellationToken ct)
    {
        NodeNamespace found;
        try
        {
            found = await node.FindAsync(request.Target, request.Container, ct).ConfigureAwait(false) ?? throw await NotHereAsync(request.Target, ct).ConfigureAwait(false);
        }
        catch (NodeRefusedException e)
        {
            throw new UsageException($"{e.Message}.");
        }

        return (stdout, stderr, interrupt) => found.RunAsync(request.Command, new StringReader(request.Stdin ?? ""), stdout, stderr, interrupt);
    }

    /// <summary>Finds a container's log.</summary>
    /// <param name="pod">Pod name.</param>
    /// <param name="query">What is wanted of it.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="NotHereException">The pod is on another host.</exception>
    /// <exception cref="ServerRefusalException">There is no such log; the message is kubectl's.</exception>
    public async Task<ContainerLogPlace> FindLogAsync(string pod, LogQuery query, CancellationToken ct)
    {
        try
        {
            return await node.FindLogAsync(pod, query.Container, ct, query.Previous == true).ConfigureAwait(false) ?? throw new NotHereException($"pods \"{pod}\" not found");
        }
        catch (ApiException e)
        {
            throw new ServerRefusalException($"Error from server ({e.Reason}): {e.Message}");
        }
        catch (NodeRefusedException e)
        {
            throw new ServerRefusalException($"error: {e.Message}");
        }
    }

    /// <summary>Starts a capture.</summary>
    /// <param name="request">Where.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="NotHereException">The namespace is on another host.</exception>
    /// <exception cref="UsageException">The namespace has no such device.</exception>
    public async Task<NodeCapture> StartCaptureAsync(CaptureRequest request, CancellationToken ct)
    {
        try
        {
            return await node.CaptureAsync(request.Target, request.Device, ct).ConfigureAwait(false) ?? throw await NotHereAsync(request.Target, ct).ConfigureAwait(false);
        }
        catch (NodeRefusedException e)
        {
            throw new UsageException($"{e.Message}.");
        }
    }

    /// <summary>Starts hop records on every device of the node.</summary>
    /// <param name="request">Which packets.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<int> StartTraceAsync(TraceRequest request, CancellationToken ct)
    {
        await node.StartTraceAsync(TraceFilters.Parse(request), ct).ConfigureAwait(false);
        return 0;
    }

    /// <summary>Returns the hop records.</summary>
    /// <param name="goOn">Whether recording goes on.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<HopRow[]> CollectTraceAsync(bool goOn, CancellationToken ct) =>
        [.. (await node.CollectTraceAsync(!goOn, ct).ConfigureAwait(false)).Select(TraceFilters.Row)];

    /// <summary>Starts or reads a receiver of load.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    public Task<BenchReceived> BenchReceiveAsync(BenchReceive request, CancellationToken ct) => _loads.ReceiveAsync(request, ct);

    /// <summary>Sends load.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    public Task<BenchSent> BenchSendAsync(BenchSend request, CancellationToken ct) => _loads.SendAsync(request, ct);

    /// <summary>Starts or reads a receiver of TCP load.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    public Task<BenchTcpReceived> BenchTcpReceiveAsync(BenchTcpReceive request, CancellationToken ct) => _tcpLoads.ReceiveAsync(request, ct);

    /// <summary>Sends TCP load.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    public Task<BenchTcpSent> BenchTcpSendAsync(BenchTcpSend request, CancellationToken ct) => _tcpLoads.SendAsync(request, ct);

    /// <summary>Has a pod answer HTTP requests.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    public Task<BenchHttpServing> BenchHttpServeAsync(BenchHttpServe request, CancellationToken ct) => _httpLoads.ServeAsync(request, ct);

    /// <summary>Sends HTTP requests.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    public Task<BenchHttpSent> BenchHttpSendAsync(BenchHttpSend request, CancellationToken ct) => _httpLoads.SendAsync(request, ct);

    private static ManifestSet ReadManifests(ManifestBody body)
    {
        try
        {
            return ManifestReader.Read(body.Source, body.Text);
        }
        catch (ManifestException e)
        {
            throw new UsageException(e.Message);
        }
    }

    // A lab on loopback is closed: no machine outside could reach its tunnels, so a foreign Node would be a peer that never answers.
    private void RequirePeer(string source, V1Node manifest)
    {
        FlannelNode read = FlannelAnnotations.Read(manifest);
        if (read.Lease is not { } lease)
            throw new UsageException($"{source}: {read.Reason}");
        if (options.IsClosedLab && !lease.Underlay.Address.IsLoopback)
            throw new UsageException($"{source}: node {manifest.Metadata.Name}: its tunnel at {lease.Underlay} cannot be reached: this lab runs on loopback addresses and is closed. Start the hosts with --address of a real interface to let other machines join.");
    }

    private async Task<NotHereException> NotHereAsync(string target, CancellationToken ct)
    {
        ImmutableArray<PodInfo> pods = await node.ListPodsAsync(ct).ConfigureAwait(false);
        return new NotHereException($"Host {options.Name} has node/{options.Name}{string.Concat(pods.Select(p => $", pod/{p.Name}"))}.");
    }

    private PodRow Row(PodInfo pod) => new(pod.Name, options.Name, pod.Ip.ToString(), pod.Images, pod.Note);

    private static NodeRow Row(V1Node n)
    {
        string? internalIp = n.Status?.Addresses?.FirstOrDefault(a => a.Type == "InternalIP")?.Address;
        return FlannelAnnotations.Read(n).Lease is { } lease
            ? new NodeRow(n.Metadata.Name, internalIp ?? lease.PublicIp.ToString(), lease.PodCidr.ToString(), lease.VtepMac.ToString(), lease.Underlay.ToString())
            : new NodeRow(n.Metadata.Name, internalIp, n.Spec?.PodCIDR, null, null);
    }
}
