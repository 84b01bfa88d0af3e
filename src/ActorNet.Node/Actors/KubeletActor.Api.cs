using System.Collections.Immutable;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Status;
using ActorNet.Kubernetes.Kubelet.Volumes;
using Akka.Actor;
using Akka.Event;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <content>What comes from the API and what goes to it.</content>
internal sealed partial class KubeletActor
{
    private void Assign(PodsAssigned assigned)
    {
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        _objects = assigned.Pods.Select(static p => p.Metadata.NamespaceProperty).Distinct(StringComparer.Ordinal).ToImmutableDictionary(static ns => ns, ns => ObjectsOf(assigned, ns), StringComparer.Ordinal);
        _assigned = assigned;
        foreach (V1Pod pod in assigned.Pods)
        {
            wanted.Add(pod.Metadata.Uid);
            PodObjects objects = _objects[pod.Metadata.NamespaceProperty];
            if (_pods.TryGetValue(pod.Metadata.Uid, out Pod? known))
                Change(known, pod, objects, assigned.TokensOf(pod.Metadata.Uid));
            else
                Take(pod, objects, assigned.TokensOf(pod.Metadata.Uid));
        }

        foreach (Pod gone in _pods.Values.Where(p => !p.IsStatic && !p.IsEnding && !wanted.Contains(p.Manifest.Metadata.Uid)))
        {
            gone.IsEnding = true;
            gone.Worker.Tell(new PodWorkerProtocol.Terminate(null));
        }
    }

    // The same objects as before are the same instance, so that pods whom a message does not concern are left alone.
    private PodObjects ObjectsOf(PodsAssigned assigned, string ns)
    {
        PodObjects? before = _objects.GetValueOrDefault(ns);
        if (before is not null && _assigned is not null && assigned.ConfigMaps == _assigned.ConfigMaps && assigned.Secrets == _assigned.Secrets && assigned.Services == _assigned.Services)
            return before;
        PodObjects now = PodObjects.Of(assigned, ns);
        return before is not null && Same(before, now) ? before : now;
    }

    private static bool Same(PodObjects one, PodObjects other) =>
        Same(one.ConfigMaps.Values, other.ConfigMaps.Values) && Same(one.Secrets.Values, other.Secrets.Values) && Same(one.Services, other.Services);

    private static bool Same<T>(IEnumerable<T> one, IEnumerable<T> other)
        where T : IMetadata<V1ObjectMeta> =>
        one.Select(Identity).ToHashSet().SetEquals(other.Select(Identity));

    private static (string?, string?) Identity<T>(T item)
        where T : IMetadata<V1ObjectMeta> => (item.Metadata.Uid ?? item.Metadata.Name, item.Metadata.ResourceVersion);

    private static void Change(Pod known, V1Pod pod, PodObjects objects, ImmutableArray<PodToken> tokens)
    {
        bool isSame = known.Manifest.Metadata.ResourceVersion is { } version && version == pod.Metadata.ResourceVersion;
        if (isSame && ReferenceEquals(known.Objects, objects) && known.Tokens == tokens)
            return;
        known.Manifest = pod;
        (known.Objects, known.Tokens) = (objects, tokens);
        known.IsEnding |= pod.Metadata.DeletionTimestamp is not null;
        known.Worker.Tell(new PodWorkerProtocol.Update(pod, objects with { Tokens = tokens }));
    }

    // A pod that was here before this process was, or has ended meanwhile, is not run a second time.
    private void Take(V1Pod pod, PodObjects objects, ImmutableArray<PodToken> tokens)
    {
        if (pod.Metadata.DeletionTimestamp is not null)
            _listener?.Invoke(new PodGone(pod.Metadata.NamespaceProperty, pod.Metadata.Name, pod.Metadata.Uid));
        else if (!PodPhase.IsTerminal(pod.Status?.Phase))
            Add(pod, objects, tokens, Admit(pod), null);
    }

    private void Listen(Action<KubeletReport>? listener)
    {
        _listener = listener;
        _statusDue = DateTimeOffset.MinValue;
        if (listener is null)
            return;
        Heartbeat();
        foreach (Pod pod in _pods.Values.Where(static p => p.Status is not null))
            Report(pod, StatusOf(pod));
    }

    private void Heartbeat()
    {
        if (_listener is not { } listener)
            return;
        DateTimeOffset now = Now;
        listener(new NodeLeaseRenewed(_settings.Name, now.UtcDateTime, _settings.Kubelet.LeaseDuration));
        ReconcilePods();
        V1NodeStatus status = NodeStatuses.Of(_settings.Name, _settings.NodeIp.ToString(), _settings.Kubelet, _startedAt, now);
        if (now < _statusDue && (_known is null || !StatusDrift.IsOfNode(status, _known.Status)))
            return;
        _statusDue = now + _settings.Kubelet.NodeStatusPeriod;
        listener(new NodeStatusReported(_settings.Name, status));
    }

    // What the API says of a pod may only not have heard the newest report yet: it counts when it was the same a beat before.
    private void ReconcilePods()
    {
        foreach (Pod pod in _pods.Values.Where(static p => p is { IsStatic: false, IsEnding: false, Status: not null }))
        {
            string? version = StatusDrift.IsOfPod(pod.Status!, pod.Manifest.Status) ? pod.Manifest.Metadata.ResourceVersion : null;
            if (version is not null && version == pod.DriftedAt)
                Report(pod, StatusOf(pod));
            pod.DriftedAt = version;
        }
    }

    // The API knows nothing of static pods.
    private void Report(Pod pod, KubeletReport report)
    {
        if (!pod.IsStatic)
            _listener?.Invoke(report);
    }

    private sealed class Beat : IDeadLetterSuppression, INoSerializationVerificationNeeded
    {
        public static readonly Beat Instance = new();
    }
}
