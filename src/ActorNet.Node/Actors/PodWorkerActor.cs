using System.Collections.Immutable;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Life;
using ActorNet.Kubernetes.Kubelet.Probes;
using ActorNet.Kubernetes.Kubelet.Status;
using ActorNet.Node.Pods;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Logs;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Streams;
using Akka.Actor;
using Akka.Event;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <summary>
/// Owns a pod's life (<see cref="PodLifecycle"/>), its volumes and the runs of its containers. It does what the life asks for and tells it what happened;
/// it decides nothing. The namespace that the programs use is another actor's, the kubelet's to make and take away.
/// </summary>
internal sealed class PodWorkerActor : UntypedActor
{
    // What a timer can be set to.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);

    private readonly NodeSettings _settings;
    private readonly NodeServices _services;
    private readonly string _uid;
    private readonly PodLifecycle _life;
    private readonly ProbeRunner _probes;
    private readonly PodVolumes _volumes;
    private readonly ITimer _timer;
    private readonly Dictionary<string, RunningContainer> _current = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RunningContainer> _previous = new(StringComparer.Ordinal);
    private PodWorkerProtocol.SandboxMade? _sandbox;

    public PodWorkerActor(V1Pod pod, PodObjects objects, PodFailure? rejection, NodeSettings settings, NodeServices services, IActorRef root)
    {
        _settings = settings;
        _services = services;
        _uid = pod.Metadata.Uid;
        _probes = new ProbeRunner(new ActorExecutor(root, CancellationToken.None), services.Time);
        _volumes = new PodVolumes(services.Time);
        IActorRef self = Self;
        _timer = services.Time.CreateTimer(_ => self.Tell(Due.Instance, ActorRefs.NoSender), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _life = new PodLifecycle(pod, objects, new PodPlace(settings.Name, settings.NodeIp.ToString(), null, settings.Kubelet), rejection, ImageTable.Knows, Now);
    }

    private DateTimeOffset Now => _services.Time.GetUtcNow();

    /// <inheritdoc/>
    protected override void PreStart() => Act();

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _timer.Dispose();
        foreach (RunningContainer container in _current.Values)
            container.Kill();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case PodWorkerProtocol.Update update:
                _life.Update(update.Pod, update.Objects, Now);
                break;
            case PodWorkerProtocol.Terminate terminate:
                _life.Terminate(terminate.Grace, Now);
                break;
            case PodWorkerProtocol.SandboxMade made:
                _sandbox = made;
                _life.SandboxMade(made.Info.Ip.ToString(), Now);
                break;
            case PodWorkerProtocol.SandboxRefused refused:
                _life.SandboxRefused(refused.Why, Now);
                break;
            case PodWorkerProtocol.SandboxGone:
                _sandbox = null;
                foreach (RunningContainer container in _current.Values)
                    container.Kill();
                _life.SandboxGone(Now);
                break;
            case PodWorkerProtocol.Started started:
                _life.ContainerStarted(started.Name, started.Instance, Now);
                break;
            case PodWorkerProtocol.NotStarted refused:
                _life.ContainerNotStarted(refused.Name, refused.Instance, refused.Why, Now);
                break;
            case PodWorkerProtocol.Exited exited:
                _life.ContainerExited(exited.Name, exited.Instance, exited.ExitCode, exited.Message, Now);
                break;
            case PodWorkerProtocol.Probed probed:
                _life.ProbeDone(probed.Name, probed.Instance, probed.Kind, probed.Attempt, probed.Result, probed.Output, Now);
                break;
            case PodWorkerProtocol.Hooked hooked:
                _life.HookDone(hooked.Name, hooked.Instance, hooked.IsPreStop, !hooked.Succeeded, Now);
                break;
            case Due:
                _life.Tick(Now);
                break;
            case KubeletProtocol.FindPod find:
                Sender.Tell(Find(find));
                return;
            case KubeletProtocol.FindLog find:
                Sender.Tell(FindLog(find));
                return;
            default:
                Unhandled(message);
                return;
        }

