using System.Collections.Immutable;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Life;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Kubernetes.KubeProxy.Health;
using Akka.Actor;
using Akka.Event;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <summary>
/// kube-proxy: keeps a <see cref="ProxyState"/> and has its programs put in force by the owner of the root namespace, one after the other, as often as
/// the pace allows. What changes while one is on its way goes into the next.
/// </summary>
internal sealed class KubeProxyActor : UntypedActor
{
    private readonly NodeServices _services;
    private readonly IActorRef _root;
    private readonly IActorRef _kubelet;
    private readonly IActorRef _healthPorts;
    private readonly EventRecorder _recorder;
    private readonly string _node;
    private readonly KubeProxySettings _settings;
    private readonly ProxyState _state;
    private readonly SyncPace _pace;
    private readonly ITimer _due;
    private readonly ITimer _canary;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly List<(long Number, IActorRef Asker)> _waiting = [];
    private readonly ProgrammingLatency _latency = new();
    private readonly KubeProxyMeter _meter = new();
    private ProxyProgram? _program;
    private ProxyHealth _health;
    private ImmutableSortedDictionary<string, ServiceHealth> _healthChecks = ImmutableSortedDictionary<string, ServiceHealth>.Empty;
    private TimeSpan _began;
    private bool _isApplying;
    private bool _mustWait;
    private long _taken;
    private long _applying;
    private ImmutableArray<string> _problems = [];
    private KubeProxyStatus _status = new();

