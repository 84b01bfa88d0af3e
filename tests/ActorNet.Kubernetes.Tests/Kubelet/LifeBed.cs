using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Life;
using ActorNet.Kubernetes.Kubelet.Status;
using ActorNet.Kubernetes.Kubelet.Volumes;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>A pod's life on virtual time, with a runtime that does at once what it is told: sandboxes stand, containers start, SIGTERM ends one with 143 unless it is deaf.</summary>
internal sealed class LifeBed
{
    private readonly PodLifecycle _life;

    // Containers whose start the test tells itself.
    private readonly string[] _slow;

    public LifeBed(V1Pod pod, KubeletSettings? settings = null, PodObjects? objects = null, PodFailure? rejection = null, Dictionary<string, string>? startErrors = null, string[]? slow = null)
    {
        StartErrors = startErrors ?? [];
        _slow = slow ?? [];
        _life = new PodLifecycle(
            pod, objects ?? PodObjects.None, new PodPlace("n1", "192.168.56.11", null, settings ?? new KubeletSettings()), rejection, static image => !image.StartsWith("unknown", StringComparison.Ordinal), Now);
        Work();
    }

    public DateTimeOffset Now { get; private set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public V1PodStatus Status => _life.Status;

    /// <summary>Second and what happened: start c/0, term c/0, kill c/0, probe kind c/0, hook c/0, gone, over.</summary>
    public List<string> Deeds { get; } = [];

    public List<PodEvent> Events { get; } = [];

    public Dictionary<string, VolumeContent> Volumes { get; } = [];

    /// <summary>Environment of the newest run of each container, and its command.</summary>
    public Dictionary<string, StartContainer> Started { get; } = [];

    public HashSet<string> Deaf { get; } = [];

    /// <summary>Containers that the runtime cannot start, and what it says of them; to be given before the pod.</summary>
    public Dictionary<string, string> StartErrors { get; }

    public List<RunProbe> Probes { get; } = [];

    public List<RunHook> Hooks { get; } = [];

    public IEnumerable<string> EventTexts => Events.Select(static e => $"{e.Reason}: {e.Message}");

    public V1ContainerStatus Of(string container) => Status.ContainerStatuses.Concat(Status.InitContainerStatuses ?? []).Single(c => c.Name == container);

    public string Condition(string type) => Status.Conditions.Single(c => c.Type == type).Status;

    public void Do(Action<PodLifecycle, DateTimeOffset> what)
    {
        what(_life, Now);
        Work();
    }

    public void Exit(string container, int code, string? message = null) => Do((life, now) => life.ContainerExited(container, Of(container).RestartCount, code, message, now));

    public void Answer(RunProbe probe, bool passed) => Do((life, now) => life.ProbeDone(
        probe.Container.Name, probe.Instance, probe.Kind, probe.Attempt, passed ? ActorNet.Kubernetes.Kubelet.Probes.ProbeResult.Success : ActorNet.Kubernetes.Kubelet.Probes.ProbeResult.Failure, "no", now));

    /// <summary>Lets time pass, waking the life whenever it asks to be woken.</summary>
    public void Pass(double seconds)
    {
        DateTimeOffset end = Now.AddSeconds(seconds);
        for (int turns = 0; _life.NextDeadline <= end; turns++)
        {
            Assert.True(turns < 10_000, "it asks to be woken without end");
            Assert.True(_life.NextDeadline > Now, "it asks to be woken for what is past");
            Now = _life.NextDeadline;
            Do(static (life, now) => life.Tick(now));
        }

        Now = end;
        Do(static (life, now) => life.Tick(now));
    }

    private void Work()
    {
        while (_life.TakeActions() is { IsEmpty: false } actions)
        {
            foreach (PodAction action in actions)
                Take(action);
        }
    }

    private void Take(PodAction action)
    {
        switch (action)
        {
            case MakeSandbox:
                _life.SandboxMade("10.244.1.2", Now);
                break;
            case RemoveSandbox:
                Note("gone");
                _life.SandboxGone(Now);
                break;
            case StartContainer start:
                Started[start.Container.Name] = start;
                Note($"start {start.Container.Name}/{start.Instance}");
                if (StartErrors.TryGetValue(start.Container.Name, out string? why))
                    _life.ContainerNotStarted(start.Container.Name, start.Instance, why, Now);
                else if (!_slow.Contains(start.Container.Name))
                    _life.ContainerStarted(start.Container.Name, start.Instance, Now);
                break;
            case SignalContainer signal:
                Note($"{(signal.Kill ? "kill" : "term")} {signal.Name}/{signal.Instance}");
                if (signal.Kill)
                    _life.ContainerExited(signal.Name, signal.Instance, 137, null, Now);
                else if (!Deaf.Contains(signal.Name))
                    _life.ContainerExited(signal.Name, signal.Instance, 143, null, Now);
                break;
            case RunProbe probe:
                Probes.Add(probe);
                break;
            case RunHook hook:
                Note($"hook {hook.Container.Name}/{hook.Instance}");
                Hooks.Add(hook);
                break;
            case SetVolume volume:
                Volumes[volume.Name] = volume.Content;
                break;
            case TellEvent told:
                Events.Add(told.Event);
                break;
            case PodOver:
                Note("over");
                break;
        }
    }

    private void Note(string what) => Deeds.Add(FormattableString.Invariant($"{(Now - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds:0.###} {what}"));
}
