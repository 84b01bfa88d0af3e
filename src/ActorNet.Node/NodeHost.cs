using System.Collections.Immutable;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Observation;
using ActorNet.Dataplane.Time;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Node.Actors;
using ActorNet.Node.Edge;
using ActorNet.Node.Links;
using ActorNet.Node.Uplink;
using ActorNet.Packets;
using ActorNet.Sockets.Kestrel;
using Akka.Actor;
using k8s.Models;

namespace ActorNet.Node;

/// <summary>
/// One emulated node in this process: the `node` actor system and everything in it. It needs no cluster: it forwards by what it last heard of
/// the other nodes.
/// </summary>
public sealed class NodeHost : IAsyncDisposable
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan MeasurePatience = TimeSpan.FromSeconds(5);

    private const int MaxHops = 4096;

    private readonly ActorSystem _system;
    private readonly FramePool _pool;
    private readonly NodeServices _services;
    private readonly IUnderlaySocket _socket;
    private readonly IUnderlaySocket? _lan;
    private readonly ulong _seed;
    private readonly CancellationTokenSource _stopped = new();
    private NodeParts? _parts;
    private long _captures;
    private NodeFaults? _faults;
    private ImmutableArray<string> _lanProblems = [];

    private NodeHost(ActorSystem system, IUnderlaySocket socket, IUnderlaySocket? lan, FramePool pool, TimeProvider time, ulong seed, DropLedger removed)
    {
        _system = system;
        _socket = socket;
        _lan = lan;
        _seed = seed;
        _pool = pool;
        _services = new NodeServices(new MonotonicClock(time), pool, time, seed, removed, new PodHttpServer());
    }

    /// <summary>The `node` actor system, for whoever shows its actors; nothing is told to them from outside but through this class.</summary>
    public ActorSystem System => _system;

    /// <summary>Where the tunnel really ends.</summary>
    public UnderlayEndpoint LocalEndpoint => _socket.LocalEndpoint;

    /// <summary>Where the LAN's datagrams really end; null when the node is on no LAN.</summary>
    public UnderlayEndpoint? LanEndpoint => _lan?.LocalEndpoint;

    /// <summary>The MAC that the eth0 of a node of this host has.</summary>
    /// <param name="node">The node's name.</param>
    public MacAddress LanMacOf(string node) => NodeLayout.LanMac(_seed, node);

    /// <summary>Whether the kernel cuts and joins the tunnel's segments.</summary>
    public bool SegmentationOffload => _socket.SegmentsInKernel;

    /// <summary>The node's settings, once it has a subnet.</summary>
    public NodeSettings? Settings => _parts?.Settings;

    private NodeParts Parts => _parts ?? throw new InvalidOperationException("The node has no subnet yet.");

    /// <summary>Opens the underlay's sockets and starts the actor system; the node itself comes with <see cref="StartNodeAsync"/>.</summary>
    /// <param name="underlay">The sockets.</param>
    /// <param name="time">Time.</param>
    /// <param name="seed">Seed of all random draws.</param>
    /// <param name="frameThreads">Threads of the frames dispatcher, or null for one less than the machine has cores.</param>
    /// <param name="lan">The sockets of the LAN between nodes, or null for a node that is on none.</param>
    /// <param name="log">Gets what the node's actors log, one entry at a time; null: it is printed.</param>
    /// <exception cref="UnderlayException">The address or port cannot be had; the message says what to do.</exception>
    public static NodeHost Open(UnderlayOptions underlay, TimeProvider time, ulong seed, int? frameThreads, UnderlayOptions? lan = null, Action<NodeLogEntry>? log = null)
    {
        var pool = new FramePool();
        IUnderlaySocket tunnel = Underlay.Open(underlay, pool);
        try
        {
            return Open(tunnel, pool, time, seed, frameThreads, lan is null ? null : Underlay.Open(lan, pool), log);
        }
        catch (UnderlayException)
        {
            tunnel.Dispose();
            throw;
        }
    }

    /// <summary>Starts the actor system over sockets that are open already, such as those of another network namespace.</summary>
    /// <param name="socket">The underlay's sockets, taken over.</param>
    /// <param name="pool">The frame memory that they were opened with.</param>
    /// <param name="time">Time.</param>
    /// <param name="seed">Seed of all random draws.</param>
    /// <param name="frameThreads">Threads of the frames dispatcher, or null for one less than the machine has cores.</param>
    /// <param name="lan">The sockets of the LAN between nodes, taken over; null for a node that is on none.</param>
    /// <param name="log">Gets what the node's actors log, one entry at a time; null: it is printed.</param>
    public static NodeHost Open(IUnderlaySocket socket, FramePool pool, TimeProvider time, ulong seed, int? frameThreads, IUnderlaySocket? lan = null, Action<NodeLogEntry>? log = null)
    {
        ActorSystem system = NodeSystem.Start(frameThreads, log);
        var removed = new DropLedger();
        FrameReclaimer.Start(system, pool, removed);
        return new NodeHost(system, socket, lan, pool, time, seed, removed);
    }

    /// <summary>Makes the node: namespace, bridge, tunnel, flanneld, kubelet, kube-proxy.</summary>
    /// <param name="settings">What it is made from.</param>
    public async Task StartNodeAsync(NodeSettings settings)
    {
        IActorRef node = _system.ActorOf(Props.Create(() => new NodeActor(settings, _services, _socket, _lan)), settings.Name);
        NodeParts parts = await node.Ask<NodeParts>(new NodeActor.GetParts(), AskTimeout).ConfigureAwait(false);
        // The owners of devices offer them to the root namespace as they start: once all have answered, in this order, it has them.
        foreach (IActorRef owner in parts.DeviceOwners.Add(parts.Root))
            await owner.Ask<OwnedView>(Inspect.Instance, AskTimeout).ConfigureAwait(false);
        // And once these two have, their rules stand before kube-proxy's first.
        await parts.Kubelet.Ask<KubeletProtocol.PodList>(new KubeletProtocol.ListPods(), AskTimeout).ConfigureAwait(false);
        await parts.Flannel.Ask<FlannelActor.Problems>(new FlannelActor.GetProblems(), AskTimeout).ConfigureAwait(false);
        _parts = parts;
        _faults = new NodeFaults(parts, DeviceOwnersAsync);
    }

    /// <summary>Tells flanneld and the LAN which Nodes there are, and the kubelet what the API says of its own.</summary>
    /// <param name="nodes">All Nodes of the cluster.</param>
    public void SetNodes(ImmutableArray<V1Node> nodes)
    {
        NodeParts parts = Parts;
        parts.Flannel.Tell(new FlannelActor.NodesChanged(nodes));
        NodeSettings settings = parts.Settings;
        if (nodes.FirstOrDefault(node => node.Metadata.Name == settings.Name) is { } node)
            parts.Kubelet.Tell(new KubeletProtocol.NodeKnown(node), ActorRefs.NoSender);
        LanPeer? own = LanEndpoint is { } endpoint ? new LanPeer(settings.Name, LanMacOf(settings.Name), endpoint, settings.NodeIp) : null;
        LanPlan plan = LanPlan.Of(settings.Name, own, nodes);
        var known = new LanPeersKnown([.. plan.Peers]);
        parts.Lan.Tell(known);
        parts.Edge.Tell(known);
        _lanProblems = [.. plan.Problems];
    }

    /// <summary>The ports that are open to the outside, and where on this machine.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<EdgeStatus> EdgeAsync(CancellationToken ct) =>
        _parts is { } parts ? await parts.Edge.Ask<EdgeStatus>(new EdgeActor.GetStatus(), AskTimeout, ct).ConfigureAwait(false) : new EdgeStatus();

    /// <summary>The Nodes that could not be put on the LAN, a sentence each, for `status`.</summary>
    public ImmutableArray<string> LanProblems => _lanProblems;

    /// <summary>Tells the kubelet which pods of the API it is to run. Pods that were run by <see cref="RunPodAsync"/> are no part of it: they are static.</summary>
    /// <param name="pods">All of them, with what they name.</param>
    public void AssignPods(PodsAssigned pods) => Parts.Kubelet.Tell(pods, ActorRefs.NoSender);

    /// <summary>
    /// Says who hears what the kubelet reports. A new listener first hears the whole of what is so now: the node's status and that of each pod. Nothing
    /// is kept for later while there is none, and nothing is lost by that: states are told anew, events are for those who listen.
    /// </summary>
    /// <param name="listener">Called by the kubelet's actor, one report after the other: it passes the report on and returns at once. Null for nobody.</param>
    public void ListenToKubelet(Action<KubeletReport>? listener) => Parts.Kubelet.Tell(new KubeletProtocol.Listen(listener), ActorRefs.NoSender);

    /// <summary>Tells kube-proxy and the edge what changed of Services, EndpointSlices and this Node; the first message holds the whole.</summary>
    /// <param name="changes">The changes.</param>
    public void SetServices(ServiceChanges changes)
    {
        NodeParts parts = Parts;
        parts.KubeProxy.Tell(changes, ActorRefs.NoSender);
        parts.Edge.Tell(changes, ActorRefs.NoSender);
    }

    /// <summary>What kube-proxy has done so far; nothing before the node is up.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<KubeProxyStatus> KubeProxyStatusAsync(CancellationToken ct)
    {
        try
        {
            return _parts is { } parts ? await parts.KubeProxy.Ask<KubeProxyStatus>(new KubeProxyActor.GetStatus(), AskTimeout, ct).ConfigureAwait(false) : new KubeProxyStatus();
        }
        catch (AskTimeoutException)
        {
            return new KubeProxyStatus { Problems = [$"it did not answer within {AskTimeout.TotalSeconds:0} s: it compiles very many Services, or the machine is overloaded"] };
        }
    }

    /// <summary>Waits until the rules of everything that kube-proxy was told so far are in force.</summary>
    /// <param name="ct">Gives up.</param>
    public Task<KubeProxyStatus> ServicesInForceAsync(CancellationToken ct) =>
        Parts.KubeProxy.Ask<KubeProxyStatus>(new KubeProxyActor.WaitUntilInForce(), Timeout.InfiniteTimeSpan, ct);

    /// <summary>Has the tunnel send back the probes of a host that is joining (<see cref="Dataplane.Tunnels.TunnelProbe"/>).</summary>
    /// <param name="number">Their number.</param>
    /// <param name="asker">Where it asks from.</param>
    public void ExpectProbes(Guid number, string asker) => _parts?.Tunnel.Tell(new ExpectProbes(number, asker));

    /// <summary>How many of them came.</summary>
    /// <param name="number">Their number.</param>
    /// <param name="ct">Gives up.</param>
    public async Task<int> ProbesHeardAsync(Guid number, CancellationToken ct) =>
        _parts is { } parts ? (await parts.Tunnel.Ask<ProbesHeard>(new GetProbesHeard(number), AskTimeout, ct).ConfigureAwait(false)).Count : 0;

    /// <summary>What flanneld could not program, for `status`.</summary>
    public async Task<ImmutableArray<string>> FlannelProblemsAsync(CancellationToken ct) =>
        (await Parts.Flannel.Ask<FlannelActor.Problems>(new FlannelActor.GetProblems(), AskTimeout, ct).ConfigureAwait(false)).Texts;

    /// <summary>Runs a pod.</summary>
    /// <param name="pod">Manifest.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="NodeRefusedException">It cannot run; nothing of it is left.</exception>
    public async Task<PodInfo> RunPodAsync(V1Pod pod, CancellationToken ct) =>
        await Parts.Kubelet.Ask<object>(new KubeletProtocol.RunPod(pod), AskTimeout, ct).ConfigureAwait(false) switch
        {
            KubeletProtocol.PodRunning running => running.Info,
            KubeletProtocol.PodRefused refused => throw new NodeRefusedException(refused.Why),
            object other => throw new InvalidOperationException($"kubelet answered {other.GetType().Name}"),
        };

    /// <summary>Ends a pod, with the time that its manifest gives its containers.</summary>
    /// <param name="name">Name.</param>
    /// <param name="ct">Stops waiting; the pod ends all the same.</param>
    /// <returns>False when there is none of that name.</returns>
    public Task<bool> DeletePodAsync(string name, CancellationToken ct) => DeletePodAsync(name, null, ct);

    /// <summary>Ends a pod and waits until it is gone: SIGTERM for its containers, and SIGKILL for those that still run when their time is over.</summary>
    /// <param name="name">Name.</param>
    /// <param name="grace">The time that its containers have; null for what its manifest says, 30 s by default.</param>
    /// <param name="ct">Stops waiting; the pod ends all the same.</param>
    /// <returns>False when there is none of that name.</returns>
    public async Task<bool> DeletePodAsync(string name, TimeSpan? grace, CancellationToken ct) =>
        await Parts.Kubelet.Ask<object>(new KubeletProtocol.DeletePod(name, grace), Timeout.InfiniteTimeSpan, ct).ConfigureAwait(false) is KubeletProtocol.PodDeleted;

    /// <summary>Finds a container's log.</summary>
    /// <param name="pod">Pod name, with namespace and slash before it where that is not default.</param>
    /// <param name="container">A container of the pod, or null for the first.</param>
    /// <param name="ct">Cancellation.</param>
    /// <param name="previous">The log of the run before the newest.</param>
    /// <returns>The log, or null when the pod is not on this node.</returns>
    /// <exception cref="NodeRefusedException">The pod has no such container.</exception>
    /// <exception cref="ApiException">The container has no such log: 400 in the kubelet's words.</exception>
    public async Task<ContainerLogPlace?> FindLogAsync(string pod, string? container, CancellationToken ct, bool previous = false)
    {
        if (await Parts.Kubelet.Ask<object>(new KubeletProtocol.FindLog(pod, container, previous), AskTimeout, ct).ConfigureAwait(false) is not KubeletProtocol.LogFound found)
            return null;
        if (!found.Place.Containers.Contains(found.Place.Container))
            throw new NodeRefusedException($"container {container} is not valid for pod {pod}");
        return found.Place.Log is not null ? found.Place : throw ApiErrors.BadRequest(found.Place.Refusal ?? $"the log of container \"{found.Place.Container}\" in pod \"{pod}\" is not kept any more");
    }

    /// <summary>The node's pods as API objects with their status here, static ones too.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<ImmutableArray<(V1Pod Pod, V1PodStatus? Status)>> ListApiPodsAsync(CancellationToken ct) =>
        (await Parts.Kubelet.Ask<KubeletProtocol.ApiPodList>(new KubeletProtocol.ListApiPods(), AskTimeout, ct).ConfigureAwait(false)).Pods;

    /// <summary>The node's pods, by name.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<ImmutableArray<PodInfo>> ListPodsAsync(CancellationToken ct) =>
        (await Parts.Kubelet.Ask<KubeletProtocol.PodList>(new KubeletProtocol.ListPods(), AskTimeout, ct).ConfigureAwait(false)).Pods;

    /// <summary>Finds a namespace by what the user calls it.</summary>
    /// <param name="target">node/NAME or pod/NAME.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>The namespace, or null when it is not on this node.</returns>
    public Task<NodeNamespace?> FindAsync(string target, CancellationToken ct) => FindAsync(target, null, ct);

    /// <summary>Finds the namespace of a container: that of its pod, which all its containers share.</summary>
    /// <param name="target">node/NAME, pod/NAME, or pod/NAMESPACE/NAME.</param>
    /// <param name="container">A container of the pod, or null for the first: its files and environment are the command's.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>The namespace, or null when it is not on this node.</returns>
    /// <exception cref="NodeRefusedException">The pod has no such container; the message names those that it has.</exception>
    public async Task<NodeNamespace?> FindAsync(string target, string? container, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target == $"node/{Parts.Settings.Name}")
            return new NodeNamespace(Parts.Settings.Name, Parts.Root, NodeControl.ForNode(Parts), _services, _stopped.Token);
        if (!target.StartsWith("pod/", StringComparison.Ordinal))
            return null;
        string name = target["pod/".Length..];
        if (await Parts.Kubelet.Ask<object>(new KubeletProtocol.FindPod(name, container), AskTimeout, ct).ConfigureAwait(false) is not KubeletProtocol.PodFound found)
            return null;
        if (container is not null && !found.Info.Containers.Contains(container))
            throw new NodeRefusedException($"{target} has no container {container}; it has {string.Join(", ", found.Info.Containers)}");
        return new NodeNamespace(found.Info.HostDevice.Length == 0 ? Parts.Settings.Name : found.Info.Name, found.Actor, found.Control, _services, found.Closed, found.Container, found.Gone) { IsRunning = found.IsRunning };
    }

    /// <summary>Starts a capture on the devices of a namespace.</summary>
    /// <param name="target">node/NAME or pod/NAME.</param>
    /// <param name="device">One device, or null for all that there are now.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>The capture, or null when the namespace is not on this node.</returns>
    /// <exception cref="NodeRefusedException">The namespace has no such device; the message names those that it has.</exception>
    public async Task<NodeCapture?> CaptureAsync(string target, string? device, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(target);
        long id = Interlocked.Increment(ref _captures);
        if (target == $"node/{Parts.Settings.Name}")
            return await NodeCapture.StartAsync(target, Parts.DeviceOwners.Insert(0, Parts.Root), id, device, _stopped.Token, ct).ConfigureAwait(false);
        if (!target.StartsWith("pod/", StringComparison.Ordinal))
            return null;
        return await Parts.Kubelet.Ask<object>(new KubeletProtocol.FindPod(target["pod/".Length..]), AskTimeout, ct).ConfigureAwait(false) is KubeletProtocol.PodFound found
            ? await NodeCapture.StartAsync(target, [found.Actor], id, device, found.Closed, ct).ConfigureAwait(false)
            : null;
    }

    /// <summary>The ports on which programs in this node's namespaces serve HTTP now.</summary>
    public IReadOnlyCollection<PodHttpListener> HttpListeners => _services.Http.Listeners;

    /// <summary>The faults on the node's links.</summary>
    public NodeFaults Faults => _faults ?? throw new InvalidOperationException("The node has no subnet yet.");

    /// <summary>Starts hop records on every device of the node and its pods.</summary>
    /// <param name="filter">Which packets.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task StartTraceAsync(TraceFilter filter, CancellationToken ct)
    {
        var start = new TraceProtocol.Start(Parts.Settings.Name, filter, MaxHops);
        foreach (IActorRef owner in await DeviceOwnersAsync(ct).ConfigureAwait(false))
            owner.Tell(start);
    }

    /// <summary>Stops the hop records and returns them, in the order of time.</summary>
    /// <param name="ct">Cancellation.</param>
    public Task<ImmutableArray<HopRecord>> CollectTraceAsync(CancellationToken ct) => CollectTraceAsync(stop: true, ct);

    /// <summary>Returns the hop records, in the order of time.</summary>
    /// <param name="stop">Whether recording ends with it.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<ImmutableArray<HopRecord>> CollectTraceAsync(bool stop, CancellationToken ct)
    {
        IEnumerable<Task<TraceProtocol.Records>> asks = (await DeviceOwnersAsync(ct).ConfigureAwait(false))
            .Select(o => o.Ask<TraceProtocol.Records>(new TraceProtocol.Collect(stop), AskTimeout, ct));
        TraceProtocol.Records[] parts = await Task.WhenAll(asks).ConfigureAwait(false);
        return [.. parts.SelectMany(p => p.Hops).OrderBy(h => h.Time)];
    }

    /// <summary>
    /// Frames dropped on this node, by place and reason: "cni0 DeviceDown", "pod/web eth0 QueueFull". Each is counted at one place. What the
    /// operating system dropped because a receive buffer was full is "uplink SocketBufferFull" for the tunnel and "lan SocketBufferFull" for the LAN.
    /// </summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<IReadOnlyDictionary<string, long>> DropsAsync(CancellationToken ct) =>
        (await MeasureDropsAsync(await DeviceOwnersAsync(ct).ConfigureAwait(false), ct).ConfigureAwait(false)).ToDictionary(static drop => $"{drop.Place} {drop.Reason}", static drop => drop.Frames, StringComparer.Ordinal);

    /// <summary>The counters of the node and its pods.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<NodeMeasures> MeasureAsync(CancellationToken ct)
    {
        IReadOnlyList<IActorRef> owners = await DeviceOwnersAsync(ct).ConfigureAwait(false);
        MeasureProtocol.Measured[] parts = await AskAllAsync<MeasureProtocol.Measured>(owners, MeasureProtocol.Get.Instance, ct).ConfigureAwait(false);
        return new NodeMeasures
        {
            Devices = [.. parts.SelectMany(static part => part.Devices)],
            Namespaces = [.. parts.Select(static part => part.Namespace).OfType<NamespaceMeasure>()],
            Drops = await MeasureDropsAsync(owners, ct).ConfigureAwait(false),
            Uplinks = _lan is null ? [("tunnel", _socket.Snapshot())] : [("tunnel", _socket.Snapshot()), ("lan", _lan.Snapshot())],
        };
    }

    private async Task<ImmutableArray<DropMeasure>> MeasureDropsAsync(IReadOnlyList<IActorRef> owners, CancellationToken ct)
    {
        TraceProtocol.Drops[] parts = await AskAllAsync<TraceProtocol.Drops>(owners, new TraceProtocol.GetDrops(), ct).ConfigureAwait(false);
        var all = new Dictionary<(string Place, DropReason Reason), long>();
        foreach (TraceProtocol.PlaceDrops place in parts.SelectMany(p => p.Places))
            Count(place.Place, place.Counts, all);
        Count("removed", _services.Removed.Snapshot(), all);
        CountUplink("uplink", _socket.Snapshot(), all);
        if (_lan is not null)
            CountUplink("lan", _lan.Snapshot(), all);
        return [.. all.Select(static each => new DropMeasure(each.Key.Place, each.Key.Reason, each.Value))];
    }

    // A pod that ends meanwhile answers no more; what it has counted is then among the drops of what was removed.
    private static async Task<T[]> AskAllAsync<T>(IReadOnlyList<IActorRef> owners, object question, CancellationToken ct)
        where T : class
    {
        T?[] answers = await Task.WhenAll(owners.Select(async owner =>
        {
            try
            {
                return await owner.Ask<T>(question, MeasurePatience, ct).ConfigureAwait(false);
            }
            catch (AskTimeoutException)
            {
                return null;
            }
        })).ConfigureAwait(false);
        return [.. answers.OfType<T>()];
    }

    private static void CountUplink(string name, UplinkCounters uplink, Dictionary<(string, DropReason), long> all)
    {
        Count(name, uplink.Drops, all);
        if (uplink.KernelReceiveDrops > 0)
            all[(name, DropReason.SocketBufferFull)] = uplink.KernelReceiveDrops;
    }

    private static void Count(string place, IEnumerable<KeyValuePair<DropReason, long>> counts, Dictionary<(string, DropReason), long> all)
    {
        foreach ((DropReason reason, long count) in counts)
            all[(place, reason)] = all.GetValueOrDefault((place, reason)) + count;
    }

    /// <summary>Counters of the LAN's sockets; null when the node is on no LAN.</summary>
    public UplinkCounters? LanCounters => _lan?.Snapshot();

    /// <summary>Counters of the tunnel's sockets.</summary>
    public UplinkCounters UplinkCounters => _socket.Snapshot();

    /// <summary>Frame memory in use, less what the receiving threads keep to receive into; exact while no traffic flows.</summary>
    public PoolUsage MeasurePool()
    {
        PoolUsage usage = _pool.Measure();
        return usage with { LargeOut = usage.LargeOut - _socket.ReceiveBuffersKept - (_lan?.ReceiveBuffersKept ?? 0) };
    }

    private async Task<IReadOnlyList<IActorRef>> DeviceOwnersAsync(CancellationToken ct)
    {
        if (_parts is not { } parts)
            return [];
        KubeletProtocol.PodActors pods = await parts.Kubelet.Ask<KubeletProtocol.PodActors>(new KubeletProtocol.ListPodActors(), AskTimeout, ct).ConfigureAwait(false);
        return [parts.Root, .. parts.DeviceOwners, .. parts.Uplinks, parts.Edge, .. pods.Actors];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync().ConfigureAwait(false);
        await _system.Terminate().ConfigureAwait(false);
        await _services.Http.DisposeAsync().ConfigureAwait(false);
        _stopped.Dispose();
        _socket.Dispose();
        _lan?.Dispose();
    }
}
