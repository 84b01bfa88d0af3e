using System.Collections.Immutable;
using ActorNet.Kubernetes.Edge;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Status;
using ActorNet.Kubernetes.Kubelet.Volumes;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Kubernetes.Pods;
using Akka.Actor;
using k8s;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <summary>
/// A node's kubelet and its CNI. It takes pods of the API (<see cref="PodsAssigned"/>) and static ones, gives each a worker, and makes and takes away
/// their sandboxes: an address, a namespace with an actor of its own, and a veth pair into the bridge, in the order of containernetworking/plugins
/// (plugins/main/bridge/bridge.go, cmdAdd). What is to be known of it goes to a listener, who may come and go: pods do not notice.
/// </summary>
internal sealed partial class KubeletActor : UntypedActor
{
    private const string DefaultNamespace = "default";

    private static readonly TimeSpan AttachTimeout = TimeSpan.FromSeconds(5);

    private readonly NodeSettings _settings;
    private readonly NodeServices _services;
    private readonly IActorRef _bridge;
    private readonly IActorRef _root;
    private readonly NodeControl _nodeControl;
    private readonly CancellationTokenSource _ended = new();
    private readonly HostLocalIpam _ipam;
    private readonly EventRecorder _recorder;
    private readonly DateTimeOffset _startedAt;
    private readonly ITimer _heartbeat;
    private readonly ITimer _canary;
    private readonly Dictionary<string, Pod> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<IActorRef, Sandbox> _sandboxes = [];
    private Action<KubeletReport>? _listener;
    private IActorRef _hostPortListener = ActorRefs.Nobody;
    private ImmutableArray<HostPortClaim> _hostPorts = [];
    private DateTimeOffset _statusDue = DateTimeOffset.MinValue;
    private PodsAssigned? _assigned;
    private V1Node? _known;
    private ImmutableDictionary<string, PodObjects> _objects = ImmutableDictionary<string, PodObjects>.Empty;
    private int _lastIfIndex = NodeLayout.FirstVethIfIndex - 1;
    private ulong _made;

    public KubeletActor(NodeSettings settings, NodeServices services, IActorRef bridge, IActorRef root, ImmutableArray<IActorRef> deviceOwners)
    {
        _settings = settings;
        _services = services;
        _bridge = bridge;
        _root = root;
        _nodeControl = NodeControl.ForNode(settings.Name, root, deviceOwners);
        _ipam = new HostLocalIpam(settings.PodCidr);
        _recorder = new EventRecorder(settings.Name);
        _startedAt = services.Time.GetUtcNow();
        var keep = new NetfilterProtocol.Keep("kubelet", NodeRules.Kubelet);
        root.Tell(keep with { IsFirst = true }, ActorRefs.NoSender);
        _canary = services.Time.CreateTimer(_ => root.Tell(keep, ActorRefs.NoSender), null, settings.Kubelet.CanaryPeriod, settings.Kubelet.CanaryPeriod);
        IActorRef self = Self;
        _heartbeat = services.Time.CreateTimer(
            _ => self.Tell(Beat.Instance, ActorRefs.NoSender), null, settings.Kubelet.LeaseRenewPeriod, settings.Kubelet.LeaseRenewPeriod);
    }

    private DateTimeOffset Now => _services.Time.GetUtcNow();

