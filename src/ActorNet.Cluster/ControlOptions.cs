using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using ActorNet.Cluster.Formation;
using ActorNet.Cluster.Membership;

namespace ActorNet.Cluster;

/// <summary>A named set of control timings.</summary>
public enum ControlProfile
{
    /// <summary>Fast failure detection for labs: an unreachable host is seen in about 2 s, a singleton moves in about 5 s.</summary>
    Lab,

    /// <summary>Calm settings for real machines: a pause of 5 s costs nobody its membership, a singleton moves in about 25 s.</summary>
    Kubernetes,
}

/// <summary>The certificates of mutual TLS between control systems: every peer must hold one of the same authority.</summary>
/// <param name="Certificate">This host's certificate with its private key.</param>
/// <param name="Authority">The cluster's certificate authority; the machine's trust store is not asked.</param>
public sealed record ControlTls(X509Certificate2 Certificate, X509Certificate2 Authority);

/// <summary>Names of the roles that members carry.</summary>
public static class ControlRoles
{
    /// <summary>Members that may host the cluster's singletons and that count in a split.</summary>
    public const string Store = "store";

    /// <summary>Members whose hosts keep the API's objects on disk: all of a cluster, or none.</summary>
    public const string KeepsObjects = "keeps-objects";

    /// <summary>Members whose API server has its objects in an etcd: all of a cluster, or none.</summary>
    public const string AsksEtcd = "asks-etcd";

    internal const string HostPrefix = "host-";

    internal const string ProcessPrefix = "pid-";
}

/// <summary>How a host starts its control system.</summary>
public sealed record ControlOptions
{
    /// <summary>The host's name, unique in the cluster: a DNS label (RFC 1123), at most 63 characters.</summary>
    public required string HostName { get; init; }

    /// <summary>The local IPv4 address to listen on.</summary>
    public required string BindAddress { get; init; }

    /// <summary>TCP port to listen on; 0 takes a free one, which <see cref="ControlSystem.Endpoint"/> tells.</summary>
    public int Port { get; init; }

    /// <summary>The name or address other hosts reach this one by; the bind address when null.</summary>
    public string? PublicHostName { get; init; }

    /// <summary>Hosts to join through; any member will do.</summary>
    public ImmutableArray<ControlEndpoint> Seeds { get; init; } = [];

    /// <summary>Whether this host may form a cluster by itself (--init): at once without seeds, else when none of them is in a cluster.</summary>
    public bool MayForm { get; init; }

    /// <summary>The cluster's name; hosts of another name are refused.</summary>
    public string ClusterName { get; init; } = "actornet";

    /// <summary>Roles of this member.</summary>
    public ImmutableArray<string> Roles { get; init; } = [ControlRoles.Store];

    /// <summary>Timings.</summary>
    public ControlProfile Profile { get; init; } = ControlProfile.Lab;

    /// <summary>Mutual TLS, or null for plain TCP.</summary>
    public ControlTls? Tls { get; init; }

    /// <summary>How long no member may answer before joining fails with a reason.</summary>
    public TimeSpan JoinTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long a cluster that answered may take to let this host in before joining fails with a reason. It lets nobody in while a member is
    /// unreachable, so this is longer than the slowest profile takes to remove one, which is about 20 s.
    /// </summary>
    public TimeSpan AdmissionTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The version of actornet that this host runs.</summary>
    public Release Release { get; init; } = Release.Own;

    /// <summary>Gets every warning and error of the control system; called on its threads, must not block.</summary>
    public Action<ControlLogEntry>? Log { get; init; }

    /// <summary>How the store on the hosts' disks stands; null, or an answer of null: there is none. Called from any thread.</summary>
    public Func<StoreStanding?>? Standing { get; init; }

    /// <summary>Which cluster this host is of, so that no other one under the same name is taken for it; null, or an answer of null: not known. Called from any thread.</summary>
    public Func<string?>? Identity { get; init; }

    /// <summary>Whether an earlier process of this host was in the cluster, and <see cref="Seeds"/> are all hosts that it knew.</summary>
    public bool WasMember { get; init; }

    /// <summary>Whether this process has been in the cluster before.</summary>
    internal bool Returns { get; init; }

    /// <summary>The process's word whom it lets form the cluster.</summary>
    internal FormationPromise Promise { get; init; } = new(TimeProvider.System);

    /// <summary>HOCON that wins over everything: for tests that need a resolver which waits.</summary>
    internal string Overrides { get; init; } = "";

    internal string AdvertisedHost => PublicHostName ?? BindAddress;
}

/// <summary>A warning or error that the control system logged.</summary>
/// <param name="At">When.</param>
/// <param name="IsError">Error rather than warning.</param>
/// <param name="Source">The actor or class that spoke.</param>
/// <param name="Message">What it said.</param>
public sealed record ControlLogEntry(DateTime At, bool IsError, string Source, string Message);
