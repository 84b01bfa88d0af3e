using System.Buffers.Binary;
using System.Diagnostics;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Cli.Bench;

/// <summary>A root namespace with kube-proxy's rules between two devices: clients on eth0, endpoints behind eth1. It has no actors: what is measured is the work.</summary>
internal sealed class ProxiedNode : IDisposable
{
    private const int Flows = 100_000;
    private const int RulesOfOnePiece = 512;

    private readonly BenchNode _node = new();
    private readonly NetfilterState _netfilter;
    private readonly DelegatedDevice _eth0;
    private readonly ProxyState _proxy = new(new ProxyOptions { Node = "n1", ClusterCidr = "10.0.0.0/8" });
    private readonly Dictionary<string, V1EndpointSlice> _slices = new(StringComparer.Ordinal);
    private int _flows;
    private int _version;

    /// <summary>Makes a node without Services.</summary>
    /// <param name="indexes">Whether long chains have an index.</param>
    public ProxiedNode(bool indexes)
    {
        _netfilter = _node.Namespace.EnableNetfilter(new NetfilterOptions { IndexesChains = indexes, ConntrackMax = 1_000_000 });
        _eth0 = _node.Attach("eth0", 2, "10.0.0.1/16");
        _node.Attach("eth1", 3, "10.1.0.1/16");
        _node.Namespace.AddRoute(new Dataplane.Ip.Routing.Route { Destination = Ipv4Prefix.Parse("10.2.0.0/16"), Gateway = Ipv4Address.Parse("10.1.0.9"), Device = "eth1" });
        _node.Namespace.SetNeighbour("eth1", Ipv4Address.Parse("10.1.0.9"), BenchNode.Server, NeighbourState.Permanent, replace: true);
        _netfilter.Ensure(NodeRules.KubeProxy);
    }

    /// <summary>Gives the node its Services.</summary>
    public FillTimes Fill(int services, int endpoints)
    {
        V1Service[] all = [.. Enumerable.Range(0, services).Select(ServiceOf)];
        for (int i = 0; i < services; i++)
            _slices[$"default/{NameOf(i)}-1"] = SliceOf(i, endpoints, 0);
        GC.Collect();
        long start = Stopwatch.GetTimestamp();
        _proxy.Apply(new ServiceChanges
        {
            IsWhole = true,
            Services = [.. all.Select(static s => KeyValuePair.Create($"default/{s.Metadata.Name}", (V1Service?)s))],
            Slices = [.. _slices.Select(static s => KeyValuePair.Create(s.Key, (V1EndpointSlice?)s.Value))],
        });
        ProxyProgram program = _proxy.Next()!;
        double compiled = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        start = Stopwatch.GetTimestamp();
        RestoreProgram rules = RestoreProgram.Read(program.Pieces, counters: true);
        double read = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        start = Stopwatch.GetTimestamp();
        double longest = PutInForce(rules);
        return new FillTimes(compiled, read, Stopwatch.GetElapsedTime(start).TotalMilliseconds, longest);
    }

    /// <summary>Another endpoint takes the place of a Service's first.</summary>
    /// <returns>Milliseconds until the rules were in force, and how many of them garbage collections took.</returns>
    public (double Taken, double Collected) ChangeOne(int number)
    {
        int service = number * 7919 % _slices.Count;
        string key = $"default/{NameOf(service)}-1";
        V1EndpointSlice changed = SliceOf(service, _slices[key].Endpoints.Count, ++_version);
        TimeSpan paused = GC.GetTotalPauseDuration();
        long start = Stopwatch.GetTimestamp();
        _proxy.Apply(new ServiceChanges { Slices = [KeyValuePair.Create(key, (V1EndpointSlice?)changed)] });
        PutInForce(RestoreProgram.Read(_proxy.Next()!.Pieces, counters: true));
        double taken = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        _slices[key] = changed;
        return (taken, (GC.GetTotalPauseDuration() - paused).TotalMilliseconds);
    }

