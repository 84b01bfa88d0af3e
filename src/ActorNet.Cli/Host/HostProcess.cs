using System.Globalization;
using System.Net;
using ActorNet.ApiServer;
using ActorNet.ApiServer.Front;
using ActorNet.ApiServer.Kubelet;
using ActorNet.ApiServer.Streaming;
using ActorNet.Cli.Host.Journal;
using ActorNet.Cli.Host.Telemetry;
using ActorNet.Cluster;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Kubelets;
using ActorNet.Dataplane.Frames;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Kubernetes.Storage;
using ActorNet.Node;
using ActorNet.Node.Uplink;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Cli.Host;

/// <summary>
/// A host's life: what it is (state directory), what carries its frames (underlay), which cluster it is in (control), what it is there (Node,
/// subnet), and then the node itself. Each step that fails says why, and nothing is left behind.
/// </summary>
internal static class HostProcess
{
    private const int MinPoolThreads = 8;

    // The LAN carries what goes to node addresses; pods' traffic is the tunnel's.
    private const int LanSourceSockets = 4;

    /// <summary>Runs a host until it is told to stop.</summary>
    /// <param name="options">Options.</param>
    /// <param name="stop">Cancelled by SIGINT and SIGTERM; SIGHUP does the same.</param>
    /// <returns>Exit code.</returns>
    /// <exception cref="UsageException">It could not start.</exception>
    public static async Task<int> RunAsync(HostOptions options, CancellationToken stop)
    {
        using HostLog? log = options.LogFile is { } file ? HostLog.Open(file) : null;
        (int exitCode, bool hasLeft) = await LiveAsync(options, isDetached: log is not null, stop).ConfigureAwait(false);
        if (hasLeft)
            StateDirectory.Forget(options.StateDirectory);
        return exitCode;
    }

    private static async Task<(int ExitCode, bool HasLeft)> LiveAsync(HostOptions options, bool isDetached, CancellationToken stop)
    {
        var journal = new HostJournal(options.Name, options.JsonLog, null, TimeProvider.System);
        // What has a log of its own is a lab's: it ends with `actornet up` or by `actornet down`, not with a terminal.
        using var hangup = new TerminalHangup(stop, isDetached);
        using CancellationTokenSource life = CancellationTokenSource.CreateLinkedTokenSource(hangup.Token);
        // Cluster heartbeats run on the pool. On a small machine it begins with as many threads as there are cores and then grows by one or two
        // a second: a few that wait would hold a heartbeat up.
        ThreadPool.SetMinThreads(MinPoolThreads, MinPoolThreads);
        if (options.EndsWithStandardInput)
            EndWithStandardInput(life);
        await HostEndpoint.RequireFreeAsync(options.StateDirectory).ConfigureAwait(false);
        JoinPorts.Check(options);
        string socket = await HostEndpoint.ClaimAsync(options.StateDirectory).ConfigureAwait(false);
        HostIdentity identity = HostIdentity.LoadOrCreate(options);
        using HostCertificates certificates = HostSecurity.Open(options);
        await using NodeHost node = OpenUnderlay(options, identity, journal);
        using HostCredentials? own = HostSecurity.OfControl(options, certificates);
        await using ClusterNodes cluster = await JoinAsync(options, node, certificates, own, journal, life.Token).ConfigureAwait(false);
        LiveCredentials credentials = await CertificateAsync(cluster, life.Token).ConfigureAwait(false);
        EndWithStore(cluster, life);
        using var sessions = new StreamSessions(TimeProvider.System);
        var kubelet = new KubeletEndpoint(new NodeContainerStreams(node), sessions);
        using var kubelets = new KubeletLocation(options.Name, kubelet, () => cluster.Nodes, credentials);
        var tokens = new HostTokens(() => credentials.Now);
        using var reach = new ClusterReach(kubelets, new NodeNetwork(node));
        var load = new ApiLoad(TimeProvider.System);
        var location = new ApiLocation(cluster.Api, () => cluster.OwnFront, api => new ApiFront(api, ServerVersion.Default, journal, reach, tokens, load, new RbacAuthorizer(_ => api.Reads, api.Kinds)));
        var cached = new CachedReads(cluster.Api.Kinds, cluster.Api.Cached, load, TimeProvider.System, journal);
        var joining = new HostAdmission(options, node, cluster, certificates);
        await using var telemetry = new HostTelemetry(options, node, cluster, load);
        var departure = new HostDeparture(options, cluster, certificates, TimeProvider.System);
        var service = new HostService(options, node, cluster, load, sessions, joining, departure);
        await using HostFront front = await HostSecurity.StartFrontAsync(options, new HostFrontOptions
        {
            Address = IPAddress.Parse(options.Address.ToString()),
            ApiPort = options.ApiPort,
            KubeletPort = options.KubeletPort,
            Credentials = credentials,
            Api = location,
            Links = cluster.Links,
            Cached = cached,
            Kubelet = kubelet.HandleAsync,
            Joining = joining.Desk,
            Health = HostHealth.Of(cluster, location, life.Token),
            Pages = HostPages.Of(service, telemetry),
            Authorizer = HereAuthorizer(cluster.Api),
            Meter = telemetry.Requests,
            ApiCounters = telemetry.ApiPort,
            KubeletCounters = telemetry.KubeletPort,
        }, life.Token).ConfigureAwait(false);
        cluster.OwnFront = front.ApiAddress.GetLeftPart(UriPartial.Authority);
        string kubeconfig = HostSecurity.WriteKubeconfig(options, certificates, credentials.Now, front.ApiAddress);
        Task renewing = RenewAsync(options, certificates, cluster, credentials, front.ApiAddress, journal, life.Token);
        await using HostEndpoint endpoint = await HostEndpoint.StartAsync(service, socket, life.Cancel).ConfigureAwait(false);
        NodeSettings settings = await RegisterAsync(options, identity, node, cluster, front.KubeletAddress, life.Token).ConfigureAwait(false);
        await node.StartNodeAsync(settings).ConfigureAwait(false);
        await using NodeApiPort apiPort = await ListenInNodeAsync(node, settings, front).ConfigureAwait(false);
        cluster.Follow(node.SetNodes);
        await using StatusWriter status = WriteStatus(node, cluster, journal, life.Token);
        cluster.Services.Start(node.SetServices);
        using var podTokens = new KubeletTokens(credentials, front.ApiAddress);
        cluster.Pods.Start(node.AssignPods, podTokens.RequestAsync);
        PrintReady(options, journal, node, settings, kubeconfig, await joining.FirstLineAsync(life.Token).ConfigureAwait(false));
        telemetry.Start(life.Token);
        Task remembering = joining.RememberAsync(life.Token);
        Task keeping = KeepKeyAsync(options, certificates, cluster, credentials, front.ApiAddress, journal, life.Token);
        Task dns = InstallDnsAsync(options, cluster, journal, life.Token);
        await WaitAsync(life.Token).ConfigureAwait(false);
        journal.Announce(departure.HasLeft ? "leaves its cluster" : "stops");
        await Task.WhenAll(renewing, dns, remembering, keeping).ConfigureAwait(false);
        return (cluster.Store is { Failed.IsCompleted: true } ? 1 : 0, departure.HasLeft);
    }