        Act();
    }

    private void Act()
    {
        foreach (PodAction action in _life.TakeActions())
            Do(action);
        DateTimeOffset next = _life.NextDeadline;
        TimeSpan wait = next == DateTimeOffset.MaxValue ? Timeout.InfiniteTimeSpan : Clamp(next - Now);
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private static TimeSpan Clamp(TimeSpan wait) => wait < TimeSpan.Zero ? TimeSpan.Zero : wait < LongestWait ? wait : LongestWait;

    private void Do(PodAction action)
    {
        switch (action)
        {
            case MakeSandbox:
                Context.Parent.Tell(new PodWorkerProtocol.SandboxWanted(_uid));
                break;
            case RemoveSandbox:
                Context.Parent.Tell(new PodWorkerProtocol.SandboxUnwanted(_uid));
                break;
            case SetVolume volume:
                _volumes.Set(volume.Name, volume.Content);
                break;
            case StartContainer start:
                Start(start);
                break;
            case SignalContainer signal:
                Signal(signal);
                break;
            case RunProbe probe:
                Probe(probe);
                break;
            case RunHook hook:
                Hook(hook);
                break;
            case TellStatus status:
                Context.Parent.Tell(new PodWorkerProtocol.StatusChanged(_uid, status.Status));
                break;
            case TellEvent told:
                Context.Parent.Tell(new PodWorkerProtocol.EventSaid(_uid, told.Event));
                break;
            case PodOver:
                Context.Parent.Tell(new PodWorkerProtocol.Over(_uid));
                break;
        }
    }

    private void Start(StartContainer start)
    {
        string name = start.Container.Name;
        var log = new ContainerLog(_services.Time);
        var console = new ContainerConsole(log, start.Container.Stdin == true, start.Container.StdinOnce == true, start.Container.Tty == true);
        var container = new RunningContainer(start.Container, start.Instance, start.Id, new ContainerPlace(MakeFiles(name), WithDefaults(start.Environment), log, console));
        if (_current.TryGetValue(name, out RunningContainer? last))
            _previous[name] = last;
        _current[name] = container;
        IReadOnlyList<string> command;
        try
        {
            command = Prepare(start.Container, container.Place);
        }
        catch (ContainerStartException e)
        {
            container.Close();
            Self.Tell(new PodWorkerProtocol.NotStarted(name, start.Instance, e.Message), ActorRefs.NoSender);
            return;
        }

        // Before the program can end: its life hears things in their order.
        Self.Tell(new PodWorkerProtocol.Started(name, start.Instance), ActorRefs.NoSender);
        Run(container, name, [.. command], _sandbox!);
    }

    // What a runtime does before it starts the program: mounts, the working directory, the program itself.
    private IReadOnlyList<string> Prepare(V1Container container, ContainerPlace place)
    {
        try
        {
            Fill(place.Files, container);
        }
        catch (FileException e)
        {
            throw new ContainerStartException($"error during container init: {e.Message}", e);
        }

        string directory = string.IsNullOrEmpty(container.WorkingDir) ? "/" : container.WorkingDir;
        return ContainerCommand.Resolve(
            place.Files, directory, place.Environment["PATH"], PodActor.ProgramNames, ImageTable.Find(container.Image).Compose([.. container.Command ?? []], [.. container.Args ?? []]));
    }

    private void Run(RunningContainer container, string name, ImmutableArray<string> command, PodWorkerProtocol.SandboxMade sandbox)
    {
        string host = HostName;
        Task.Run(
            async () =>
            {
                int exit = await container.RunAsync(command, sandbox.Actor, sandbox.Control, host, _services, sandbox.Gone).ConfigureAwait(false);
                return new PodWorkerProtocol.Exited(name, container.Instance, exit, await container.MessageAsync(exit).ConfigureAwait(false));
            },
            CancellationToken.None).PipeTo(Self, failure: e => new PodWorkerProtocol.Exited(name, container.Instance, ProgramTable.CrashedExitCode, e.GetBaseException().Message));
    }

    // A pod with the node's network has the node's name (kubernetes pkg/kubelet/kubelet_pods.go GeneratePodHostNameAndDomain).
    private string HostName => _life.Pod.Spec.HostNetwork == true ? _settings.Name : string.IsNullOrEmpty(_life.Pod.Spec.Hostname) ? _life.Pod.Metadata.Name : _life.Pod.Spec.Hostname;

    // What a runtime sets where the image says nothing else.
    private ImmutableDictionary<string, string> WithDefaults(ImmutableDictionary<string, string> environment)
    {
        ImmutableDictionary<string, string>.Builder all = environment.ToBuilder();
        all.TryAdd("PATH", ContainerFiles.DefaultPath);
        all.TryAdd("HOSTNAME", HostName);
        all.TryAdd("HOME", "/root");
        return all.ToImmutable();
    }

    private FileTree MakeFiles(string container) => ContainerFiles.Create(
        HostName, _sandbox!.Info.Ip.ToString(), PodActor.ProgramNames, _services.Time, NodeLayout.Draw(_services.Seed, $"{_settings.Name}/{_uid}/{container}/urandom"), _volumes.Beside);

    private void Fill(FileTree files, V1Container container)
    {
        ImageTable.Find(container.Image).AddFiles?.Invoke(files);
        KubeletFiles.Add(files, _life.Pod, container, _settings.Kubelet);
        _volumes.Mount(files, container.VolumeMounts ?? []);
    }

    private void Signal(SignalContainer signal)
    {
        if (!_current.TryGetValue(signal.Name, out RunningContainer? container) || container.Instance != signal.Instance)
            return;
        if (signal.Kill)
            container.Kill();
        else
            container.Terminate();
    }

    private void Probe(RunProbe probe)
    {
        if (_sandbox is null || !_current.TryGetValue(probe.Container.Name, out RunningContainer? container))
            return;
        IActorRef self = Self;
        NodeNamespace place = PlaceOf(container);
        Packets.Ipv4Address ip = _sandbox.Info.Ip;
        Task.Run(() => _probes.ProbeAsync(probe.Probe, probe.Container, ip, place, probe.Timeout, container.Killed), CancellationToken.None).PipeTo(
            self,
            success: found => new PodWorkerProtocol.Probed(probe.Container.Name, probe.Instance, probe.Kind, probe.Attempt, found.Result, found.Output),
            failure: e => new PodWorkerProtocol.Probed(probe.Container.Name, probe.Instance, probe.Kind, probe.Attempt, ProbeResult.Unknown, e.GetBaseException().Message));
    }

    private void Hook(RunHook hook)
    {
        if (_sandbox is null || !_current.TryGetValue(hook.Container.Name, out RunningContainer? container))
            return;
        NodeNamespace place = PlaceOf(container);
        Packets.Ipv4Address ip = _sandbox.Info.Ip;
        Task.Run(() => _probes.RunHookAsync(hook.Handler, hook.Container, ip, place, container.Killed), CancellationToken.None).PipeTo(
            Self,
            success: succeeded => new PodWorkerProtocol.Hooked(hook.Container.Name, hook.Instance, hook.IsPreStop, succeeded),
            failure: _ => new PodWorkerProtocol.Hooked(hook.Container.Name, hook.Instance, hook.IsPreStop, false));
    }

    private NodeNamespace PlaceOf(RunningContainer container) =>
        new(HostName, _sandbox!.Actor, _sandbox.Control, _services, container.Killed, container.Place, _sandbox.Gone);

    private object Find(KubeletProtocol.FindPod find)
    {
        if (_sandbox is not { } sandbox)
            return new KubeletProtocol.PodUnknown(find.Name);
        string name = find.Container ?? _life.Pod.Spec.Containers[0].Name;
        // One that the pod has not is the caller's to refuse; one that does not run yet has no files.
        ContainerPlace? place = _current.TryGetValue(name, out RunningContainer? container) || _current.TryGetValue(_life.Pod.Spec.Containers[0].Name, out container) ? container.Place : null;
        bool isRunning = _current.TryGetValue(name, out RunningContainer? asked) && !asked.IsOver;
        return new KubeletProtocol.PodFound(sandbox.Info, sandbox.Actor, sandbox.Control, place, isRunning, sandbox.Closed, sandbox.Gone);
    }

    private KubeletProtocol.LogFound FindLog(KubeletProtocol.FindLog find)
    {
        string name = find.Container ?? _life.Pod.Spec.Containers[0].Name;
        ImmutableArray<string> names = [.. _life.Pod.Spec.Containers.Concat(_life.Pod.Spec.InitContainers ?? []).Select(static c => c.Name)];
        try
        {
            string id = ContainerLogRules.FindRun(_life.Status, _life.Pod.Metadata.Name, name, find.Previous);
            RunningContainer? run = new[] { _current, _previous }.Select(runs => runs.GetValueOrDefault(name)).FirstOrDefault(c => c?.Id == id);
            return new KubeletProtocol.LogFound(new ContainerLogPlace(names, name, run?.Place.Log));
        }
        catch (ApiException e)
        {
            return new KubeletProtocol.LogFound(new ContainerLogPlace(names, name, null, e.Message));
        }
    }

    private sealed class Due : IDeadLetterSuppression, INoSerializationVerificationNeeded
    {
        public static readonly Due Instance = new();
    }
}