    /// <summary>Sends first packets of flows to the Services in turn.</summary>
    /// <returns>Microseconds that one took: the median of many vectors, so that what else the machine does does not count.</returns>
    public double MeasureNewFlows(int services)
    {
        double[] times = new double[Flows / FrameVector.Capacity];
        for (int i = 0; i < times.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            SendVector(services);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / FrameVector.Capacity;
        }

        return Percentiles.Of(times).P50;
    }

    /// <inheritdoc/>
    public void Dispose() => _node.Dispose();

    // As the owner of a node's root namespace does; the milliseconds of the longest piece.
    private double PutInForce(RestoreProgram rules)
    {
        RestoreRun run = _netfilter.Begin(rules, noFlush: true, counters: true);
        double longest = 0;
        while (true)
        {
            long start = Stopwatch.GetTimestamp();
            RestoreResult? result = run.Advance(RulesOfOnePiece);
            longest = Math.Max(longest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (result is { IsSuccess: false })
                throw new UsageException($"bench services: iptables-restore refused kube-proxy's own rules: {result.Error}This is a bug: please report it.");
            if (result is not null)
                return longest;
        }
    }

    private void SendVector(int services)
    {
        if (!_node.Frames.TryRentVector(out FrameVector vector))
            throw new UsageException("bench services: no frame memory is left. This is a bug: please report it.");
        for (int i = 0; i < FrameVector.Capacity && _node.Frames.TryRentFrame(EthernetView.HeaderLength + 28, out Frame frame); i++)
        {
            WriteDatagram(frame.Span, _flows, _flows % services);
            _flows++;
            vector.Add(frame);
        }

        _eth0.Receive(vector);
        _node.Namespace.Flush();
    }

    // UDP to port 80, without checksum (RFC 768), so that nothing but addresses and ports has to be right.
    private static void WriteDatagram(Span<byte> frame, int flow, int service)
    {
        frame.Clear();
        EthernetView.Write(frame, BenchNode.Own, BenchNode.Client, EtherType.Ipv4);
        Span<byte> ip = frame[EthernetView.HeaderLength..];
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], 28);
        (ip[8], ip[9]) = (64, (byte)IpProtocol.Udp);
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], 0x0A00_0100u + (uint)(flow / 50_000));
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], AddressOf(service).Value);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Compute(ip[..20]));
        BinaryPrimitives.WriteUInt16BigEndian(ip[20..], (ushort)(1024 + (flow % 50_000)));
        BinaryPrimitives.WriteUInt16BigEndian(ip[22..], 80);
        BinaryPrimitives.WriteUInt16BigEndian(ip[24..], 8);
    }

    private static string NameOf(int service) => $"service-{service:D4}";

    private static Ipv4Address AddressOf(int service) => new(0x0A60_0100u + (uint)service);

    private static V1Service ServiceOf(int service) => new()
    {
        Metadata = new V1ObjectMeta { Name = NameOf(service), NamespaceProperty = "default", Uid = $"s{service}", ResourceVersion = "1" },
        Spec = new V1ServiceSpec { ClusterIP = AddressOf(service).ToString(), Ports = [new V1ServicePort { Name = "dns", Port = 80, Protocol = "UDP" }] },
    };

    private static V1EndpointSlice SliceOf(int service, int endpoints, int version) => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta
        {
            Name = NameOf(service) + "-1",
            NamespaceProperty = "default",
            Uid = $"e{service}",
            ResourceVersion = $"{version}",
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = NameOf(service) },
        },
        Ports = [new Discoveryv1EndpointPort { Name = "dns", Port = 80, Protocol = "UDP" }],
        Endpoints =
        [
            .. Enumerable.Range(0, endpoints).Select(i => new V1Endpoint
            {
                Addresses = [new Ipv4Address(0x0A02_0000u + (uint)(((service * endpoints) + i + (i == 0 ? version * 7 : 0)) % 65_000)).ToString()],
                NodeName = "n2",
                Conditions = new V1EndpointConditions { Ready = true },
            }),
        ],
    };
}