    // By the store's roles where the API is, elsewhere by this host's copy of them.
    private static RbacAuthorizer HereAuthorizer(ClusterApi api) =>
        new(kind => api.Local?.Reads ?? api.Cached(kind)?.Reads ?? throw ApiErrors.Unavailable("this host has no copy of the roles now"), api.Kinds);

    private static async Task<NodeApiPort> ListenInNodeAsync(NodeHost node, NodeSettings settings, HostFront front)
    {
        NodeNamespace root = await node.FindAsync($"node/{settings.Name}", CancellationToken.None).ConfigureAwait(false) ?? throw new UsageException($"node {settings.Name} did not start");
        return await NodeApiPort.StartAsync(root.Executor, ClusterNodes.ApiPort, front.ApiAddress).ConfigureAwait(false);
    }

    // No node is ready the later for it, as none of Kubernetes' is.
    private static Task InstallDnsAsync(HostOptions options, ClusterNodes cluster, HostJournal journal, CancellationToken ct) => options is { Init: true, Dns: true }
        ? cluster.Dns.KeepTryingAsync(TimeProvider.System, journal.Say, ct)
        : Task.CompletedTask;

    // The kubeconfig holds a certificate too: it is written again, and has a new one when that is due.
    private static Task RenewAsync(HostOptions options, HostCertificates certificates, ClusterNodes cluster, LiveCredentials credentials, Uri server, HostJournal journal, CancellationToken ct) =>
        new CertificateRenewal(credentials, cluster.RenewCertificateAsync, TimeProvider.System, journal.Say)
        {
            Looked = () => HostSecurity.WriteKubeconfig(options, certificates, credentials.Now, server),
        }.RunAsync(ct);

