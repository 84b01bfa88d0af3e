using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Nodes;
using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using k8s;
using k8s.Models;

namespace ActorNet.Cluster.Nodes;

/// <summary>The registry refused a request on a Node.</summary>
public sealed class NodeRefusedException(string message) : Exception(message);

/// <summary>
/// The Nodes of the cluster, for one host. Lives as long as the process and is attached to each of its control systems in turn:
/// pending requests, own nodes and the delivered view carry over, so that a lost control system changes nothing in the data plane.
/// </summary>
public sealed class NodeDirectory
{
    private const string SingletonManager = "nodes";

    private readonly long _origin = Stopwatch.GetTimestamp();
    private readonly string _hostName;
    private readonly Func<PodCidrAllocator> _newAllocator;
    private readonly Action<NodeChange> _deliver;
    private readonly ConcurrentDictionary<string, PendingRequest> _pending = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte[]> _own = new(StringComparer.Ordinal);
    private readonly InformerState _informer = new(NewRequestId);
    private ImmutableSortedDictionary<string, byte[]> _nodes = ImmutableSortedDictionary<string, byte[]>.Empty;
    private IActorRef _actor = ActorRefs.Nobody;
    private long _highestEpoch;

    /// <summary>Makes a directory; attach it to a control system to begin.</summary>
    /// <param name="hostName">This host.</param>
    /// <param name="newAllocator">Makes an empty allocator whenever this host begins to run the registry.</param>
    /// <param name="deliver">Gets every change, in order, one at a time, on a control thread; must not block.</param>
    public NodeDirectory(string hostName, Func<PodCidrAllocator> newAllocator, Action<NodeChange> deliver)
    {
        _hostName = hostName;
        _newAllocator = newAllocator;
        _deliver = deliver;
    }

    /// <summary>How long a new registry waits for the hosts' offers before it hands out subnets.</summary>
    public TimeSpan RecoveryWindow { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Every Node this host knows, as JSON by name.</summary>
    public IReadOnlyDictionary<string, byte[]> Nodes => Volatile.Read(ref _nodes);

    /// <summary>The highest epoch this host knows.</summary>
    public long Epoch => Interlocked.Read(ref _highestEpoch);

    internal string HostName => _hostName;

    internal InformerState Informer => _informer;

    /// <summary>Monotonic, from one origin for all control systems; begins above every time limit.</summary>
    internal TimeSpan Now => Stopwatch.GetElapsedTime(_origin) + TimeSpan.FromMinutes(1);

    internal ICollection<PendingRequest> Pending => _pending.Values;

    internal ICollection<KeyValuePair<string, byte[]>> Own => _own;

    /// <summary>Starts the host's part in a control system: the registry singleton, its proxy and the informer. Once per system.</summary>
    /// <param name="control">The control system, Up.</param>
    public void Attach(ControlSystem control)
    {
        ArgumentNullException.ThrowIfNull(control);
        ActorSystem system = control.System;
        if (control.Cluster.SelfRoles.Contains(ControlRoles.Store))
        {
            system.ActorOf(
                ClusterSingletonManager.Props(Props.Create(() => new NodeRegistrySupervisor(this)), ClusterSingletonManagerSettings.Create(system).WithRole(ControlRoles.Store)),
                SingletonManager);
        }
        IActorRef registry = system.ActorOf(
            ClusterSingletonProxy.Props($"/user/{SingletonManager}", ClusterSingletonProxySettings.Create(system).WithRole(ControlRoles.Store)), "nodes-proxy");
        Volatile.Write(ref _actor, system.ActorOf(Props.Create(() => new NodeInformer(this, registry)), "node-informer"));
        control.BeforeLeaving(LeaveAsync);
    }

    /// <summary>Registers a node; waits, also across lost control systems, until the registry has answered.</summary>
    /// <param name="node">The Node; spec.podCIDR is kept when given.</param>
    /// <param name="own">Whether this host runs the node: it is then registered again whenever that is needed, and goes when the host stops its control system.</param>
    /// <param name="cancellation">Gives up waiting; the registration may still happen.</param>
    /// <returns>The Node with spec.podCIDR.</returns>
    /// <exception cref="NodeRefusedException">The registry refused, or the object is too large.</exception>
    public async Task<V1Node> RegisterAsync(V1Node node, bool own, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(node);
        byte[] json = Encoding.UTF8.GetBytes(KubernetesJson.Serialize(node));
        if (json.Length > WireLimits.MaximumObjectBytes)
            throw new NodeRefusedException($"Node '{node.Metadata?.Name}' has {json.Length} bytes of JSON; at most {WireLimits.MaximumObjectBytes} can be registered.");
        if (!own)
            return Registered(await RequestAsync(id => new RegisterNode(id, "", Epoch, json), cancellation).ConfigureAwait(false));
        return await RegisterOwnAsync(node.Metadata?.Name ?? "", json, cancellation).ConfigureAwait(false);
    }

    /// <summary>Removes a node; waits until the registry has answered.</summary>
    /// <param name="name">The Node's name.</param>
    /// <param name="cancellation">Gives up waiting; the removal may still happen.</param>
    /// <exception cref="NodeRefusedException">The registry refused.</exception>
    public async Task DeleteAsync(string name, CancellationToken cancellation = default)
    {
        _own.TryRemove(name, out _);
        if (await RequestAsync(id => new DeleteNode(id, Epoch, name), cancellation).ConfigureAwait(false) is NodeRefused refused)
            throw new NodeRefusedException(refused.Reason);
    }

    /// <summary>
    /// Says goodbye for this host's nodes: others drop their routes at once. Nothing else removes a node: a host that only falls
    /// silent keeps it. The subnet is free then, but handed out last; a host that comes back claims it in spec.podCIDR.
    /// </summary>
    /// <param name="cancellation">Gives up: the nodes stay, as after a crash.</param>
    internal async Task LeaveAsync(CancellationToken cancellation)
    {
        string[] names = [.. _own.Keys];
        await Task.WhenAll(names.Select(name => DeleteAsync(name, cancellation))).ConfigureAwait(false);
    }

    internal static string NewRequestId() => Guid.NewGuid().ToString("N");

    internal PodCidrAllocator NewAllocator() => _newAllocator();

    internal void NoteEpoch(long epoch)
    {
        long known = Interlocked.Read(ref _highestEpoch);
        while (epoch > known)
        {
            long before = Interlocked.CompareExchange(ref _highestEpoch, epoch, known);
            if (before == known)
                return;
            known = before;
        }
    }

    /// <summary>
    /// An epoch above every one this host has seen. It starts from the wall clock, so that two hosts rarely choose alike; a clock
    /// that is behind is put right by the first request that knows a higher epoch.
    /// </summary>
    internal long NextEpoch()
    {
        long epoch = Math.Max(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), Epoch + 1);
        NoteEpoch(epoch);
        return epoch;
    }

