using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using ActorNet.Cli.Host.Journal;
using ActorNet.Cluster;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Kubelets;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Membership;
using ActorNet.Cluster.Nodes;
using ActorNet.Cluster.Proxies;
using ActorNet.Cluster.Stores;
using ActorNet.Cluster.Stores.Etcd;
using ActorNet.Cluster.Stores.Hosts;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Controllers;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Kubernetes.ServiceAccounts;
using ActorNet.Kubernetes.Storage;
using Akka.Actor;
using Akka.Cluster;
using k8s.Models;

namespace ActorNet.Cli.Host;

/// <summary>What the cluster looks like from this host.</summary>
/// <param name="State">up, or cut off.</param>
/// <param name="Members">All members, by name.</param>
/// <param name="Unreachable">Those that cannot be reached.</param>
/// <param name="ApiServerHost">Where the API server runs, or null.</param>
/// <param name="HeartbeatWarnings">Heartbeats sent late by this host.</param>
internal sealed record ClusterStatus(string State, IReadOnlyList<ControlMember> Members, IReadOnlyList<string> Unreachable, string? ApiServerHost, long HeartbeatWarnings);

/// <summary>The cluster for this host: joins, takes part in the API, registers its Node, follows, and goes on with what it last heard while the host is cut off.</summary>
internal sealed class ClusterNodes : IAsyncDisposable
{
    /// <summary>The port that the API has on every node, as kube-apiserver.</summary>
    public const ushort ApiPort = 6443;

    // The first address of the range of Services.
    private const string ServiceAddress = "10.96.0.1";

    private static readonly TimeSpan AgentPatience = TimeSpan.FromSeconds(3);

    // A courtesy: without it the node's silence tells the same a little later.
    private static readonly TimeSpan StoppingLimit = TimeSpan.FromSeconds(1);

    private readonly ControlSupervisor _supervisor;
    private LiveCredentials? _credentials;
    private readonly NodeRegistration _registration;
    private readonly IObjectCache<V1Node> _nodes;
    private readonly HostCertificates _certificates;
    private readonly bool _isTls;
    private readonly string _host;
    private readonly ActorSystem _node;
    private readonly EtcdObjectStore? _etcd;
    private readonly Lock _lock = new();
    private Action<ImmutableArray<V1Node>>? _follower;
    private V1Node? _ownNode;
    private long _ownEpoch;
    private volatile bool _isLeavingForGood;

    private ClusterNodes(HostOptions options, ControlOptions control, ActorSystem node, HostCertificates certificates, ControlLinks links, HostStore? store, EtcdObjectStore? etcd, HostJournal journal)
    {
        (Store, _etcd) = (store, etcd);
        _certificates = certificates;
        // Where objects are elsewhere, any host may come to serve them.
        certificates.MayKeepKey = host => Store is null || Store.IsHeldBy(host);
        _host = options.Name;
        _node = node;
        NodeTiming timing = TimingOf(options);
        KindCatalog kinds = KindCatalog.Default(ServiceRanges.Default, timing.DefaultTolerationSeconds);
        Api = new ClusterApi(new ClusterApiOptions
        {
            HostName = options.Name,
            Kinds = kinds,
            NewApi = store => NewApi(options, kinds, store),
            Seed = static (api, cancel) => BootstrapObjects.EnsureAsync(api, ServiceAddress, ApiPort, cancel),
            Beside = api => RunControllers(options, timing, api),
            Front = () => OwnFront,
            CompactionInterval = options.CompactionInterval,
            Store = store is not null ? store.ObtainAsync : etcd is not null ? _ => Task.FromResult<IObjectStore>(etcd) : null,
        });
        _nodes = Api.CacheOf<V1Node>();
        Pods = new PodFeed(Api, options.Name);
        Services = new ServiceFeed(Api, _nodes, Pods.Services, options.Name);
        _nodes.Changed += _ => Deliver();
        _registration = new NodeRegistration(Api.Client("actornet"));
        _isTls = control.Tls is not null;
        _supervisor = new ControlSupervisor(control, links, Attach);
        Faults = new ControlFaults(_supervisor.Links, TimeProvider.System);
        _supervisor.WasIsland += there => LeaveIsland(there, journal);
        _supervisor.Lost += reason => journal.Say($"lost the cluster ({reason}); pods and tunnels go on with what was last heard, and the host joins again by itself");
        _supervisor.Rejoined += _ => journal.Say("back in the cluster");
    }