    public KubeProxyActor(NodeSettings settings, NodeServices services, IActorRef root, IActorRef kubelet)
    {
        (_services, _root, _kubelet, _settings, _node) = (services, root, kubelet, settings.KubeProxy, settings.Name);
        _recorder = new EventRecorder(settings.Name, "kube-proxy");
        _health = new ProxyHealth(2 * _settings.SyncPeriod);
        _healthPorts = Context.ActorOf(Props.Create(() => new HealthPortsActor(settings, services, root, kubelet)), "health");
        _state = new ProxyState(new ProxyOptions
        {
            Node = settings.Name,
            NodeAddresses = [settings.NodeIp.ToString()],
            ClusterCidr = settings.ClusterCidr.ToString(),
            MasqueradeAll = settings.KubeProxy.MasqueradeAll,
        });
        _pace = new SyncPace(_settings.MinSyncPeriod);
        IActorRef self = Self;
        _due = services.Time.CreateTimer(_ => self.Tell(Due.Instance, ActorRefs.NoSender), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _canary = services.Time.CreateTimer(_ => self.Tell(LookAfter.Instance, ActorRefs.NoSender), null, _settings.SyncPeriod, _settings.SyncPeriod);
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ServiceChanges changes:
                _state.Apply(changes);
                _taken++;
                Note(changes);
                Sync();
                break;
            case Due:
                _mustWait = false;
                Sync();
                break;
            case NetfilterProtocol.Done done:
                Finish(done);
                break;
            case LookAfter:
                _root.Tell(new NetfilterProtocol.Look(NodeRules.Canaries));
                break;
            case NetfilterProtocol.Looked looked:
                LookedAfter(looked.AreThere);
                break;
            case GetStatus:
                Sender.Tell(Status);
                break;
            case WaitUntilInForce:
                _waiting.Add((_taken, Sender));
                Sync();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _due.Dispose();
        _canary.Dispose();
        _meter.Dispose();
    }

    private KubeProxyStatus Status => _status with { Services = _state.ServiceCount, Endpoints = _state.EndpointCount, Problems = _problems, Latency = _latency.View() };

    private TimeSpan SinceStart => TimeSpan.FromTicks(_services.Clock.Now.Nanoseconds / 100);

    private void Note(ServiceChanges changes)
    {
        if (changes.Node is { } node)
            _health = _health.Of(node);
        if (_state.IsDirty)
        {
            _health = _health.Queued(SinceStart);
            _meter.Queued(_services.Time.GetUtcNow());
        }

        SayHealth();
    }

    private void SayHealth() => _healthPorts.Tell(new HealthPortsActor.Said(_health, _healthChecks), ActorRefs.NoSender);

    private void Sync()
    {
        if (_isApplying || _mustWait)
            return;
        if (!_state.IsDirty)
        {
            AnswerWaiting(_state.HasSynced ? _taken : 0);
            return;
        }

        TimeSpan wait = _pace.Take(SinceStart);
        if (wait > TimeSpan.Zero)
        {
            WaitFor(wait);
            return;
        }

        _began = SinceStart;
        ProxyProgram program = _state.Next()!;
        (_isApplying, _applying, _program) = (true, _taken, program);
        if (program.IsFull)
            _root.Tell(new NetfilterProtocol.Ensure(NodeRules.KubeProxy), ActorRefs.NoSender);
        // Read here: the root namespace has frames to forward meanwhile.
        _root.Tell(new NetfilterProtocol.Apply(RestoreProgram.Read(program.Pieces, counters: true), program.Stale));
        _status = program.IsFull ? _status with { FullSyncs = _status.FullSyncs + 1 } : _status with { PartialSyncs = _status.PartialSyncs + 1 };
        foreach (string problem in _state.Problems.Except(_problems))
            _log.Warning("kube-proxy: {0}", problem);
        _problems = _state.Problems;
    }

    private void Finish(NetfilterProtocol.Done done)
    {
        _isApplying = false;
        _status = _status with { DeletedConnections = _status.DeletedConnections + done.Deleted };
        if (done.Result.IsSuccess)
        {
            _status = _status with { LastError = null };
            InForce(_program!);
            AnswerWaiting(_applying);
            Sync();
            return;
        }

        // As upstream: everything again, a while later.
        _log.Error("kube-proxy: iptables-restore refused the rules, exit code {0}: {1}", done.Result.ExitCode, done.Result.Error);
        _meter.Refused();
        _status = _status with { Failures = _status.Failures + 1, LastError = done.Result.Error };
        Raise("FailedToSyncRules", $"Sync failed, retrying after {_settings.SyncPeriod.TotalSeconds:0} s: exit status {done.Result.ExitCode}: {done.Result.Error.Trim()}");
        _state.Invalidate();
        WaitFor(_settings.SyncPeriod);
    }

    // What came while it was on its way waits still.
    private void InForce(ProxyProgram program)
    {
        DateTimeOffset now = _services.Time.GetUtcNow();
        _meter.Synced(program.IsFull, SinceStart - _began, now);
        foreach (DateTimeOffset trigger in program.Triggers)
        {
            _latency.Observe(now - trigger);
            _meter.Programmed(trigger, now);
        }

        _health = _health.Updated(SinceStart);
        if (_state.IsDirty)
            _health = _health.Queued(SinceStart);
        _healthChecks = program.HealthChecks;
        SayHealth();
    }

    private void Raise(string reason, string message)
    {
        var about = new V1ObjectReference { ApiVersion = "v1", Kind = "Node", Name = _node, Uid = _node };
        _kubelet.Tell(new KubeletProtocol.Raise(_recorder.Record(about, new PodEvent(true, reason, message, null), _services.Time.GetUtcNow())));
    }

    private void LookedAfter(bool areThere)
    {
        if (areThere || _status.FullSyncs == 0 || _isApplying)
            return;
        _log.Warning("kube-proxy: the chain KUBE-PROXY-CANARY is gone: somebody has emptied the tables; every rule is written again");
        _state.Invalidate();
        Sync();
    }

    private void WaitFor(TimeSpan time)
    {
        _mustWait = true;
        _due.Change(time, Timeout.InfiniteTimeSpan);
    }

    private void AnswerWaiting(long number)
    {
        foreach ((_, IActorRef asker) in _waiting.Where(w => w.Number <= number))
            asker.Tell(Status);
        _waiting.RemoveAll(w => w.Number <= number);
    }

    /// <summary>Asks for the <see cref="KubeProxyStatus"/>.</summary>
    internal sealed record GetStatus;

    /// <summary>Asks for the <see cref="KubeProxyStatus"/> once the rules of all changes so far are in force.</summary>
    internal sealed record WaitUntilInForce;

    private sealed class Due : IDeadLetterSuppression, INoSerializationVerificationNeeded
    {
        public static readonly Due Instance = new();
    }

    private sealed class LookAfter : IDeadLetterSuppression, INoSerializationVerificationNeeded
    {
        public static readonly LookAfter Instance = new();
    }
}
