using System.Collections.Immutable;
using ActorNet.Kubernetes.Edge;
using ActorNet.Kubernetes.Kubelet.HostPorts;
using ActorNet.Kubernetes.Pods;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;
using Akka.Actor;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <content>CNI ADD and DEL: address, namespace, veth pair.</content>
internal sealed partial class KubeletActor
{
    private void MakeSandbox(string uid)
    {
        if (!_pods.TryGetValue(uid, out Pod? pod))
            return;
        if (pod.Manifest.Spec.HostNetwork == true)
        {
            ShareNetwork(pod, uid);
            return;
        }

        PodAddressGrant grant = _ipam.Allocate(uid);
        if (grant.Address is not { } ip)
        {
            Refuse(pod, grant.Refusal!);
            return;
        }

        // The kernel makes a pair's indexes one after the other, each in its own namespace; the pod's end is the second device there.
        int hostIfIndex = ++_lastIfIndex;
        string ns = pod.Manifest.Metadata.NamespaceProperty;
        var network = new PodNetwork(
            ns == DefaultNamespace ? pod.Name : $"{ns}/{pod.Name}", uid, ip, _settings.PodCidr, _settings.ClusterCidr, NodeLayout.PodMtu(_settings.UnderlayMtu), hostIfIndex,
            Mac(uid, "eth0"), $"veth{(uint)Draw(uid, "veth"):x8}");
        // A pod's second sandbox is another actor.
        IActorRef actor = Context.ActorOf(
            Props.Create(() => new PodActor(network, _settings, _services)).WithDispatcher(NodeSystem.FramesDispatcher), pod.Sandboxes++ == 0 ? $"pod-{uid}" : $"pod-{uid}-{pod.Sandboxes}");
        Context.Watch(actor);
        pod.Sandbox = new Sandbox(uid, network, actor);
        _sandboxes[actor] = pod.Sandbox;
        _bridge.Ask<object>(
                new BridgeProtocol.AttachPort(network.HostDevice, hostIfIndex, Mac(uid, "veth"), network.Mtu, PodActor.Eth0IfIndex, network.NamespaceName, Hairpin: true, actor),
                AttachTimeout)
            .PipeTo(Self, success: answer => new Attached(actor, answer), failure: e => new Attached(actor, e));
    }

    private void FinishSandbox(Attached attached)
    {
        if (!_sandboxes.TryGetValue(attached.Actor, out Sandbox? sandbox) || !_pods.TryGetValue(sandbox.Uid, out Pod? pod))
            return;
        if (attached.Answer is not BridgeProtocol.PortAttached port)
        {
            sandbox.Refusal = attached.Answer is BridgeProtocol.PortRefused refused ? refused.Why : $"bridge {NodeLayout.Bridge} did not answer within {AttachTimeout.TotalSeconds:0} s";
            Context.Stop(sandbox.Actor);
            return;
        }

        PodNetwork network = sandbox.Network!;
        sandbox.Actor.Tell(new PodActor.Connect(_bridge, port.Port, network.HostDevice));
        sandbox.HostPorts = HostPortRules.Of(pod.Manifest, sandbox.Uid, network.Ip, _settings.PodCidr);
        if (sandbox.HostPorts is { } ports)
            _root.Tell(new NetfilterProtocol.MapPorts(ports), ActorRefs.NoSender);
        Ready(pod, sandbox, Info(pod, sandbox.Uid, network.Ip, network.HostDevice), NodeControl.ForPod(pod.Name, sandbox.Actor), sandbox.Closed.Token);
        TellHostPorts();
    }

    // A pod with hostNetwork has no sandbox of its own to be made: its programs open their sockets among the node's (kubernetes pkg/kubelet/kuberuntime, NamespaceMode_NODE).
    private void ShareNetwork(Pod pod, string uid)
    {
        pod.Sandbox = new Sandbox(uid, null, _root);
        Ready(pod, pod.Sandbox, Info(pod, uid, _settings.NodeIp, ""), _nodeControl, _ended.Token);
        TellHostPorts();
    }