    /// <summary>The Kubernetes API for this host.</summary>
    public ClusterApi Api { get; }

    /// <summary>This host's disk in the store; null when objects are in memory.</summary>
    public HostStore? Store { get; }

    /// <summary>Where objects are, and how it is there.</summary>
    public StoreStatus StoreStatus => Store?.Status ?? (_etcd is { } etcd ? StoreStatus.Etcd(etcd.Endpoint) : StoreStatus.Memory);

    /// <summary>Installs the cluster's DNS.</summary>
    public DnsAddon Dns => new(Api.Client("kubeadm"));

    /// <summary>What this host's kubelet is to run.</summary>
    public PodFeed Pods { get; }

    /// <summary>What this host's kube-proxy makes rules of.</summary>
    public ServiceFeed Services { get; }

    /// <summary>Where this host answers over HTTPS, as https://127.0.10.1:6443; empty until it does.</summary>
    public string OwnFront { get; set; } = "";

    /// <summary>The actor systems of this process: node, and control while the host is in a cluster.</summary>
    public IEnumerable<ActorSystem> Systems => _supervisor.Current is { } control ? [_node, control.System] : [_node];

    /// <summary>Connections to this host's control port that were none of a host.</summary>
    public long ControlStrangers => _supervisor.Links.Strangers;

    /// <summary>The faults of this host's control links.</summary>
    public ControlFaults Faults { get; }

    /// <summary>Every Node this host knows.</summary>
    public ImmutableArray<V1Node> Nodes => [.. _nodes.Snapshot.All];

    /// <summary>Every Secret that this host has heard of.</summary>
    public ImmutableArray<V1Secret> Secrets => [.. Pods.Secrets.Snapshot.All];

    /// <summary>The faults of this host's control links.</summary>
    public ControlLinks Links => _supervisor.Links;

    /// <summary>Control endpoints by which others may come into the cluster: of all members that are Up, this host among them.</summary>
    public ImmutableArray<string> Seeds => _supervisor.Current is { } control
        ? [.. control.Snapshot.Members.Where(static member => member.Status == MemberStatus.Up).Select(static member => member.Endpoint.ToString())]
        : [];

    /// <summary>The versions of actornet that the members run, by host.</summary>
    public ImmutableSortedDictionary<string, string> Releases => _supervisor.Current is { } control
        ? control.Snapshot.Members.Where(static member => member.Release is not null).ToImmutableSortedDictionary(static member => member.Name, static member => member.Release.ToString()!, StringComparer.Ordinal)
        : ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Control endpoints by which this host finds back.</summary>
    public ImmutableArray<string> Peers => [.. _supervisor.Peers.Select(static peer => peer.ToString()).Order(StringComparer.Ordinal)];

    /// <summary>What the cluster looks like now.</summary>
    public ClusterStatus Status
    {
        get
        {
            if (_supervisor.Current is not { } current)
                return new ClusterStatus("cut off", [], [], null, 0);
            ControlSnapshot snapshot = current.Snapshot;
            return new ClusterStatus("up", snapshot.Members, [.. snapshot.Unreachable], snapshot.SingletonHost, current.LateHeartbeats);
        }
    }

