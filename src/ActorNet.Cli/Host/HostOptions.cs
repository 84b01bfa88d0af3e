using System.Collections.Immutable;
using ActorNet.Packets;

namespace ActorNet.Cli.Host;

/// <summary>What a host process is told at its start: from the command line, and from the file given with --config, which the command line overrides.</summary>
public sealed record HostOptions
{
    /// <summary>The node's name: a DNS label (RFC 1123).</summary>
    public required string Name { get; init; }

    /// <summary>The underlay address: where this host's UDP tunnel and control link listen.</summary>
    public required Ipv4Address Address { get; init; }

    /// <summary>The node's InternalIP. By default the underlay address; on a loopback underlay 192.168.56.(10 + last octet).</summary>
    public required Ipv4Address NodeIp { get; init; }

    /// <summary>Where the host keeps its identity and its local socket.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>TCP port of the control link (Akka.Remote).</summary>
    public int ControlPort { get; init; } = DefaultControlPort;

    /// <summary>TCP port of the Kubernetes API.</summary>
    public int ApiPort { get; init; } = DefaultApiPort;

    /// <summary>TCP port of the kubelet's endpoints, for other hosts.</summary>
    public int KubeletPort { get; init; } = DefaultKubeletPort;

    /// <summary>TCP port of this host's disk in the store, for the other hosts.</summary>
    public int StorePort { get; init; } = DefaultStorePort;

    /// <summary>Where the API's objects are: <see cref="EmbeddedStore"/>, <see cref="MemoryStore"/>, or an etcd (<see cref="ActorNet.Cluster.Stores.Etcd.EtcdPlace"/>).</summary>
    public string Store { get; init; } = DefaultStore;

    /// <summary>UDP port of the tunnel.</summary>
    public int UnderlayPort { get; init; } = VxlanView.LinuxPort;

    /// <summary>UDP port of the LAN between nodes.</summary>
    public int LanPort { get; init; } = DefaultLanPort;

    /// <summary>Whether this is the first host and may form the cluster by itself.</summary>
    public bool Init { get; init; }

    /// <summary>Control address of a host to join, HOST or HOST:PORT; null for the first.</summary>
    public string? Join { get; init; }

    /// <summary>Whether control links are protected by mutual TLS. Plain ones are for loopback, or asked for by name.</summary>
    public bool ControlTls { get; init; }

    /// <summary>Control endpoints of hosts that this one knows from before, each host:port.</summary>
    public ImmutableArray<string> Seeds { get; init; } = [];

    /// <summary>MTU of the underlay in bytes; the tunnel's devices have 50 less.</summary>
    public int UnderlayMtu { get; init; } = 1500;

    /// <summary>Whether the MTU was said; else a host that joins takes what the path carries.</summary>
    public bool IsUnderlayMtuGiven { get; init; }

    /// <summary>The pods' network.</summary>
    public Ipv4Prefix ClusterCidr { get; init; } = new(new Ipv4Address(0x0AF4_0000), 16);

    /// <summary>Prefix length of a node's part of <see cref="ClusterCidr"/>.</summary>
    public int NodeMask { get; init; } = 24;

    /// <summary>Pods that the node runs at most.</summary>
    public int MaxPods { get; init; } = 110;

    /// <summary>How often the API server on this host forgets the store's history, all that is older than the last time; zero: never.</summary>
    public TimeSpan CompactionInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the API server on this host keeps Events.</summary>
    public TimeSpan EventTtl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Timing profile: lab or kubernetes.</summary>
    public string Profile { get; init; } = "kubernetes";

    /// <summary>Threads of the frames dispatcher; null is one less than the machine has cores.</summary>
    public int? FrameThreads { get; init; }

    /// <summary>Which sockets carry the tunnel: auto (segmentation offload where the system has it) or portable.</summary>
    public string Underlay { get; init; } = "auto";

    /// <summary>Whether TCP segments pass the node's devices as trains: the same packets on the wire for less work.</summary>
    public bool Offload { get; init; } = true;

    /// <summary>Whether the host that forms a cluster installs its DNS.</summary>
    public bool Dns { get; init; }

    /// <summary>Whether datagrams from addresses that are no tunnel peer are accepted, as a kernel VTEP does.</summary>
    public bool AcceptUnknownPeers { get; init; }

    /// <summary>The part of <see cref="ClusterCidr"/> that a new node asks for; null lets the API server choose. A node that has been there keeps its own.</summary>
    public Ipv4Prefix? PodCidr { get; init; }

    /// <summary>A file that gets what the host prints; null for the standard output. A host with one is a session of its own: no terminal's Ctrl-C or hang-up reaches it.</summary>
    public string? LogFile { get; init; }

    /// <summary>Whether what the host says is one JSON object a line.</summary>
    public bool JsonLog { get; init; }

    /// <summary>Base address of an OpenTelemetry collector that counters and spans are sent to; null: what OpenTelemetry's environment variables say.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>Whether the host stops when its standard input ends: a lab's hosts do, so that they never outlive the lab.</summary>
    public bool EndsWithStandardInput { get; init; }

    /// <summary>Control links with mutual TLS.</summary>
    public const string TlsLinks = "tls";

    /// <summary>Control links that whoever reaches the port may use.</summary>
    public const string PlainLinks = "plain";

    /// <summary>The API's objects are on disks of the hosts.</summary>
    public const string EmbeddedStore = "embedded";

    /// <summary>The API's objects are in memory, and go when no host is left that has heard of them.</summary>
    public const string MemoryStore = "memory";

    /// <summary>Where the API's objects are when nothing is said.</summary>
    public const string DefaultStore = EmbeddedStore;

    /// <summary>TCP port of the store when none is given: that of etcd's peers.</summary>
    public const int DefaultStorePort = 2380;

    /// <summary>The smallest MTU of the underlay: IPv4's 576 and the tunnel's 50.</summary>
    public const int LeastUnderlayMtu = 626;

    /// <summary>UDP port of the LAN between nodes when none is given: behind the tunnel's.</summary>
    public const int DefaultLanPort = 8473;

    /// <summary>TCP port of the control link when none is given.</summary>
    public const int DefaultControlPort = 4053;

    /// <summary>TCP port of the Kubernetes API when none is given: kube-apiserver's.</summary>
    public const int DefaultApiPort = 6443;

    /// <summary>TCP port of the kubelet's endpoints when none is given: kubelet's.</summary>
    public const int DefaultKubeletPort = 10250;

    /// <summary>Whether the underlay is loopback: then the lab is closed, no foreign machine can be a peer.</summary>
    public bool IsClosedLab => Address.IsLoopback;

    /// <summary>The node address of a host whose underlay address is loopback: 127.0.10.1 gives 192.168.56.11.</summary>
    /// <param name="underlay">Underlay address.</param>
    public static Ipv4Address DefaultNodeIp(Ipv4Address underlay) =>
        underlay.IsLoopback ? new Ipv4Address(0xC0A8_380A + (underlay.Value & 0xFF)) : underlay;
}
