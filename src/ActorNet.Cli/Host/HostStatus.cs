using ActorNet.ApiServer;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Joining;
using ActorNet.Cluster.Stores.Hosts;
using ActorNet.Node;
using ActorNet.Node.Edge;

namespace ActorNet.Cli.Host;

/// <summary>What `actornet status` shows of a host.</summary>
public sealed record HostStatus
{
    /// <summary>Node name.</summary>
    public required string Node { get; init; }

    /// <summary>Process id.</summary>
    public required int ProcessId { get; init; }

    /// <summary>The host's version.</summary>
    public string Version { get; init; } = HostVersion.Text;

    /// <summary>State of the control system: up, joining, cut off.</summary>
    public required string ControlState { get; init; }

    /// <summary>Members of the cluster that this host sees.</summary>
    public required IReadOnlyList<string> Members { get; init; }

    /// <summary>Members that cannot be reached.</summary>
    public required IReadOnlyList<string> Unreachable { get; init; }

    /// <summary>The members of the cluster, as this host sees them.</summary>
    public IReadOnlyList<HostMember> Cluster { get; init; } = [];

    /// <summary>The process that runs the API server, or null while unknown.</summary>
    public SingletonStatus? Singleton { get; init; }

    /// <summary>Where the API server runs, or null while unknown.</summary>
    public string? ApiServerHost { get; init; }

    /// <summary>How far the host's view of each kind of the API is.</summary>
    public IReadOnlyList<CacheStatus> Caches { get; init; } = [];

    /// <summary>Where the API's objects are kept.</summary>
    public StoreStatus Store { get; init; } = StoreStatus.Memory;

    /// <summary>The real address and port of the tunnel.</summary>
    public required string Underlay { get; init; }

    /// <summary>The real address and port of the LAN between nodes.</summary>
    public string Lan { get; init; } = "-";

    /// <summary>Nodes that could not be put on the LAN, a sentence each.</summary>
    public IReadOnlyList<string> LanProblems { get; init; } = [];

    /// <summary>The ports that are open to the outside.</summary>
    public EdgeStatus Edge { get; init; } = new();

    /// <summary>The node's kube-proxy.</summary>
    public KubeProxyStatus KubeProxy { get; init; } = new();

    /// <summary>Whether the kernel cuts and joins segments for the tunnel.</summary>
    public required bool SegmentationOffload { get; init; }

    /// <summary>The node's pod network.</summary>
    public required string PodCidr { get; init; }

    /// <summary>Tunnel datagrams sent.</summary>
    public required long DatagramsSent { get; init; }

    /// <summary>Tunnel datagrams received.</summary>
    public required long DatagramsReceived { get; init; }

    /// <summary>Frames dropped, by place and reason.</summary>
    public required IReadOnlyDictionary<string, long> Drops { get; init; }

    /// <summary>The ports on which programs in pods serve HTTP.</summary>
    public IReadOnlyList<HttpPortStatus> Http { get; init; } = [];

    /// <summary>What clients have under way at the Kubernetes API while it is here, and what was refused or ended to keep it bounded.</summary>
    public ApiLoadStatus? Api { get; init; }

    /// <summary>Hosts that were let into the cluster by this one, and who was refused; null: control links are plain, and nobody needs a certificate to join.</summary>
    public JoinStatus? Joining { get; init; }

    /// <summary>Exec, attach, logs and port-forward on this host's pods.</summary>
    public StreamsStatus? Streams { get; init; }

    /// <summary>Frame buffers in use: small, large, vectors. Exact while no traffic flows.</summary>
    public required PoolStatus Pool { get; init; }

    /// <summary>Warnings that a cluster heartbeat was sent late.</summary>
    public required long HeartbeatWarnings { get; init; }
}

/// <summary>A member of the cluster.</summary>
/// <param name="Name">Its host.</param>
/// <param name="Address">Where its control system is reached, HOST:PORT.</param>
/// <param name="State">Its place in the life of a member: Joining, WeaklyUp, Up, Leaving, Exiting, Down.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="IsReachable">False while a member's failure detector suspects it.</param>
public sealed record HostMember(string Name, string Address, string State, IReadOnlyList<string> Roles, bool IsReachable)
{
    /// <summary>The version of actornet that it runs; null when it does not say.</summary>
    public string? Version { get; init; }
}

/// <summary>Where the cluster's singletons are: the API server and the controllers.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Pid">Its process id on its machine; null when it does not say.</param>
public sealed record SingletonStatus(string Host, int? Pid);

/// <summary>A port on which a program in a pod serves HTTP.</summary>
/// <param name="Pod">The pod's name, or the node's for a program in its own namespace.</param>
/// <param name="Port">Port.</param>
/// <param name="Open">Connections that are open.</param>
/// <param name="Accepted">Connections accepted since the program listens.</param>
/// <param name="TimesFull">How often as many were open as may be; whoever comes then waits in the backlog, and is a drop of the pod's sockets behind that.</param>
/// <param name="Cut">Connections that the server ended for being slow or wrong, by Kestrel's reason.</param>
public sealed record HttpPortStatus(string Pod, int Port, int Open, long Accepted, long TimesFull, IReadOnlyDictionary<string, long> Cut);

/// <summary>Streams of clients to pods.</summary>
/// <param name="Open">Open now.</param>
/// <param name="Opened">Opened so far.</param>
/// <param name="Refused">Refused with 429, because too many were open.</param>
/// <param name="NeverOpened">Commands given up because their client did not open its streams in time.</param>
/// <param name="Deserted">Streams whose client was gone before their end.</param>
public sealed record StreamsStatus(int Open, long Opened, long Refused, long NeverOpened, long Deserted);

/// <summary>Frame memory in use.</summary>
/// <param name="SmallOut">Small buffers.</param>
/// <param name="LargeOut">Large buffers.</param>
/// <param name="VectorsOut">Vectors.</param>
public sealed record PoolStatus(int SmallOut, int LargeOut, int VectorsOut);