    // A restarted pod would be a new namespace without a link; one that could not be made is refused.
    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() =>
        new OneForOneStrategy(e => e is ActorInitializationException ? Directive.Stop : Directive.Resume);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _heartbeat.Dispose();
        _canary.Dispose();
        // The sandboxes ended before their parent, and nobody is left to hear of it: whoever waits for one of them must not wait for ever.
        foreach (Sandbox sandbox in _sandboxes.Values)
            sandbox.Closed.Cancel();
        foreach (Pod pod in _pods.Values)
            pod.Sandbox?.Closed.Cancel();
        _ended.Cancel();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case PodsAssigned assigned:
                Assign(assigned);
                break;
            case KubeletProtocol.Listen listen:
                Listen(listen.Listener);
                break;
            case KubeletProtocol.NodeKnown known:
                _known = known.Node;
                break;
            case Beat:
                Heartbeat();
                break;
            case KubeletProtocol.RunPod run:
                RunStatic(run.Pod);
                break;
            case KubeletProtocol.DeletePod delete:
                Delete(delete);
                break;
            case KubeletProtocol.FindPod find:
                Ask(find.Name, find);
                break;
            case KubeletProtocol.FindLog find:
                Ask(find.Name, find);
                break;
            case KubeletProtocol.ListPods:
                Sender.Tell(new KubeletProtocol.PodList([.. _pods.Values.Where(p => p.Info is not null).Select(p => p.Info!).OrderBy(p => p.Name, StringComparer.Ordinal)]));
                break;
            case KubeletProtocol.ListApiPods:
                Sender.Tell(new KubeletProtocol.ApiPodList([.. _pods.Values.Select(static p => (p.Manifest, p.Status))]));
                break;
            case KubeletProtocol.ListPodActors:
                Sender.Tell(new KubeletProtocol.PodActors([.. _sandboxes.Keys]));
                break;
            case PodWorkerProtocol.SandboxWanted wanted:
                MakeSandbox(wanted.Uid);
                break;
            case Attached attached:
                FinishSandbox(attached);
                break;
            case PodWorkerProtocol.SandboxUnwanted unwanted:
                RemoveSandbox(unwanted.Uid);
                break;
            case PodWorkerProtocol.StatusChanged changed:
                ChangeStatus(changed);
                break;
            case PodWorkerProtocol.EventSaid said:
                if (_pods.TryGetValue(said.Uid, out Pod? about))
                    Report(about, new EventRaised(_recorder.Record(about.Manifest, said.Event, Now)));
                break;
            case KubeletProtocol.WatchHostPorts watch:
                _hostPortListener = watch.Listener;
                TellHostPorts(always: true);
                break;
            case KubeletProtocol.Raise raise:
                _listener?.Invoke(new EventRaised(raise.Event));
                break;
            case PodWorkerProtocol.Over over:
                Finish(over.Uid);
                break;
            case Terminated gone:
                Forget(gone.ActorRef);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void RunStatic(V1Pod manifest)
    {
        V1Pod pod = KubernetesJson.Deserialize<V1Pod>(KubernetesJson.Serialize(manifest));
        pod.Metadata.NamespaceProperty ??= DefaultNamespace;
        string name = pod.Metadata.Name;
        if (Find(pod.Metadata.NamespaceProperty, name) is { } other)
        {
            string why = other.IsEnding ? "is ending a pod of that name; wait until it is gone" : "runs a pod of that name already; delete it first";
            Sender.Tell(new KubeletProtocol.PodRefused(name, $"pod {name}: node {_settings.Name} {why}, or choose another name"));
            return;
        }

        pod.Metadata.Uid = Uid(name);
        if (Admit(pod) is { } refused)
            Sender.Tell(new KubeletProtocol.PodRefused(name, $"pod {name}: {refused.Message}"));
        else
            Add(pod, PodObjects.None, [], null, Sender);
    }

    private void Add(V1Pod pod, PodObjects objects, ImmutableArray<PodToken> tokens, PodFailure? rejection, IActorRef? requester)
    {
        string uid = pod.Metadata.Uid;
        PodObjects own = objects with { Tokens = tokens };
        IActorRef worker = Context.ActorOf(Props.Create(() => new PodWorkerActor(pod, own, rejection, _settings, _services, _root)), $"worker-{uid}");
        Context.Watch(worker);
        _pods[uid] = new Pod(pod, worker, requester) { Objects = objects, Tokens = tokens };
    }

