using System.CommandLine;
using System.Globalization;
using System.Net.NetworkInformation;
using ActorNet.Cli.Host;
using ActorNet.Cluster.Stores.Etcd;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Kubernetes.Selectors;
using ActorNet.Kubernetes.Storage;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Cli.Commands;

/// <summary>The options that `node` and `join` share, and how they and the config file become <see cref="HostOptions"/>. Everything that can be checked before a socket opens is checked here.</summary>
internal sealed class HostOptionSet
{
    private const string JsonFormat = "json";

    private static readonly TimeSpan ShortestKept = TimeSpan.FromSeconds(10), LongestKept = TimeSpan.FromHours(24);

    private readonly Option<string?> _name = new("--name") { Description = "Node name, a DNS label. Example: --name n1", HelpName = "NAME" };
    private readonly Option<string?> _address = new("--address") { Description = "Address of this machine that other hosts reach: tunnel and control link listen there. On loopback (127.0.10.1, ...) the lab is closed to other machines. Example: --address 192.168.56.11", HelpName = "IP" };
    private readonly Option<string?> _nodeIp = new("--node-ip") { Description = "The node's InternalIP. Default: --address; on loopback 192.168.56.(10 + last octet)", HelpName = "IP" };
    private readonly Option<string?> _stateDir = new("--state-dir") { Description = "Directory for the host's identity and local socket. Default: ~/.actornet", HelpName = "DIR" };
    private readonly Option<string?> _config = new("--config") { Description = "YAML file with these options as camelCase keys; the command line wins. Example: --config host.yaml", HelpName = "FILE" };
    private readonly Option<int?> _controlPort = new("--control-port") { Description = $"TCP port of the control link. Default: {HostOptions.DefaultControlPort}", HelpName = "PORT" };
    private readonly Option<string?> _controlLinks = new("--control-links") { Description = "tls: hosts verify each other by certificates, and others join with a token. plain: whoever reaches the control port may order the host. Default: tls, on a loopback --address plain", HelpName = "KIND" };
    private readonly Option<int?> _apiPort = new("--api-port") { Description = $"TCP port of the Kubernetes API over HTTPS, on --address. Default: {HostOptions.DefaultApiPort}", HelpName = "PORT" };
    private readonly Option<int?> _kubeletPort = new("--kubelet-port") { Description = $"TCP port on --address by which other hosts reach this one's pods over HTTPS. Default: {HostOptions.DefaultKubeletPort}", HelpName = "PORT" };
    private readonly Option<string?> _store = new("--store") { Description = $"Where the API's objects are, the same on every host: embedded (on the hosts' disks: they outlive hosts and the cluster's end), memory, or etcd=URL, as etcd=http://127.0.0.1:2379. Default: {HostOptions.DefaultStore}", HelpName = "KIND" };
    private readonly Option<int?> _storePort = new("--store-port") { Description = $"TCP port on --address by which hosts keep the embedded store together. Default: {HostOptions.DefaultStorePort}", HelpName = "PORT" };
    private readonly Option<int?> _underlayPort = new("--underlay-port") { Description = $"UDP port of the tunnel. Default: {VxlanView.LinuxPort}, as Linux", HelpName = "PORT" };
    private readonly Option<int?> _lanPort = new("--lan-port") { Description = $"UDP port of the LAN between nodes: what goes to node addresses. Default: {HostOptions.DefaultLanPort}", HelpName = "PORT" };
    private readonly Option<int?> _underlayMtu = new("--underlay-mtu") { Description = "MTU of the underlay in bytes; pods get 50 less. Default: 1500", HelpName = "BYTES" };
    private readonly Option<string?> _clusterCidr = new("--cluster-cidr") { Description = "The pods' network; every node gets a part of it. Default: 10.244.0.0/16", HelpName = "CIDR" };
    private readonly Option<int?> _nodeMask = new("--node-cidr-mask-size") { Description = "Prefix length of a node's part of --cluster-cidr, the same on every host. Default: 24", HelpName = "BITS" };
    private readonly Option<int?> _maxPods = new("--max-pods") { Description = "Pods that this host's node runs at most. Default: 110", HelpName = "N" };
    private readonly Option<string?> _compaction = new("--etcd-compaction-interval") { Description = "How often the API server, while it is on this host, forgets the history of objects that is older than the last time: a Go duration of at least 10s; 0: never. Default: 5m", HelpName = "DURATION" };
    private readonly Option<string?> _eventTtl = new("--event-ttl") { Description = "How long the API server, while it is on this host, keeps Events: a Go duration from 10s to 24h. Default: 1h", HelpName = "DURATION" };
    private readonly Option<string?> _profile = new("--profile") { Description = "Timing: lab (fast failure detection) or kubernetes (upstream values). Default: kubernetes", HelpName = "NAME" };
    private readonly Option<int?> _frameThreads = new("--frame-threads") { Description = "Threads that carry frames. Default: cores - 1, at least 1", HelpName = "N" };
    private readonly Option<string?> _underlay = new("--underlay") { Description = "auto (segmentation offload where the system has it) or portable (plain sockets). Default: auto", HelpName = "KIND" };
    private readonly Option<string?> _dns = new("--dns") { Description = "on, or off: with --init, whether the cluster gets two coredns pods and the Service kube-dns at 10.96.0.10. Default: off", HelpName = "STATE" };
    private readonly Option<string?> _offload = new("--offload") { Description = "on, or off: TCP segments pass the node's devices one by one, as after `ethtool -K eth0 tso off gro off`. Default: on", HelpName = "STATE" };
    private readonly Option<bool?> _acceptUnknown = new("--accept-unknown-peers") { Description = "Take tunnel datagrams from any address, as a kernel VTEP does. Default: only from nodes of the cluster" };

