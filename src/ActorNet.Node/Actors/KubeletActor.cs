using System.Collections.Immutable;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Pods;
using ActorNet.Packets;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Logs;
using ActorNet.Workloads.Programs;
using Akka.Actor;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <summary>
/// A node's kubelet and its CNI: gives each pod an address, a namespace with an actor of its own, and a veth pair into the bridge, in the order
/// of containernetworking/plugins (plugins/main/bridge/bridge.go, cmdAdd), and takes all of it away again.
/// </summary>
internal sealed class KubeletActor : UntypedActor
{
    private static readonly TimeSpan AttachTimeout = TimeSpan.FromSeconds(5);

    // DefaultTerminationGracePeriodSeconds.
    private static readonly TimeSpan DefaultGracePeriod = TimeSpan.FromSeconds(30);

    // What a timer can be set to.
    private static readonly TimeSpan LongestGracePeriod = TimeSpan.FromDays(30);

    private readonly NodeSettings _settings;
    private readonly NodeServices _services;
    private readonly IActorRef _bridge;
    private readonly HostLocalIpam _ipam;
    private readonly Dictionary<string, Pod> _pods = new(StringComparer.Ordinal);
    private int _lastIfIndex = NodeLayout.FirstVethIfIndex - 1;
    private ulong _made;

    public KubeletActor(NodeSettings settings, NodeServices services, IActorRef bridge)
    {
        _settings = settings;
        _services = services;
        _bridge = bridge;
        _ipam = new HostLocalIpam(settings.PodCidr);
    }

    // A restarted pod would be a new namespace without a link; one that could not be made is refused.
    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() =>
        new OneForOneStrategy(e => e is ActorInitializationException ? Directive.Stop : Directive.Resume);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case KubeletProtocol.RunPod run:
                Run(run.Pod);
                break;
            case Attached attached:
                FinishRun(attached);
                break;
            case KubeletProtocol.DeletePod delete:
                Delete(delete);
                break;
            case KubeletProtocol.FindPod find:
                Sender.Tell(_pods.TryGetValue(find.Name, out Pod? pod) && pod.Info is { } info
                    ? new KubeletProtocol.PodFound(info, pod.Actor, pod.Place(find.Container), pod.Closed.Token)
                    : new KubeletProtocol.PodUnknown(find.Name));
                break;
            case KubeletProtocol.ListPods:
                Sender.Tell(new KubeletProtocol.PodList([.. _pods.Values.Where(p => p.Info is not null).Select(p => p.Info!).OrderBy(p => p.Name, StringComparer.Ordinal)]));
                break;
            case KubeletProtocol.ListPodActors:
                Sender.Tell(new KubeletProtocol.PodActors([.. _pods.Values.Select(p => p.Actor)]));
                break;
            // Seams that the kubelet's core fills next.
            case PodsAssigned:
            case KubeletProtocol.Listen:
                break;
            case Terminated gone:
                Forget(gone.ActorRef);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Run(V1Pod manifest)
    {
        string name = manifest.Metadata.Name;
        if (_pods.TryGetValue(name, out Pod? other))
        {
            string why = other.Deleters.Count > 0 ? "is ending a pod of that name; wait until it is gone" : "runs a pod of that name already; delete it first";
            Sender.Tell(new KubeletProtocol.PodRefused(name, $"pod {name}: node {_settings.Name} {why}, or choose another name"));
            return;
        }

        string uid = Uid(name);
        PodAddressGrant grant = _ipam.Allocate(uid);
        if (grant.Address is not { } ip)
        {
            Sender.Tell(new KubeletProtocol.PodRefused(name, $"pod {name}: {grant.Refusal}"));
            return;
        }

        // The kernel makes a pair's indexes one after the other, each in its own namespace; the pod's end is the second device there.
        int hostIfIndex = ++_lastIfIndex;
        var network = new PodNetwork(
            name, uid, ip, _settings.PodCidr, _settings.ClusterCidr, NodeLayout.PodMtu(_settings.UnderlayMtu), hostIfIndex,
            Mac(uid, "eth0"), $"veth{(uint)Draw(uid, "veth"):x8}");
        IActorRef actor = Context.ActorOf(Props.Create(() => new PodActor(network, _settings, _services)).WithDispatcher(NodeSystem.FramesDispatcher), $"pod-{uid}");
        Context.Watch(actor);
        _pods[name] = new Pod(name, uid, network, manifest, actor, Sender, MakePlaces(manifest, network));
        _bridge.Ask<object>(
                new BridgeProtocol.AttachPort(network.HostDevice, hostIfIndex, Mac(uid, "veth"), network.Mtu, PodActor.Eth0IfIndex, network.NamespaceName, Hairpin: true, actor),
                AttachTimeout)
            .PipeTo(Self, success: answer => new Attached(name, uid, answer), failure: e => new Attached(name, uid, e));
    }