    private PodFailure? Admit(V1Pod pod) =>
        PodAdmission.Check(pod, [.. _pods.Values.Where(static p => !PodPhase.IsTerminal(p.Status?.Phase)).Select(static p => p.Manifest)], _settings.Kubelet);

    private Pod? Find(string ns, string name)
    {
        Pod[] found = [.. _pods.Values.Where(p => p.Manifest.Metadata.Name == name && p.Manifest.Metadata.NamespaceProperty == ns)];
        return found.FirstOrDefault(static p => !p.IsEnding) ?? found.FirstOrDefault();
    }

    private Pod? Find(string name)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? Find(DefaultNamespace, name) : Find(name[..slash], name[(slash + 1)..]);
    }

    private void Ask(string name, object question)
    {
        if (Find(name) is { } pod)
            pod.Worker.Forward(question);
        else
            Sender.Tell(new KubeletProtocol.PodUnknown(name));
    }

    private void Delete(KubeletProtocol.DeletePod delete)
    {
        if (Find(delete.Name) is not { } pod)
        {
            Sender.Tell(new KubeletProtocol.PodUnknown(delete.Name));
            return;
        }

        pod.Deleters.Add(Sender);
        pod.IsEnding = true;
        pod.Worker.Tell(new PodWorkerProtocol.Terminate(delete.Grace));
    }

    private void ChangeStatus(PodWorkerProtocol.StatusChanged changed)
    {
        if (!_pods.TryGetValue(changed.Uid, out Pod? pod))
            return;
        pod.Status = changed.Status;
        pod.Version++;
        Report(pod, StatusOf(pod));
    }

    private static PodStatusChanged StatusOf(Pod pod) =>
        new(pod.Manifest.Metadata.NamespaceProperty, pod.Manifest.Metadata.Name, pod.Manifest.Metadata.Uid, pod.Version, pod.Status!);

    private void Finish(string uid)
    {
        if (!_pods.Remove(uid, out Pod? pod))
            return;
        TellHostPorts();
        Context.Unwatch(pod.Worker);
        Context.Stop(pod.Worker);
        if (pod.Info is null)
            pod.Requester?.Tell(new KubeletProtocol.PodRefused(pod.Name, pod.Refusal ?? $"pod {pod.Name}: it ended before its network stood; run it again"));
        foreach (IActorRef deleter in pod.Deleters)
            deleter.Tell(new KubeletProtocol.PodDeleted(pod.Name));
        Report(pod, new PodGone(pod.Manifest.Metadata.NamespaceProperty, pod.Manifest.Metadata.Name, uid));
    }

    private void Forget(IActorRef actor)
    {
        if (_sandboxes.ContainsKey(actor))
            ForgetSandbox(actor);
        else if (_pods.Values.FirstOrDefault(p => p.Worker.Equals(actor)) is { } pod)
            Finish(pod.Manifest.Metadata.Uid);
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

    private ulong Draw(string place, string what) => NodeLayout.Draw(_services.Seed, $"{_settings.Name}/{place}/{what}");

    private sealed class Pod(V1Pod manifest, IActorRef worker, IActorRef? requester)
    {
        public V1Pod Manifest { get; set; } = manifest;

        public string Name => Manifest.Metadata.Name;

        public IActorRef Worker => worker;

        /// <summary>Who ran it; null for a pod of the API.</summary>
        public IActorRef? Requester => requester;

        public bool IsStatic => requester is not null;

        public PodObjects Objects { get; set; } = PodObjects.None;

        public ImmutableArray<PodToken> Tokens { get; set; } = [];

        public V1PodStatus? Status { get; set; }

        public long Version { get; set; }

        /// <summary>The version of the API's object that had other conditions at the last beat; null when it had none.</summary>
        public string? DriftedAt { get; set; }

        public Sandbox? Sandbox { get; set; }

        public int Sandboxes { get; set; }

        public PodInfo? Info { get; set; }

        public string? Refusal { get; set; }

        public bool IsEnding { get; set; }

        public List<IActorRef> Deleters { get; } = [];
    }
}