    /// <summary>Starts the control system and joins, or forms the cluster.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="node">The `node` actor system, which the host's agent shows to others.</param>
    /// <param name="certificates">The host's certificates; other hosts are answered from them.</param>
    /// <param name="own">What the host shows on its control links; null: they are plain.</param>
    /// <param name="journal">Takes what happens.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="ControlStartException">It did not work; the message says why.</exception>
    /// <exception cref="StoreException">What lies in the store's directory cannot be used; the host has not joined.</exception>
    public static async Task<ClusterNodes> StartAsync(HostOptions options, ActorSystem node, HostCertificates certificates, HostCredentials? own, HostJournal journal, CancellationToken ct)
    {
        var links = new ControlLinks();
        EtcdObjectStore? etcd = EtcdPlace.IsEtcd(options.Store) ? await EtcdAsync(options, ct).ConfigureAwait(false) : null;
        ClusterNodes? made = null;
        HostStore? store = options.Store == HostOptions.EmbeddedStore ? await HostStore.OpenAsync(StoreOptions(options, journal) with { IsGone = host => made?.HasNoNode(host) == true }, links, ct).ConfigureAwait(false) : null;
        var nodes = new ClusterNodes(options, new ControlOptions
        {
            HostName = options.Name,
            BindAddress = options.Address.ToString(),
            Port = options.ControlPort,
            // The one to join through may be gone when this host is started again; those that it knew then are asked, too.
            Seeds = [.. options.Seeds.Prepend(options.Join).OfType<string>().Select(Endpoint).Distinct()],
            Tls = own is null ? null : new ControlTls(own.Certificate, own.Authority),
            MayForm = options.Init,
            Standing = store is null ? null : () => store.Standing,
            // They are what the state directory says.
            WasMember = !options.Seeds.IsEmpty,
            Identity = () => certificates.Authority is { } authority ? AuthorityHash.Of(authority).ToString() : null,
            Roles = [ControlRoles.Store, .. RoleOf(options.Store) is { } role ? [role] : Array.Empty<string>()],
            Profile = options.Profile == "lab" ? ControlProfile.Lab : ControlProfile.Kubernetes,
            // A person is told what became of it; a program that reads everything may have it all.
            Log = journal.IsJson ? entry => journal.Write(JournalEntry.Of(entry)) : null,
        }, node, certificates, links, store, etcd, journal);
        made = nodes;
        try
        {
            ControlSystem control = await nodes._supervisor.StartAsync(ct).ConfigureAwait(false);
            RequireSameStore(options, control.Snapshot);
            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The host's certificate, signed by a host that has the authority's key unless this one has it, or kept from before.</summary>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">There is none to be had; the message says why.</exception>
    /// <exception cref="StoreException">The store's directory is another cluster's.</exception>
    public async Task<LiveCredentials> ObtainCertificateAsync(CancellationToken ct)
    {
        if (_supervisor.Current is not { } control)
            throw new UsageException("The cluster was lost before this host had its certificate. Start it again.");
        _credentials = new LiveCredentials(await HostSecurity.ObtainAsync(_certificates, control, ct).ConfigureAwait(false));
        Store?.Start(_credentials);
        return _credentials;
    }

    /// <summary>The host's certificate, signed anew when it is time (<see cref="CertificateLife"/>).</summary>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="SigningRefusedException">There is none to be had now.</exception>
    public async Task<HostCredentials> RenewCertificateAsync(CancellationToken ct)
    {
        ControlSystem control = _supervisor.Current ?? throw new SigningRefusedException("this host is not in the cluster at the moment");
        HostCredentials renewed = await _certificates.ObtainAsync(control, ct).ConfigureAwait(false);
        if (_isTls)
            await _supervisor.RenewAsync(new ControlTls(renewed.Certificate, renewed.Authority)).ConfigureAwait(false);
        return renewed;
    }

    /// <summary>Whether this host is one of those that keep the authority's key, and has not got it yet.</summary>
    public bool IsWithoutKey => !_certificates.CanSign && _certificates.MayKeepKey(_host);

    /// <summary>Gets the authority's key from a host that has it.</summary>
    /// <param name="ct">Cancellation.</param>
    /// <returns>Whether this host has it now.</returns>
    public async Task<bool> KeepKeyAsync(CancellationToken ct) =>
        _supervisor.Current is { } control && _credentials is { } credentials && await _certificates.KeepKeyAsync(control, credentials.Now, ct).ConfigureAwait(false);

    /// <summary>The actors of this host and of every other that answers, by name.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<HostActors[]> ActorsAsync(CancellationToken ct)
    {
        ControlSystem? control = _supervisor.Current;
        IEnumerable<string> others = control?.Snapshot.Members.Select(m => m.Name).Where(n => n != _host) ?? [];
        byte[]?[] answers = await Task.WhenAll(others.Select(n => control!.DescribeAsync(n, AgentPatience, ct))).ConfigureAwait(false);
        return [.. answers.OfType<byte[]>().Select(a => JsonSerializer.Deserialize<HostActors>(a)!).Append(OwnActors(control)).OrderBy(h => h.Host, StringComparer.Ordinal)];
    }

    /// <summary>Registers the node that this host runs.</summary>
    /// <param name="node">The Node.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>The Node with its subnet.</returns>
    /// <exception cref="UsageException">It was refused.</exception>
    public async Task<V1Node> RegisterAsync(V1Node node, CancellationToken ct)
    {
        V1Node registered = await RequestAsync(() => _registration.RegisterAsync(node, _host, ct)).ConfigureAwait(false);
        (_ownNode, _ownEpoch) = (registered, Api.Epoch);
        return registered;
    }

    /// <summary>
    /// Registers the host's node again when the API does not know it since its server moved; one that somebody deleted stays deleted, as with
    /// a kubelet, until the host starts again.
    /// </summary>
    /// <param name="ct">Cancellation.</param>
    /// <returns>Whether it was registered.</returns>
    public async Task<bool> RegisterAgainAsync(CancellationToken ct)
    {
        if (_ownNode is not { } own || _ownEpoch == Api.Epoch)
            return false;
        await RegisterAsync(own, ct).ConfigureAwait(false);
        return true;
    }

    /// <summary>Applies a Node that no host of ours runs.</summary>
    /// <param name="node">The Node.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">It was refused.</exception>
    public Task<V1Node> ApplyAsync(V1Node node, CancellationToken ct) => RequestAsync(() => _registration.RegisterAsync(node, null, ct));

    /// <summary>Deletes a Node.</summary>
    /// <param name="name">Name.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">It was refused.</exception>
    public Task DeleteAsync(string name, CancellationToken ct) => RequestAsync(async () =>
    {
        await _registration.DeleteAsync(name, ct).ConfigureAwait(false);
        return true;
    });

    /// <summary>From now on this host has no Node of its own, and its goodbye leaves the store, too.</summary>
    public void LeavesForGood()
    {
        _isLeavingForGood = true;
        _ownNode = null;
    }

    /// <summary>The other hosts that have the key of the cluster's authority, as far as they answer.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<ImmutableArray<string>> OtherSignersAsync(CancellationToken ct) =>
        _supervisor.Current is { } control ? await HostCertificates.OtherSignersAsync(control, ct).ConfigureAwait(false) : [];

    /// <summary>Hands every state of the Nodes to a follower, the present one first.</summary>
    /// <param name="follower">Gets all Nodes; called one at a time.</param>
    public void Follow(Action<ImmutableArray<V1Node>> follower)
    {
        lock (_lock)
            _follower = follower;
        Deliver();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Pods.DisposeAsync().ConfigureAwait(false);
        await Services.DisposeAsync().ConfigureAwait(false);
        Faults.Dispose();
        await _supervisor.DisposeAsync().ConfigureAwait(false);
        if (Store is { } store)
            await store.DisposeAsync().ConfigureAwait(false);
        if (_etcd is { } etcd)
            await etcd.DisposeAsync().ConfigureAwait(false);
        _credentials?.Dispose();
    }

    private static async Task<T> RequestAsync<T>(Func<Task<T>> request)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (NodeRefusedException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private string RootCertificate => _certificates.Authority is { } authority ? new string(PemEncoding.Write("CERTIFICATE", authority)) + "\n" : "";

    private static HostStoreOptions StoreOptions(HostOptions options, HostJournal journal) => new()
    {
        Directory = Path.Combine(options.StateDirectory, "store"),
        HostName = options.Name,
        Listen = new IPEndPoint(IPAddress.Parse(options.Address.ToString()), options.StorePort),
        MayForm = options.Init,
        ElectionTimeout = options.Profile == "lab" ? TimeSpan.FromSeconds(1.5) : TimeSpan.FromSeconds(3),
        Tell = journal.Say,
    };

    /// <summary>Whether a host was given up, by `actornet leave` or by `kubectl delete node`, as far as this one has heard.</summary>
    /// <param name="host">Its name.</param>
    public bool HasNoNode(string host) => _nodes.HasSynced && _nodes.Snapshot.Find("", host) is null;

    // An API server on a host with another kind of store would not know what the others keep.
    private static void RequireSameStore(HostOptions options, ControlSnapshot cluster)
    {
        string? own = RoleOf(options.Store);
        ControlMember[] differing = [.. cluster.Members.Where(member => member.Status == MemberStatus.Up && RoleOf(member) != own)];
        if (differing.Length == 0)
            return;
        string other = RoleOf(differing[0]) switch
        {
            ControlRoles.KeepsObjects => HostOptions.EmbeddedStore,
            ControlRoles.AsksEtcd => $"{EtcdPlace.Marker}URL",
            _ => HostOptions.MemoryStore,
        };
        throw new UsageException($"--store {options.Store}: the cluster has --store {other} ({string.Join(", ", differing.Select(static member => member.Name))}), and all its hosts must have the same. Give --store {other}.");
    }

    private static string? RoleOf(string store) => store == HostOptions.EmbeddedStore ? ControlRoles.KeepsObjects : EtcdPlace.IsEtcd(store) ? ControlRoles.AsksEtcd : null;

    private static string? RoleOf(ControlMember member) => member.Roles.FirstOrDefault(static role => role is ControlRoles.KeepsObjects or ControlRoles.AsksEtcd);

    private static async Task<EtcdObjectStore> EtcdAsync(HostOptions options, CancellationToken ct)
    {
        var etcd = new EtcdObjectStore(EtcdPlace.Read(options.Store));
        try
        {
            await etcd.CheckAsync(ct).ConfigureAwait(false);
            return etcd;
        }
        catch (Exception e)
        {
            await etcd.DisposeAsync().ConfigureAwait(false);
            if (e is StoreUnavailableException)
                throw new StoreException($"--store {options.Store}: {e.Message} Start it there, or give the URL at which its clients ask it.", e);
            throw;
        }
    }

    private static NodeTiming TimingOf(HostOptions options) => options.Profile == "lab" ? NodeTiming.Lab : NodeTiming.Kubernetes;

    private ControllerManager RunControllers(HostOptions options, NodeTiming timing, KubernetesApi api)
    {
        var controllers = new ControllerManager(new InProcessClient(api, "kube-controller-manager"), TimeProvider.System, new ControllerOptions(timing, options.ClusterCidr, options.NodeMask) { RootCertificate = RootCertificate, EventTtl = options.EventTtl });
        controllers.Start();
        return controllers;
    }

    private static KubernetesApi NewApi(HostOptions options, KindCatalog kinds, IObjectStore store)
    {
        SeededIdentities identities = NewIdentities();
        return new KubernetesApi(store, kinds, TimeProvider.System, identities, new AdmissionChain(
            new ServiceAccountAdmission(store, kinds.Of("", "ServiceAccount"), identities, TimeProvider.System),
            new PodCidrAdmission(store, new PodCidrAllocator(options.ClusterCidr, options.NodeMask))));
    }

    private static SeededIdentities NewIdentities() => new(BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)));

    private static ControlEndpoint Endpoint(string seed)
    {
        int colon = seed.LastIndexOf(':');
        if (colon < 0)
            return new ControlEndpoint(seed, HostOptions.DefaultControlPort);
        return int.TryParse(seed.AsSpan(colon + 1), out int port) && port is > 0 and < 65536
            ? new ControlEndpoint(seed[..colon], port)
            : throw new UsageException($"{seed}: not a control address. Give HOST or HOST:PORT, as 192.168.56.11:{HostOptions.DefaultControlPort}.");
    }

    // Two clusters in memory have two truths; that of the one that is joined holds.
    private void LeaveIsland(ControlEndpoint there, HostJournal journal)
    {
        bool isInMemory = Store is null && _etcd is null;
        if (isInMemory)
            Api.Forget();
        journal.Say($"the cluster that this host was in is an island beside that of {there}, which this host joins{(isInMemory ? "; objects that only the island had are lost, and their pods end" : "")}");
    }

    private void Attach(ControlSystem control)
    {
        Api.Attach(control);
        control.BeforeLeaving(SayGoodbyeAsync);
        _certificates.Attach(control);
        Store?.Attach(control);
        control.StartAgent(() => JsonSerializer.SerializeToUtf8Bytes(OwnActors(control)));
    }

    // A host that stops comes back: its Node, its pods and its disk stay what they are, and Services turn to others at once.
    private async Task SayGoodbyeAsync(CancellationToken ct)
    {
        if (_isLeavingForGood)
        {
            if (Store is { } store)
                await store.LeaveAsync(ct).ConfigureAwait(false);
            return;
        }

        if (_ownNode is not { } own)
            return;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(StoppingLimit);
        await _registration.StopsAsync(own.Metadata.Name, DateTimeOffset.UtcNow, limit.Token).ConfigureAwait(false);
    }

    private HostActors OwnActors(ControlSystem? control) =>
        new(_host, [ActorTree.Of(_node), .. control is null ? Array.Empty<SystemActors>() : [ActorTree.Of(control.System)]]);

    private void Deliver()
    {
        lock (_lock)
            _follower?.Invoke(Nodes);
    }
}