    private void FinishRun(Attached attached)
    {
        // The name may have been freed and taken again meanwhile; a pod that is being deleted is not started any more.
        if (!_pods.TryGetValue(attached.Pod, out Pod? pod) || pod.Uid != attached.Uid || pod.Deleters.Count > 0)
            return;
        if (attached.Answer is not BridgeProtocol.PortAttached port)
        {
            string why = attached.Answer is BridgeProtocol.PortRefused refused ? refused.Why : $"bridge {NodeLayout.Bridge} did not answer within {AttachTimeout.TotalSeconds:0} s";
            pod.Refusal = $"pod {pod.Name}: {why}";
            Context.Stop(pod.Actor);
            return;
        }

        pod.Actor.Tell(new PodActor.Connect(_bridge, port.Port, pod.Network.HostDevice));
        var notes = new List<string>();
        foreach (V1Container container in pod.Manifest.Spec.Containers)
        {
            ImageWorkload image = ImageTable.Find(container.Image);
            if (image.Notice is not null && container.Command is not { Count: > 0 })
                notes.Add(image.Notice);
            pod.Actor.Tell(new PodActor.StartContainer(container.Name, [.. image.Compose([.. container.Command ?? []], [.. container.Args ?? []])], pod.Place(container.Name)));
        }

        pod.Info = new PodInfo(
            pod.Name, pod.Uid, pod.Network.Ip, pod.Network.HostDevice,
            [.. pod.Manifest.Spec.Containers.Select(c => c.Name)],
            [.. pod.Manifest.Spec.Containers.Select(c => c.Image)], notes.Count == 0 ? null : string.Join("; ", notes));
        pod.Requester.Tell(new KubeletProtocol.PodRunning(pod.Info));
    }

    // A pod whose containers were not started has nobody to wait for.
    private void Delete(KubeletProtocol.DeletePod delete)
    {
        if (!_pods.TryGetValue(delete.Name, out Pod? pod))
        {
            Sender.Tell(new KubeletProtocol.PodUnknown(delete.Name));
            return;
        }

        pod.Deleters.Add(Sender);
        if (pod.Info is null)
            Context.Stop(pod.Actor);
        else
            pod.Actor.Tell(new PodActor.Terminate(delete.Grace ?? GracePeriod(pod.Manifest)));
    }

    // A negative one is taken as 1 (Kubernetes API, PodSpec).
    private static TimeSpan GracePeriod(V1Pod manifest) => manifest.Spec.TerminationGracePeriodSeconds switch
    {
        null => DefaultGracePeriod,
        < 0 => TimeSpan.FromSeconds(1),
        { } seconds => TimeSpan.FromSeconds(Math.Min(seconds, (long)LongestGracePeriod.TotalSeconds)),
    };

    // CNI DEL: the pair goes first, then the address is free again.
    private void Forget(IActorRef actor)
    {
        Pod? pod = _pods.Values.FirstOrDefault(p => p.Actor.Equals(actor));
        if (pod is null)
            return;
        _pods.Remove(pod.Name);
        pod.Closed.Cancel();
        _bridge.Tell(new BridgeProtocol.DetachPort(pod.Network.HostDevice));
        _ipam.Release(pod.Uid);
        if (pod.Info is null)
            pod.Requester.Tell(new KubeletProtocol.PodRefused(pod.Name, pod.Refusal ?? $"pod {pod.Name}: it ended before its network stood; run it again"));
        foreach (IActorRef deleter in pod.Deleters)
            deleter.Tell(new KubeletProtocol.PodDeleted(pod.Name));
    }

    // A value from elsewhere (valueFrom) needs the API server; until then it is empty.
    private ImmutableDictionary<string, ContainerPlace> MakePlaces(V1Pod manifest, PodNetwork network) => manifest.Spec.Containers.ToImmutableDictionary(
        static c => c.Name,
        c => new ContainerPlace(ImageFiles(c.Image, network), (c.Env ?? []).GroupBy(static e => e.Name, StringComparer.Ordinal).ToImmutableDictionary(static e => e.Key, static e => e.Last().Value ?? "", StringComparer.Ordinal), new ContainerLog(_services.Time)),
        StringComparer.Ordinal);

    private FileTree ImageFiles(string image, PodNetwork network)
    {
        FileTree files = ContainerFiles.Create(network.Name, network.Ip.ToString(), PodActor.ProgramNames, _services.Time, Draw(network.Uid, "urandom"));
        ImageTable.Find(image).AddFiles?.Invoke(files);
        return files;
    }

    private string Uid(string name)
    {
        ulong high = Draw(name, $"uid-high-{++_made}");
        ulong low = Draw(name, $"uid-low-{_made}");
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, high);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], low);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    private MacAddress Mac(string uid, string end) => MacAddress.FromRandom(Draw(uid, end));

    private ulong Draw(string place, string what) => NodeLayout.Draw(_services.Seed, $"{_settings.Name}/{place}/{what}");

    private sealed record Attached(string Pod, string Uid, object Answer);

    private sealed class Pod(string name, string uid, PodNetwork network, V1Pod manifest, IActorRef actor, IActorRef requester, ImmutableDictionary<string, ContainerPlace> places)
    {
        public string Name => name;

        public string Uid => uid;

        public PodNetwork Network => network;

        public V1Pod Manifest => manifest;

        public IActorRef Actor => actor;

        public IActorRef Requester => requester;

        public ContainerPlace Place(string? container) =>
            container is not null && places.TryGetValue(container, out ContainerPlace? place) ? place : places[manifest.Spec.Containers[0].Name];

        public PodInfo? Info { get; set; }

        public string? Refusal { get; set; }

        public CancellationTokenSource Closed { get; } = new();

        public List<IActorRef> Deleters { get; } = [];
    }
}
