using System.Buffers.Binary;
using System.Diagnostics;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Cli.Bench;

/// <summary>
/// What a packet of a flow that is known costs a node: from the frame that comes in by one device to the one that leaves by another, with the rules of kubelet,
/// kube-proxy and flannel. It has no actors: what is measured is the work, the writing of the frame with it.
/// </summary>
internal sealed class EstablishedCost : IDisposable
{
    private const int PayloadBytes = 64;
    private const int Vectors = 20_000;
    private const int WarmUps = 2;

    private static readonly Ipv4Address ServiceIp = Ipv4Address.Parse("10.96.0.9"), PodIp = Ipv4Address.Parse("10.244.1.9");

    private readonly BenchNode _node = new();
    private readonly DelegatedDevice _clients, _servers;

    private EstablishedCost(NetfilterOptions? netfilter)
    {
        (_clients, _servers) = (_node.Attach("cni0", 2, "10.244.0.1/24"), _node.Attach("flannel.1", 3, "10.244.0.0/32"));
        _node.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.244.1.0/24"), Gateway = Ipv4Address.Parse("10.244.1.0"), Device = "flannel.1", OnLink = true });
        _node.Namespace.SetNeighbour("flannel.1", Ipv4Address.Parse("10.244.1.0"), BenchNode.Server, NeighbourState.Permanent, replace: true);
        for (int i = 0; i < FrameVector.Capacity; i++)
            _node.Namespace.SetNeighbour("cni0", ClientIp(i), BenchNode.Client, NeighbourState.Permanent, replace: true);
        if (netfilter is not null)
            PutRules(_node.Namespace.EnableNetfilter(netfilter));
    }

    /// <summary>Measures a packet to a pod of another node, with and without netfilter, and one to a Service.</summary>
    /// <returns>Nanoseconds, each the median of many vectors: what else the machine does does not count.</returns>
    public static EstablishedReport Measure()
    {
        (NetfilterOptions takes, NetfilterOptions walks) = (new(), new NetfilterOptions { ShortPath = false });
        EstablishedReport? report = null;
        // The first rounds are the compiler's.
        for (int i = 0; i <= WarmUps; i++)
        {
            report = new EstablishedReport(
                CostOf(null, PodIp), CostOf(takes, PodIp), CostOf(takes, ServiceIp), CostOf(takes, ServiceIp, flows: FrameVector.Capacity), CostOf(takes, ServiceIp, answered: false),
                CostOf(walks, PodIp), CostOf(walks, ServiceIp));
        }

        return report!;
    }

    /// <inheritdoc/>
    public void Dispose() => _node.Dispose();

    internal static double CostOf(NetfilterOptions? netfilter, Ipv4Address destination, int flows = 1, bool answered = true)
    {
        using var node = new EstablishedCost(netfilter);
        byte[][] frames = [.. Enumerable.Range(0, flows).Select(i => Datagram(BenchNode.Own, BenchNode.Client, ClientIp(i), destination, 4_000, 80))];
        node.Send(node._clients, frames);
        if (answered)
            node.Send(node._servers, [.. Enumerable.Range(0, flows).Select(i => Datagram(BenchNode.Own, BenchNode.Server, PodIp, ClientIp(i), 80, 4_000))]);
        double[] times = new double[Vectors];
        for (int i = 0; i < Vectors; i++)
        {
            long start = Stopwatch.GetTimestamp();
            node.Send(node._clients, frames);
            times[i] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / FrameVector.Capacity;
        }

        return Math.Round(Percentiles.Of(times).P50, 1);
    }

    private static Ipv4Address ClientIp(int i) => new(0x0AF4_0002u + (uint)i);