    // A host that signs has the administrator's certificate, too.
    private static Task KeepKeyAsync(HostOptions options, HostCertificates certificates, ClusterNodes cluster, LiveCredentials credentials, Uri server, HostJournal journal, CancellationToken ct) =>
        new AuthorityKeeping(() => cluster.IsWithoutKey, async cancel =>
        {
            bool isKept = await cluster.KeepKeyAsync(cancel).ConfigureAwait(false);
            if (isKept)
                HostSecurity.WriteKubeconfig(options, certificates, credentials.Now, server);
            return isKept;
        }, TimeProvider.System, journal.Say).RunAsync(ct);

    private static NodeHost OpenUnderlay(HostOptions options, HostIdentity identity, HostJournal journal)
    {
        try
        {
            var underlay = new UnderlayOptions
            {
                Address = options.Address,
                Port = (ushort)options.UnderlayPort,
                ForcePlain = options.Underlay == "portable",
                Notice = journal.Say,
            };
            UnderlayOptions lan = underlay with { Port = (ushort)options.LanPort, SourceSockets = LanSourceSockets, Name = "lan", PortOption = "--lan-port" };
            return NodeHost.Open(underlay, TimeProvider.System, identity.Seed, options.FrameThreads, lan, journal.IsJson ? entry => journal.Write(JournalEntry.Of(entry)) : null);
        }
        catch (UnderlayException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static async Task<ClusterNodes> JoinAsync(HostOptions options, NodeHost node, HostCertificates certificates, HostCredentials? own, HostJournal journal, CancellationToken ct)
    {
        if (own is null && !options.Address.IsLoopback)
            journal.Say($"control links on {options.Address}:{options.ControlPort} are plain, as --control-links asks for: anyone who reaches that port can order this host. Use it on a network that you trust.");
        journal.Say(options.Init
            ? $"forming a cluster on {options.Address}:{options.ControlPort}"
            : $"joining the cluster of {options.Join ?? string.Join(", ", options.Seeds)}");
        try
        {
            return await ClusterNodes.StartAsync(options, node.System, certificates, own, journal, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ControlStartException or StoreException)
        {
            throw new UsageException(e.Message);
        }
    }

    private static async Task<LiveCredentials> CertificateAsync(ClusterNodes cluster, CancellationToken ct)
    {
        try
        {
            return await cluster.ObtainCertificateAsync(ct).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            throw new UsageException(e.Message);
        }
    }

    // Without its disk a host must not go on as if it had one.
    private static void EndWithStore(ClusterNodes cluster, CancellationTokenSource life) => cluster.Store?.Failed.ContinueWith(
        failed =>
        {
            Console.Error.WriteLine($"actornet: {failed.Result.Message}");
            life.Cancel();
        },
        CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);

    private static async Task<NodeSettings> RegisterAsync(HostOptions options, HostIdentity identity, NodeHost node, ClusterNodes cluster, Uri kubelet, CancellationToken ct)
    {
        MacAddress vtepMac = MacAddress.Parse(identity.VtepMac);
        V1Node stored = await cluster.RegisterAsync(OwnNode(options, identity, kubelet), ct).ConfigureAwait(false);
        var podCidr = Ipv4Prefix.Parse(stored.Spec.PodCIDR);
        if (identity.PodCidr != stored.Spec.PodCIDR)
            (identity with { PodCidr = stored.Spec.PodCIDR }).Save(options.StateDirectory);
        // As flanneld: first the node has its subnet, then it publishes where its tunnel ends.
        UnderlayEndpoint? underlay = node.LocalEndpoint == new UnderlayEndpoint(options.NodeIp, FlannelLease.DefaultPort) ? null : node.LocalEndpoint;
        FlannelAnnotations.Write(stored, new FlannelLease(options.Name, podCidr, options.NodeIp, vtepMac, UnderlayOverride: underlay));
        if (node.LanEndpoint is { } lan)
            LanPeer.Write(stored, node.LanMacOf(options.Name), lan);
        await cluster.RegisterAsync(stored, ct).ConfigureAwait(false);
        return new NodeSettings
        {
            Name = options.Name,
            NodeIp = options.NodeIp,
            PodCidr = podCidr,
            ClusterCidr = options.ClusterCidr,
            UnderlayMtu = options.UnderlayMtu,
            // Loopback takes datagrams of any length; on a real network a frame and its framing have to fit together.
            LanMtu = options.IsClosedLab ? options.UnderlayMtu : options.UnderlayMtu - 50,
            VtepMac = vtepMac,
            TunnelPort = VxlanView.LinuxPort,
            AcceptUnknownPeers = options.AcceptUnknownPeers,
            Offload = options.Offload,
            Kubelet = Kubelet(options),
            KubeProxy = KubeProxy(options),
        };
    }

    private static StatusWriter WriteStatus(NodeHost node, ClusterNodes cluster, HostJournal journal, CancellationToken ct)
    {
        var writer = new StatusWriter(cluster.Api.Client("kubelet"), TimeProvider.System);
        writer.NodeMissing += _ => RegisterAgainAsync();
        node.ListenToKubelet(writer.Take);
        return writer;

        async void RegisterAgainAsync()
        {
            try
            {
                // A new listener hears everything anew: what was written before went with the API server.
                if (await cluster.RegisterAgainAsync(ct).ConfigureAwait(false))
                    node.ListenToKubelet(writer.Take);
            }
            catch (Exception e) when (e is UsageException or OperationCanceledException)
            {
                journal.Say($"the node could not be registered again: {e.Message}");
            }
        }
    }

    // A lab gives up a silent node within seconds: its lease has to come more often.
    private static KubeletSettings Kubelet(HostOptions options)
    {
        var settings = new KubeletSettings { MaxPods = options.MaxPods };
        return options.Profile == "lab" ? settings with { LeaseRenewPeriod = TimeSpan.FromSeconds(1), LeaseDuration = TimeSpan.FromSeconds(5) } : settings;
    }

    // A lab shows an endpoint's change at once.
    private static KubeProxySettings KubeProxy(HostOptions options)
    {
        var settings = new KubeProxySettings { HealthzPort = KubeProxySettings.DefaultHealthzPort };
        return options.Profile == "lab" ? settings with { MinSyncPeriod = TimeSpan.Zero, SyncPeriod = TimeSpan.FromSeconds(5) } : settings;
    }

    private static V1Node OwnNode(HostOptions options, HostIdentity identity, Uri kubelet)
    {
        string? asked = identity.PodCidr ?? options.PodCidr?.ToString();
        var node = new V1Node
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new V1ObjectMeta { Name = options.Name, Labels = Labels(options.Name), Annotations = new Dictionary<string, string> { [KubeletLocation.Annotation] = kubelet.GetLeftPart(UriPartial.Authority) } },
            Spec = new V1NodeSpec { PodCIDR = asked, PodCIDRs = asked is null ? null : [asked] },
            Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "InternalIP", Address = options.NodeIp.ToString() }, new V1NodeAddress { Type = "Hostname", Address = options.Name }] },
        };
        return node;
    }

    // Those that a kubelet gives its Node (kubernetes pkg/kubelet/kubelet_node_status.go, initialNode).
    private static Dictionary<string, string> Labels(string name) => new(StringComparer.Ordinal)
    {
        ["beta.kubernetes.io/arch"] = "amd64",
        ["beta.kubernetes.io/os"] = "linux",
        ["kubernetes.io/arch"] = "amd64",
        ["kubernetes.io/hostname"] = name,
        ["kubernetes.io/os"] = "linux",
    };

    private static void PrintReady(HostOptions options, HostJournal journal, NodeHost node, NodeSettings settings, string kubeconfig, string? join)
    {
        string state = options.StateDirectory;
        journal.Announce(string.Create(CultureInfo.InvariantCulture, $"is ready: node {settings.NodeIp}, pods {settings.PodCidr}, tunnel on UDP {node.LocalEndpoint}{(node.SegmentationOffload ? " with segmentation offload" : "")}, process {Environment.ProcessId}"));
        if (options.LogFile is not null || options.EndsWithStandardInput || journal.IsJson)
            return;
        join ??= options.ControlTls ? "actornet token create --print-join-command      on the host that formed the cluster: prints what another machine joins by" : $"actornet join {options.Address}:{options.ControlPort} --name n2 --address ADDRESS      on another machine";
        Console.WriteLine($"""
            Try:
              kubectl --kubeconfig {kubeconfig} get nodes
              actornet pod run -f pod.yaml --node {options.Name} --state-dir {state}
              actornet exec --state-dir {state} node/{options.Name} -- ip route
              {join}
            """);
    }

    private static async Task WaitAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    // Console.In reads synchronously whatever it is asked, and a read from a pipe holds its thread: it gets one of its own.
    private static void EndWithStandardInput(CancellationTokenSource life)
    {
        var reader = new Thread(() =>
        {
            using Stream input = Console.OpenStandardInput();
            Span<byte> ignored = stackalloc byte[256];
            while (input.Read(ignored) > 0)
            {
            }

            try
            {
                life.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The host has stopped already.
            }
        })
        { IsBackground = true, Name = "standard-input" };
        reader.Start();
    }
}