    private void RemoveSandbox(string uid)
    {
        if (!_pods.TryGetValue(uid, out Pod? pod) || pod.Sandbox is not { } sandbox)
            return;
        if (sandbox.Network is not null)
        {
            // Behind what its containers' end left to be done: their connections are closed, and the peers hear of it.
            sandbox.Actor.Tell(PoisonPill.Instance);
            return;
        }

        pod.Sandbox = null;
        TellHostPorts();
        sandbox.Closed.Cancel();
        pod.Worker.Tell(new PodWorkerProtocol.SandboxGone());
    }

    // The root namespace was told first: where a port is open its rules stand.
    private void TellHostPorts(bool always = false)
    {
        ImmutableArray<HostPortClaim> now = [.. _pods.Values.Where(static p => p.Sandbox is { IsReady: true }).SelectMany(static p => HostPortClaim.Of(p.Manifest))];
        if (!always && now.SequenceEqual(_hostPorts))
            return;
        _hostPorts = now;
        _hostPortListener.Tell(new KubeletProtocol.HostPorts(now), ActorRefs.NoSender);
    }

    private static PodInfo Info(Pod pod, string uid, Ipv4Address ip, string hostDevice) => new(
        pod.Name, uid, ip, hostDevice, [.. pod.Manifest.Spec.Containers.Concat(pod.Manifest.Spec.InitContainers ?? []).Select(static c => c.Name)],
        [.. pod.Manifest.Spec.Containers.Select(c => c.Image)], Notes(pod.Manifest), pod.Manifest.Metadata.NamespaceProperty);

    private static void Ready(Pod pod, Sandbox sandbox, PodInfo info, NodeControl control, CancellationToken gone)
    {
        sandbox.IsReady = true;
        pod.Worker.Tell(new PodWorkerProtocol.SandboxMade(info, sandbox.Actor, control, sandbox.Closed.Token, gone));
        if (pod.IsEnding)
            return;
        bool isFirst = pod.Info is null;
        pod.Info = info;
        if (isFirst)
            pod.Requester?.Tell(new KubeletProtocol.PodRunning(info));
    }

    private static string? Notes(V1Pod pod)
    {
        string[] notes = [.. pod.Spec.Containers.Where(static c => c.Command is not { Count: > 0 }).Select(static c => ImageTable.Find(c.Image).Notice).OfType<string>()];
        return notes.Length == 0 ? null : string.Join("; ", notes);
    }

    // CNI DEL: the pair goes first, then the address is free again.
    private void ForgetSandbox(IActorRef actor)
    {
        if (!_sandboxes.Remove(actor, out Sandbox? sandbox))
            return;
        sandbox.Closed.Cancel();
        if (sandbox.HostPorts is { } ports)
            _root.Tell(new NetfilterProtocol.UnmapPorts(ports), ActorRefs.NoSender);
        _bridge.Tell(new BridgeProtocol.DetachPort(sandbox.Network!.HostDevice));
        _ipam.Release(sandbox.Uid);
        if (!_pods.TryGetValue(sandbox.Uid, out Pod? pod))
            return;
        pod.Sandbox = null;
        TellHostPorts();
        if (sandbox.IsReady)
            pod.Worker.Tell(new PodWorkerProtocol.SandboxGone());
        else
            Refuse(pod, sandbox.Refusal ?? "its namespace ended before its network stood");
    }

    // Who ran a static pod is told, and nothing of it is left; a pod of the API is tried again.
    private void Refuse(Pod pod, string why)
    {
        if (pod.IsStatic && pod.Info is null)
        {
            pod.Refusal = $"pod {pod.Name}: {why}";
            Finish(pod.Manifest.Metadata.Uid);
        }
        else
        {
            pod.Worker.Tell(new PodWorkerProtocol.SandboxRefused(why));
        }
    }

    private MacAddress Mac(string uid, string end) => MacAddress.FromRandom(Draw(uid, end));

    private sealed record Attached(IActorRef Actor, object Answer);

    private sealed class Sandbox(string uid, PodNetwork? network, IActorRef actor)
    {
        public string Uid => uid;

        /// <summary>Its place in the pods' network; null when it has the node's.</summary>
        public PodNetwork? Network => network;

        public IActorRef Actor => actor;

        public bool IsReady { get; set; }

        public string? Refusal { get; set; }

        /// <summary>Its rules in the root namespace; null for none.</summary>
        public HostPortRules? HostPorts { get; set; }

        public CancellationTokenSource Closed { get; } = new();
    }
}