    private readonly Option<string?> _podCidr = new("--pod-cidr") { Description = "The part of --cluster-cidr that a new node asks for. Default: the API server chooses. Example: --pod-cidr 10.244.7.0/24", HelpName = "CIDR" };

    private readonly Option<string?> _logFormat = NewLogFormat();
    private readonly Option<string?> _otlp = NewOtlp();

    // What a lab's host prints goes to a file, so that the process that started it may end before it.
    private readonly Option<string?> _logFile = new("--log-file") { Hidden = true };

    // A lab's host ends when the process that made it closes its standard input, however that process ended.
    private readonly Option<bool> _endsWithStdin = new("--ends-with-stdin") { Hidden = true };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _name, _address, _nodeIp, _stateDir, _config, _controlPort, _controlLinks, _apiPort, _kubeletPort, _store, _storePort, _underlayPort, _lanPort, _underlayMtu, _clusterCidr, _nodeMask, _maxPods, _compaction, _eventTtl, _profile, _frameThreads, _underlay, _offload, _dns, _acceptUnknown, _podCidr, _logFormat, _otlp, _logFile, _endsWithStdin })
            command.Options.Add(option);
    }

    /// <summary>Reads and checks.</summary>
    /// <param name="result">What was parsed.</param>
    /// <param name="init">Whether this is the first host.</param>
    /// <param name="join">Control address of a host to join; null: none, or the cluster is known.</param>
    /// <param name="known">The cluster that the host is in already, whose settings hold.</param>
    /// <param name="preset">Name and address when none are given.</param>
    /// <exception cref="UsageException">Something is missing or cannot be.</exception>
    public HostOptions Read(ParseResult result, bool init, string? join, ClusterRecord? known = null, HostPreset preset = default)
    {
        HostConfigFile file = FileOf(result);
        string name = result.GetValue(_name) ?? file.Name ?? known?.Name ?? preset.Name ?? throw Missing("--name", "--name n1");
        if (!ObjectNames.IsLabel(name))
            throw new UsageException($"--name {name}: not a DNS label. Use at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit (RFC 1123).");
        Ipv4Address address = Address("--address", result.GetValue(_address) ?? file.Address ?? known?.Address ?? preset.Address ?? throw Missing("--address", "--address 192.168.56.11"));
        RequireOwnAddress(address);
        string? nodeIp = result.GetValue(_nodeIp) ?? file.NodeIp;
        string cidr = Agreed("--cluster-cidr", result.GetValue(_clusterCidr) ?? file.ClusterCidr, known?.ClusterCidr) ?? "10.244.0.0/16";
        if (!Ipv4Prefix.TryParse(cidr, out Ipv4Prefix clusterCidr) || clusterCidr.Length > 24)
            throw new UsageException($"--cluster-cidr {cidr}: not an IPv4 prefix of at most /24. Example: --cluster-cidr 10.244.0.0/16");
        int nodeMask = Within("--node-cidr-mask-size", Agreed("--node-cidr-mask-size", result.GetValue(_nodeMask) ?? file.NodeCidrMaskSize, known?.NodeMask) ?? 24, clusterCidr.Length, Math.Min(30, clusterCidr.Length + PodCidrAllocator.MaxMaskDifference));
        return new HostOptions
        {
            Name = name,
            Address = address,
            NodeIp = nodeIp is null ? HostOptions.DefaultNodeIp(address) : Address("--node-ip", nodeIp),
            StateDirectory = Path.GetFullPath(StateOf(result, file)),
            ControlPort = Within("--control-port", result.GetValue(_controlPort) ?? file.ControlPort ?? HostOptions.DefaultControlPort, 1, 65535),
            ApiPort = Within("--api-port", result.GetValue(_apiPort) ?? file.ApiPort ?? HostOptions.DefaultApiPort, 1, 65535),
            KubeletPort = Within("--kubelet-port", result.GetValue(_kubeletPort) ?? file.KubeletPort ?? HostOptions.DefaultKubeletPort, 1, 65535),
            StorePort = Within("--store-port", result.GetValue(_storePort) ?? file.StorePort ?? HostOptions.DefaultStorePort, 1, 65535),
            Store = StoreOf(Agreed("--store", result.GetValue(_store) ?? file.Store, known?.Store) ?? HostOptions.DefaultStore),
            UnderlayPort = Within("--underlay-port", result.GetValue(_underlayPort) ?? file.UnderlayPort ?? VxlanView.LinuxPort, 1, 65535),
            LanPort = Within("--lan-port", result.GetValue(_lanPort) ?? file.LanPort ?? HostOptions.DefaultLanPort, 1, 65535),
            UnderlayMtu = Within("--underlay-mtu", result.GetValue(_underlayMtu) ?? file.UnderlayMtu ?? known?.UnderlayMtu ?? 1500, HostOptions.LeastUnderlayMtu, 65535),
            IsUnderlayMtuGiven = (result.GetValue(_underlayMtu) ?? file.UnderlayMtu) is not null,
            ClusterCidr = clusterCidr,
            NodeMask = nodeMask,
            PodCidr = (result.GetValue(_podCidr) ?? file.PodCidr) is { } part ? PartOf(clusterCidr, nodeMask, part) : null,
            MaxPods = Within("--max-pods", result.GetValue(_maxPods) ?? file.MaxPods ?? 110, 1, 100_000),
            CompactionInterval = CompactionOf(result.GetValue(_compaction) ?? file.EtcdCompactionInterval ?? "5m"),
            EventTtl = EventTtlOf(result.GetValue(_eventTtl) ?? file.EventTtl ?? "1h"),
            Profile = OneOf("--profile", result.GetValue(_profile) ?? file.Profile ?? known?.Profile ?? "kubernetes", "lab", "kubernetes"),
            FrameThreads = (result.GetValue(_frameThreads) ?? file.FrameThreads) is { } threads ? Within("--frame-threads", threads, 1, 64) : null,
            Underlay = OneOf("--underlay", result.GetValue(_underlay) ?? file.Underlay ?? "auto", "auto", "portable"),
            Dns = OneOf("--dns", result.GetValue(_dns) ?? file.Dns ?? "off", "on", "off") == "on",
            Offload = OneOf("--offload", result.GetValue(_offload) ?? file.Offload ?? "on", "on", "off") == "on",
            AcceptUnknownPeers = result.GetValue(_acceptUnknown) ?? file.AcceptUnknownPeers ?? false,
            Otlp = (result.GetValue(_otlp) ?? file.Otlp) is { } collector ? CollectorOf(collector) : null,
            JsonLog = LogFormatOf(result.GetValue(_logFormat) ?? file.LogFormat ?? "text") == JsonFormat,
            LogFile = result.GetValue(_logFile),
            EndsWithStandardInput = result.GetValue(_endsWithStdin),
            ControlTls = OneOf("--control-links", Agreed("--control-links", result.GetValue(_controlLinks) ?? file.ControlLinks, known is null ? null : HostOptions.TlsLinks) ?? LinksOf(address), HostOptions.TlsLinks, HostOptions.PlainLinks) == HostOptions.TlsLinks,
            Init = init,
            Join = join,
            Seeds = known?.Seeds ?? KnownPeers.Load(StateOf(result, file)),
        };
    }

    /// <summary>The state directory that is meant, for those who have to look into it first.</summary>
    /// <param name="result">What was parsed.</param>
    public string StateDirectoryOf(ParseResult result) => Path.GetFullPath(StateOf(result, FileOf(result)));

    private string StateOf(ParseResult result, HostConfigFile file) => result.GetValue(_stateDir) ?? file.StateDir ?? RootCommandFactory.DefaultStateDirectory;

    private HostConfigFile FileOf(ParseResult result) => result.GetValue(_config) is { } path ? HostConfigFile.Read(path) : new HostConfigFile();

    // Who reaches a loopback address is on this machine already.
    private static string LinksOf(Ipv4Address address) => address.IsLoopback ? HostOptions.PlainLinks : HostOptions.TlsLinks;

    // What all hosts of a cluster have the same is the cluster's; saying something else is a mistake.
    private static T? Agreed<T>(string option, T? given, T? known) where T : class => given is null || known is null || given.Equals(known) ? given ?? known : throw Other(option, $"{given}", $"{known}");

    private static int? Agreed(string option, int? given, int? known) => given is null || known is null || given == known ? given ?? known : throw Other(option, $"{given}", $"{known}");

    private static UsageException Other(string option, string given, string known) => new($"{option} {given}: the cluster has {known}, and all its hosts have the same. Leave it out.");

    private static UsageException Missing(string option, string example) =>
        new($"{option} is missing, on the command line and in the config file. Example: {example}");

    private static Ipv4Address Address(string option, string text) =>
        Ipv4Address.TryParse(text, out Ipv4Address address) ? address : throw new UsageException($"{option} {text}: not an IPv4 address. Give four decimal octets, as 192.168.56.11.");

    private static TimeSpan CompactionOf(string text) =>
        GoDuration.TryParse(text, out TimeSpan interval) && (interval == TimeSpan.Zero || (interval >= ShortestKept && interval <= LongestKept))
            ? interval
            : throw new UsageException($"--etcd-compaction-interval {text}: not a duration from 10s to 24h. Give one as 5m or 1m30s, or 0 to keep all of the history.");

    private static TimeSpan EventTtlOf(string text) =>
        GoDuration.TryParse(text, out TimeSpan life) && life >= ShortestKept && life <= LongestKept
            ? life
            : throw new UsageException($"--event-ttl {text}: not a duration from 10s to 24h. Give one as 1h or 1m30s.");

    private static Ipv4Prefix PartOf(Ipv4Prefix cluster, int mask, string text) =>
        Ipv4Prefix.TryParse(text, out Ipv4Prefix part) && part.Length == mask && cluster.Contains(part.Network)
            ? part
            : throw new UsageException($"--pod-cidr {text}: not a /{mask} of --cluster-cidr {cluster}. Give one of its parts, or leave it out.");

    private static int Within(string option, int value, int low, int high) =>
        value >= low && value <= high ? value : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option} {value}: out of range, {low} to {high} is allowed."));

    private static string OneOf(string option, string value, params string[] allowed) =>
        allowed.Contains(value) ? value : throw new UsageException($"{option} {value}: unknown. Give {string.Join(" or ", allowed)}.");

    /// <summary>Checks what was given with --store.</summary>
    /// <param name="text">What was given.</param>
    /// <exception cref="UsageException">There is no such store.</exception>
    internal static string StoreOf(string text)
    {
        if (text is HostOptions.EmbeddedStore or HostOptions.MemoryStore)
            return text;
        if (!EtcdPlace.IsEtcd(text))
            throw new UsageException($"--store {text}: unknown. Give {HostOptions.EmbeddedStore}, {HostOptions.MemoryStore} or etcd=URL.");
        try
        {
            EtcdPlace.Read(text);
            return text;
        }
        catch (StoreException e)
        {
            throw new UsageException($"--store {e.Message}");
        }
    }

    /// <summary>The option --log-format, of a host and of a lab's hosts.</summary>
    internal static Option<string?> NewLogFormat() => new("--log-format") { Description = "text, or json: what the host and its actors say, one JSON object a line with time, level, host, node, pod, source and message. Default: text", HelpName = "FORMAT" };

    /// <summary>The option --otlp, of a host and of a lab's hosts.</summary>
    internal static Option<string?> NewOtlp() => new("--otlp") { Description = "Send counters and spans to this OpenTelemetry collector, by OTLP over HTTP, or over gRPC if OTEL_EXPORTER_OTLP_PROTOCOL says so. Default: what the variables OTEL_EXPORTER_OTLP_* say. Example: --otlp http://127.0.0.1:4318", HelpName = "URL" };

    /// <summary>What --log-format says.</summary>
    /// <exception cref="UsageException">There is no such format.</exception>
    internal static string LogFormatOf(string text) => OneOf("--log-format", text, "text", JsonFormat);

    /// <summary>What --otlp says.</summary>
    /// <exception cref="UsageException">It is no address.</exception>
    internal static Uri CollectorOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"
        ? url
        : throw new UsageException($"--otlp {text}: not the address of a collector. Give its base address, as http://127.0.0.1:4318.");

    private static void RequireOwnAddress(Ipv4Address address)
    {
        if (address.IsLoopback)
            return;
        var own = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(n => n.GetIPProperties().UnicastAddresses)
            .Where(a => a.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
            .Select(a => a.Address.ToString()).ToList();
        if (!own.Contains(address.ToString()))
            throw new UsageException($"--address {address}: no interface of this machine has it. Give one that it has: {string.Join(", ", own)}.");
    }
}

/// <summary>What a host is called, and where it is, when nothing is said.</summary>
/// <param name="Name">Its name; null: it has to be given.</param>
/// <param name="Address">Its address; null: it has to be given.</param>
internal readonly record struct HostPreset(string? Name, string? Address);