    private static void PutRules(NetfilterState netfilter)
    {
        NodeRules.Kubelet.Keep(netfilter);
        netfilter.Ensure(NodeRules.KubeProxy);
        NodeRules.Flannel(Ipv4Prefix.Parse("10.244.0.0/16"), Ipv4Prefix.Parse("10.244.0.0/24")).Keep(netfilter);
        var proxy = new ProxyState(new ProxyOptions { Node = "n1", ClusterCidr = "10.244.0.0/16" });
        proxy.Apply(new ServiceChanges { IsWhole = true, Services = [KeyValuePair.Create("default/s", (V1Service?)Service())], Slices = [KeyValuePair.Create("default/s-1", (V1EndpointSlice?)Slice())] });
        RestoreResult result = netfilter.Restore(proxy.Next()!.Text, noFlush: true, counters: true);
        if (!result.IsSuccess)
            throw new UsageException($"bench services: iptables-restore refused kube-proxy's own rules: {result.Error}This is a bug: please report it.");
    }

    // A full vector, of the frames in turn.
    private void Send(DelegatedDevice device, byte[][] frames)
    {
        if (!_node.Frames.TryRentVector(out FrameVector vector))
            throw new UsageException("bench services: no frame memory is left. This is a bug: please report it.");
        for (int i = 0; i < FrameVector.Capacity; i++)
        {
            byte[] bytes = frames[i % frames.Length];
            if (!_node.Frames.TryRentFrame(bytes.Length, out Frame frame))
                throw new UsageException("bench services: no frame memory is left. This is a bug: please report it.");
            bytes.CopyTo(frame.Span);
            // As what a pod of this process sends.
            frame.Flags = FrameFlags.ChecksumVerified;
            vector.Add(frame);
        }

        device.Receive(vector);
        _node.Namespace.Flush();
    }

    private static byte[] Datagram(MacAddress to, MacAddress from, Ipv4Address source, Ipv4Address destination, ushort sourcePort, ushort destinationPort)
    {
        byte[] frame = new byte[EthernetView.HeaderLength + 28 + PayloadBytes];
        EthernetView.Write(frame, to, from, EtherType.Ipv4);
        Span<byte> ip = frame.AsSpan(EthernetView.HeaderLength);
        new Ipv4Header { Source = source, Destination = destination, Protocol = IpProtocol.Udp, TotalLength = ip.Length, TimeToLive = 64 }.Write(ip);
        BinaryPrimitives.WriteUInt16BigEndian(ip[20..], sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(ip[22..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(ip[24..], (ushort)(ip.Length - 20));
        // Any sum will do: nobody checks it, and the translation changes it by difference.
        BinaryPrimitives.WriteUInt16BigEndian(ip[26..], 0x1234);
        return frame;
    }

    private static V1Service Service() => new()
    {
        Metadata = new V1ObjectMeta { Name = "s", NamespaceProperty = "default", Uid = "s", ResourceVersion = "1" },
        Spec = new V1ServiceSpec { ClusterIP = ServiceIp.ToString(), Ports = [new V1ServicePort { Name = "p", Port = 80, Protocol = "UDP" }] },
    };

    private static V1EndpointSlice Slice() => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta { Name = "s-1", NamespaceProperty = "default", Uid = "e", ResourceVersion = "1", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "s" } },
        Ports = [new Discoveryv1EndpointPort { Name = "p", Port = 80, Protocol = "UDP" }],
        Endpoints = [new V1Endpoint { Addresses = [PodIp.ToString()], NodeName = "n2", Conditions = new V1EndpointConditions { Ready = true } }],
    };
}

/// <summary>Nanoseconds that a packet of a known flow costs a node.</summary>
/// <param name="NoNetfilter">To a pod of another node, without netfilter.</param>
/// <param name="ToPod">The same with the rules of kubelet, kube-proxy and flannel.</param>
/// <param name="ToService">To a Service's ClusterIP.</param>
/// <param name="ToServiceOfManyFlows">The same when the packets that follow each other belong to 64 flows in turn.</param>
/// <param name="ToServiceUnanswered">To the Service when nothing ever came back: to conntrack each packet is a new one.</param>
/// <param name="ToPodWalked">To the pod without the short path: every rule is asked.</param>
/// <param name="ToServiceWalked">To the Service without the short path.</param>
internal sealed record EstablishedReport(double NoNetfilter, double ToPod, double ToService, double ToServiceOfManyFlows, double ToServiceUnanswered, double ToPodWalked, double ToServiceWalked);