    internal void Deliver(IReadOnlyList<NodeChange> changes)
    {
        Volatile.Write(ref _nodes, _informer.Nodes);
        foreach (NodeChange change in changes)
            _deliver(change);
    }

    /// <summary>Puts own nodes to the registry again, with the subnets they have.</summary>
    internal void RegisterOwnAgain()
    {
        foreach (string name in _own.Keys)
            Enqueue(new PendingRequest(NewRequestId(), id => RegisterNewest(id, name)));
    }

    /// <summary>Puts own nodes to the registry that were registered but never seen by the informer: what it offered was older.</summary>
    internal void RegisterOwnAhead()
    {
        foreach ((string name, byte[] own) in _own)
        {
            byte[]? seen = _informer.Nodes.GetValueOrDefault(name);
            if (seen is null || NodeDocument.TryRead(own, out _)?.ResourceVersion > NodeDocument.TryRead(seen, out _)?.ResourceVersion)
                Enqueue(new PendingRequest(NewRequestId(), id => RegisterNewest(id, name)));
        }
    }

    /// <summary>Forgets a request that has nothing to ask any more.</summary>
    internal void Drop(PendingRequest request)
    {
        _pending.TryRemove(request.Id, out _);
        request.Answer.TrySetException(new NodeRefusedException("The node was deleted before it was registered."));
    }

    internal void Complete(string requestId, IWireMessage answer)
    {
        if (_pending.TryRemove(requestId, out PendingRequest? request))
            request.Answer.TrySetResult(answer);
    }

    private async Task<V1Node> RegisterOwnAsync(string name, byte[] json, CancellationToken cancellation)
    {
        byte[]? before = _own.GetValueOrDefault(name);
        // Before it is asked for: a registration that is repeated meanwhile must not carry what was said before.
        _own[name] = json;
        IWireMessage answer = await RequestAsync(id => RegisterNewest(id, name), cancellation).ConfigureAwait(false);
        // Only where nothing newer was said since: the answer to an old registration may come after a new one was made.
        if (answer is NodeRegistered registered)
            _own.TryUpdate(name, registered.Json, json);
        else if (before is null)
            _own.TryRemove(KeyValuePair.Create(name, json));
        else
            _own.TryUpdate(name, before, json);
        return Registered(answer);
    }

    /// <summary>The own node as it was last said to be, however often and for whichever call it is sent; null when it was deleted.</summary>
    private RegisterNode? RegisterNewest(string requestId, string name) =>
        _own.TryGetValue(name, out byte[]? newest) ? new RegisterNode(requestId, _hostName, Epoch, newest) : null;

    private static V1Node Registered(IWireMessage answer) => answer is NodeRegistered registered
        ? KubernetesJson.Deserialize<V1Node>(Encoding.UTF8.GetString(registered.Json))
        : throw new NodeRefusedException(((NodeRefused)answer).Reason);

    private async Task<IWireMessage> RequestAsync(Func<string, IWireMessage?> make, CancellationToken cancellation)
    {
        PendingRequest request = new(NewRequestId(), make);
        Enqueue(request);
        try
        {
            return await request.Answer.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _pending.TryRemove(request.Id, out _);
        }
    }

    private void Enqueue(PendingRequest request)
    {
        _pending[request.Id] = request;
        Volatile.Read(ref _actor).Tell(NodeInformer.Kick.Instance);
    }
}

/// <summary>A request that is sent again, under the same id, until it is answered.</summary>
internal sealed record PendingRequest(string Id, Func<string, IWireMessage?> Make)
{
    public TaskCompletionSource<IWireMessage> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When it was last sent, by the informer's clock; read and written by the informer only.</summary>
    public TimeSpan SentAt { get; set; } = TimeSpan.MinValue;
}
