using System.Collections.Immutable;
using System.Text;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Probes;
using ActorNet.Kubernetes.Kubelet.Status;
using CsCheck;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>A pod's life on virtual time (kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager_test.go, kuberuntime_container_test.go, pod_workers_test.go).</summary>
public sealed class PodLifecycleTests
{
    [Fact]
    public void A_pod_starts_and_says_so_in_upstreams_words()
    {
        var bed = new LifeBed(Pod(Container("a"), Container("b")));
        Assert.Equal(["0 start a/0", "0 start b/0"], bed.Deeds);
        Assert.Equal(
            ["Pulled: Container image \"busybox\" already present on machine", "Created: Created container: a", "Started: Started container a"],
            bed.Events.Where(static e => e.FieldPath == "spec.containers{a}").Select(static e => $"{e.Reason}: {e.Message}"));
        Assert.Equal(("Running", "10.244.1.2", "192.168.56.11", "BestEffort"), (bed.Status.Phase, bed.Status.PodIP, bed.Status.HostIP, bed.Status.QosClass));
        Assert.Equal(["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"], bed.Status.Conditions.Select(static c => c.Type));
        Assert.All(bed.Status.Conditions, static c => Assert.Equal("True", c.Status));
        Assert.True(bed.Of("a").Ready && bed.Of("a").Started == true);
    }

    [Fact]
    public void A_container_that_crashes_waits_longer_each_time()
    {
        var bed = new LifeBed(Pod(Container("c")));
        bed.Exit("c", 1, "no config");
        // The first restart is at once.
        Assert.Equal(["0 start c/0", "0 start c/1"], bed.Deeds);
        Assert.Equal((1, "Error", "no config"), (bed.Of("c").LastState.Terminated.ExitCode, bed.Of("c").LastState.Terminated.Reason, bed.Of("c").LastState.Terminated.Message));
        bed.Exit("c", 1);
        Assert.Equal(("CrashLoopBackOff", "back-off 10s restarting failed container=c pod=p_ns(u)"), (bed.Of("c").State.Waiting.Reason, bed.Of("c").State.Waiting.Message));
        Assert.Contains("BackOff: Back-off restarting failed container c in pod p_ns(u)", bed.EventTexts);
        Assert.Equal(("Running", "False"), (bed.Status.Phase, bed.Condition("Ready")));
        bed.Pass(10);
        bed.Exit("c", 1);
        bed.Pass(20);
        bed.Exit("c", 1);
        Assert.Equal("back-off 40s restarting failed container=c pod=p_ns(u)", bed.Of("c").State.Waiting.Message);
        Assert.Equal(["0 start c/0", "0 start c/1", "10 start c/2", "30 start c/3"], bed.Deeds);
        Assert.Equal(3, bed.Of("c").RestartCount);
        bed.Pass(40);
        bed.Pass(601);
        bed.Exit("c", 1);
        Assert.Equal("671 start c/5", bed.Deeds[^1]);
    }

    // A cluster with containerd, watched: RunContainerError 0, a second later RunContainerError 1, CrashLoopBackOff 1 until ten seconds are over, RunContainerError 2
    // (published output of `kubectl get pods --watch`); code, reason and time: containerd internal/cri/server/container_start.go.
    [Fact]
    public void A_container_that_cannot_be_started_says_so_and_waits_longer_each_time()
    {
        const string why = "exec: \"serve\": executable file not found in $PATH: unknown";
        var bed = new LifeBed(Pod(Container("c")), startErrors: new() { ["c"] = why });
        Assert.Equal(("RunContainerError", why, 0), (bed.Of("c").State.Waiting.Reason, bed.Of("c").State.Waiting.Message, bed.Of("c").RestartCount));
        V1ContainerStateTerminated last = bed.Of("c").LastState.Terminated;
        Assert.Equal((128, "StartError", why, DateTime.UnixEpoch, bed.Now.UtcDateTime), (last.ExitCode, last.Reason, last.Message, last.StartedAt, last.FinishedAt));
        Assert.Equal(["Pulled: Container image \"busybox\" already present on machine", "Created: Created container: c", "Failed: Error: " + why], bed.EventTexts);
        Assert.True(bed.Events[^1].IsWarning);
        bed.Pass(1);
        Assert.Equal(("RunContainerError", 1), (bed.Of("c").State.Waiting.Reason, bed.Of("c").RestartCount));
        bed.Pass(1);
        Assert.Equal(("CrashLoopBackOff", 1, "StartError"), (bed.Of("c").State.Waiting.Reason, bed.Of("c").RestartCount, bed.Of("c").LastState.Terminated.Reason));
        bed.Pass(9);
        Assert.Equal(("RunContainerError", 2), (bed.Of("c").State.Waiting.Reason, bed.Of("c").RestartCount));
        Assert.Equal(["0 start c/0", "1 start c/1", "11 start c/2"], bed.Deeds);
        Assert.DoesNotContain(bed.EventTexts, static e => e.StartsWith("Started", StringComparison.Ordinal));
        bed.StartErrors.Clear();
        bed.Pass(20);
        Assert.Equal((3, true), (bed.Of("c").RestartCount, bed.Of("c").State.Running is not null));
        Assert.Contains("Started: Started container c", bed.EventTexts);
    }

    [Fact]
    public void A_container_that_cannot_be_started_and_is_never_restarted_fails_its_pod()
    {
        V1Pod pod = Pod(Container("c"));
        pod.Spec.RestartPolicy = "Never";
        var bed = new LifeBed(pod, startErrors: new() { ["c"] = "why" });
        Assert.Equal(("Failed", 128, "StartError"), (bed.Status.Phase, bed.Of("c").State.Terminated.ExitCode, bed.Of("c").State.Terminated.Reason));
        Assert.Equal(["0 start c/0", "0 gone"], bed.Deeds);
    }

    [Fact]
    public void A_pod_that_is_deleted_while_its_container_is_being_started_waits_for_it()
    {
        V1Pod pod = Pod(Container("c"));
        var bed = new LifeBed(pod, slow: ["c"]);
        Delete(bed, pod, 30);
        Assert.Equal(["0 start c/0"], bed.Deeds);
        bed.Do(static (life, now) => life.ContainerStarted("c", 0, now));
        Assert.Equal(["0 start c/0", "0 term c/0", "0 gone", "0 over"], bed.Deeds);
    }

    [Theory]
    [InlineData("Always", 0, null)]
    [InlineData("OnFailure", 0, "Succeeded")]
    [InlineData("OnFailure", 1, null)]
    [InlineData("Never", 0, "Succeeded")]
    [InlineData("Never", 1, "Failed")]
    public void The_restart_policy_says_whether_a_pod_is_over(string policy, int code, string? phase)
    {
        V1Pod pod = Pod(Container("c"));
        pod.Spec.RestartPolicy = policy;
        var bed = new LifeBed(pod);
        bed.Exit("c", code);
        if (phase is null)
        {
            Assert.Equal(["0 start c/0", "0 start c/1"], bed.Deeds);
            return;
        }

        // The sandbox goes, the address and the container's end stay to be seen.
        Assert.Equal(["0 start c/0", "0 gone"], bed.Deeds);
        Assert.Equal((phase, "10.244.1.2", code), (bed.Status.Phase, bed.Status.PodIP, bed.Of("c").State.Terminated.ExitCode));
        Assert.Equal("False", bed.Condition("PodReadyToStartContainers"));
        Assert.Equal(phase == "Failed" ? "PodFailed" : "PodCompleted", bed.Status.Conditions.Single(static c => c.Type == "Ready").Reason);
        Assert.Equal(code == 0 ? "Completed" : "Error", bed.Of("c").State.Terminated.Reason);
        bed.Do((life, now) => life.Terminate(null, now));
        Assert.Equal("0 over", bed.Deeds[^1]);
        Assert.Equal(phase, bed.Status.Phase);
    }

    [Fact]
    public void Init_containers_run_one_after_the_other_and_again_until_they_end_well()
    {
        V1Pod pod = Pod(Container("c"));
        pod.Spec.InitContainers = [Container("i"), Container("j")];
        var bed = new LifeBed(pod);
        Assert.Equal(["0 start i/0"], bed.Deeds);
        Assert.Equal("PodInitializing", bed.Of("c").State.Waiting.Reason);
        Assert.Equal(("Pending", "containers with incomplete status: [i j]"), (bed.Status.Phase, bed.Status.Conditions.Single(static c => c.Type == "Initialized").Message));
        bed.Exit("i", 0);
        bed.Exit("j", 1);
        bed.Exit("j", 1);
        bed.Pass(10);
        bed.Exit("j", 0);
        Assert.Equal(["0 start i/0", "0 start j/0", "0 start j/1", "10 start j/2", "10 start c/0"], bed.Deeds);
        Assert.Equal(("Running", "True"), (bed.Status.Phase, bed.Condition("Initialized")));
        Assert.Equal("spec.initContainers{j}", bed.Events.First(static e => e.Message.Contains("container: j", StringComparison.Ordinal)).FieldPath);
    }

    [Fact]
    public void An_init_container_that_fails_for_good_fails_the_pod()
    {
        V1Pod pod = Pod(Container("c"));
        pod.Spec.InitContainers = [Container("i")];
        pod.Spec.RestartPolicy = "Never";
        var bed = new LifeBed(pod);
        bed.Exit("i", 3);
        Assert.Equal(["0 start i/0", "0 gone"], bed.Deeds);
        Assert.Equal("Failed", bed.Status.Phase);
    }

    [Fact]
    public void A_sidecar_starts_first_runs_beside_and_ends_last()
    {
        V1Pod pod = Pod(Container("c"));
        V1Container sidecar = Container("s");
        sidecar.RestartPolicy = "Always";
        sidecar.StartupProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = 80 } };
        pod.Spec.InitContainers = [sidecar];
        var bed = new LifeBed(pod);
        Assert.Equal(["0 start s/0"], bed.Deeds);
        bed.Answer(bed.Probes.Single(), passed: true);
        Assert.Equal(["0 start s/0", "0 start c/0"], bed.Deeds);
        bed.Exit("s", 0);
        Assert.Equal("0 start s/1", bed.Deeds[^1]);
        bed.Do((life, now) => life.Terminate(null, now));
        Assert.Equal(["0 term c/0", "0 term s/1", "0 gone", "0 over"], bed.Deeds.TakeLast(4));
    }

    [Fact]
    public void A_failed_liveness_probe_ends_the_container_and_it_starts_anew()
    {
        V1Container container = Container("c");
        container.LivenessProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = 80 }, PeriodSeconds = 5, FailureThreshold = 2 };
        var bed = new LifeBed(Pod(container));
        Fail(bed, 2, 5);
        Assert.Equal(["0 start c/0", "5 term c/0", "5 start c/1"], bed.Deeds);
        Assert.Contains("Killing: Container c failed liveness probe, will be restarted", bed.EventTexts);
        Assert.Equal("Unhealthy: Liveness probe failed: no", bed.EventTexts.First(static e => e.StartsWith("Unhealthy", StringComparison.Ordinal)));
        Assert.Equal((1, 143), (bed.Of("c").RestartCount, bed.Of("c").LastState.Terminated.ExitCode));
    }

    [Fact]
    public void A_deaf_container_that_fails_its_liveness_probe_is_killed_after_the_probes_own_grace_period()
    {
        V1Container container = Container("c");
        container.LivenessProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = 80 }, FailureThreshold = 1, TerminationGracePeriodSeconds = 7 };
        var bed = new LifeBed(Pod(container));
        bed.Deaf.Add("c");
        bed.Answer(bed.Probes.Single(), passed: false);
        bed.Pass(30);
        Assert.Equal(["0 start c/0", "0 term c/0", "7 kill c/0", "7 start c/1"], bed.Deeds);
    }

    [Fact]
    public void The_startup_probe_holds_back_the_others()
    {
        V1Container container = Container("c");
        container.StartupProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = 80 }, PeriodSeconds = 1, FailureThreshold = 30 };
        container.ReadinessProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = 80 }, PeriodSeconds = 1 };
        container.LivenessProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = 80 }, PeriodSeconds = 1 };
        var bed = new LifeBed(Pod(container));
        Fail(bed, 3, 1);
        Assert.All(bed.Probes, static p => Assert.Equal(ProbeKind.Startup, p.Kind));
        Assert.Equal((false, false), (bed.Of("c").Started, bed.Of("c").Ready));
        bed.Pass(1);
        bed.Answer(bed.Probes[^1], passed: true);
        Assert.Equal((true, false), (bed.Of("c").Started, bed.Of("c").Ready));
        Assert.Equal([ProbeKind.Liveness, ProbeKind.Readiness], bed.Probes.TakeLast(2).Select(static p => p.Kind));
        bed.Answer(bed.Probes[^1], passed: true);
        Assert.True(bed.Of("c").Ready);
        Assert.Equal("True", bed.Condition("Ready"));
    }

    [Fact]
    public void Readiness_comes_and_goes_with_its_probe()
    {
        V1Container container = Container("c");
        container.ReadinessProbe = new V1Probe { HttpGet = new V1HTTPGetAction { Port = 80 }, PeriodSeconds = 1, FailureThreshold = 2 };
        var bed = new LifeBed(Pod(container));
        Assert.Equal(("Running", "False"), (bed.Status.Phase, bed.Condition("Ready")));
        bed.Answer(bed.Probes[^1], passed: true);
        Assert.Equal("True", bed.Condition("Ready"));
        bed.Pass(1);
        bed.Answer(bed.Probes[^1], passed: false);
        Assert.Equal("True", bed.Condition("Ready"));
        bed.Pass(1);
        bed.Answer(bed.Probes[^1], passed: false);
        V1PodCondition ready = bed.Status.Conditions.Single(static c => c.Type == "Ready");
        Assert.Equal(("False", "ContainersNotReady", "containers with unready status: [c]"), (ready.Status, ready.Reason, ready.Message));
        Assert.Equal(new DateTime(2026, 1, 1, 0, 0, 2, DateTimeKind.Utc), ready.LastTransitionTime);
        Assert.Single(bed.Deeds);
    }

    [Theory]
    // The grace period is for preStop and SIGTERM together, but two seconds are always given.
    [InlineData(30, 10, "10 term c/0", "30 kill c/0")]
    [InlineData(30, null, "30 term c/0", "32 kill c/0")]
    [InlineData(5, 4, "4 term c/0", "6 kill c/0")]
    [InlineData(0, null, "2 term c/0", "4 kill c/0")]
    public void The_pre_stop_hook_takes_its_time_of_the_grace_period(int grace, int? hookEnds, string term, string kill)
    {
        V1Container container = Container("c");
        container.Lifecycle = new V1Lifecycle { PreStop = new V1LifecycleHandler { Sleep = new V1SleepAction { Seconds = 10 } } };
        V1Pod pod = Pod(container);
        var bed = new LifeBed(pod);
        bed.Deaf.Add("c");
        Delete(bed, pod, grace);
        Assert.Equal("0 hook c/0", bed.Deeds[^1]);
        Assert.Contains("Killing: Stopping container c", bed.EventTexts);
        if (hookEnds is { } after)
        {
            bed.Pass(after);
            bed.Do((life, now) => life.HookDone("c", 0, isPreStop: true, failed: false, now));
        }

        bed.Pass(60);
        Assert.Equal(["0 start c/0", "0 hook c/0", term, kill], bed.Deeds.Take(4));
        Assert.Equal(["gone", "over"], bed.Deeds.Skip(4).Select(static d => d.Split(' ')[1]));
        Assert.Equal(("Failed", 137), (bed.Status.Phase, bed.Of("c").State.Terminated.ExitCode));
    }

    [Fact]
    public void A_shorter_grace_period_ends_a_longer_one_and_a_longer_one_changes_nothing()
    {
        V1Pod pod = Pod(Container("c"));
        var bed = new LifeBed(pod);
        bed.Deaf.Add("c");
        Delete(bed, pod, 100);
        bed.Pass(1);
        Delete(bed, pod, 300);
        bed.Pass(1);
        Delete(bed, pod, 5);
        bed.Pass(300);
        Assert.Equal(["0 start c/0", "0 term c/0", "7 kill c/0", "7 gone", "7 over"], bed.Deeds);
    }

    [Fact]
    public void While_it_ends_liveness_is_not_asked_and_readiness_is()
    {
        V1Container container = Container("c");
        container.LivenessProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = 80 }, PeriodSeconds = 1, FailureThreshold = 1 };
        container.ReadinessProbe = container.LivenessProbe;
        V1Pod pod = Pod(container);
        var bed = new LifeBed(pod);
        bed.Deaf.Add("c");
        bed.Answer(bed.Probes.Single(static p => p.Kind == ProbeKind.Readiness), passed: true);
        Delete(bed, pod, 30);
        int before = bed.Probes.Count;
        bed.Pass(5);
        Assert.Equal([ProbeKind.Readiness], bed.Probes.Skip(before).Select(static p => p.Kind).Distinct());
        bed.Answer(bed.Probes[^1], passed: false);
        Assert.Equal(("False", "Running"), (bed.Condition("Ready"), bed.Status.Phase));
        bed.Exit("c", 0);
        Assert.Equal("5 over", bed.Deeds[^1]);
    }

    [Fact]
    public void A_post_start_hook_that_fails_ends_the_container()
    {
        V1Container container = Container("c");
        container.Lifecycle = new V1Lifecycle { PostStart = new V1LifecycleHandler { Exec = new V1ExecAction { Command = ["false"] } } };
        var bed = new LifeBed(Pod(container));
        Assert.False(bed.Of("c").Started);
        bed.Do((life, now) => life.HookDone("c", 0, isPreStop: false, failed: true, now));
        Assert.Equal(["0 start c/0", "0 hook c/0", "0 term c/0", "0 start c/1", "0 hook c/1"], bed.Deeds);
        Assert.Contains("FailedPostStartHook: PostStartHook failed", bed.EventTexts);
        Assert.Contains("Killing: FailedPostStartHook", bed.EventTexts);
        bed.Do((life, now) => life.HookDone("c", 1, isPreStop: false, failed: false, now));
        Assert.True(bed.Of("c").Started);
    }

    [Fact]
    public void A_missing_config_map_holds_the_container_until_it_comes()
    {
        V1Container container = Container("c");
        container.Env = [new V1EnvVar { Name = "A", ValueFrom = new V1EnvVarSource { ConfigMapKeyRef = new V1ConfigMapKeySelector { Name = "m", Key = "k" } } }];
        container.Args = ["$(A)"];
        V1Pod pod = Pod(container);
        var bed = new LifeBed(pod);
        Assert.Equal(("CreateContainerConfigError", "configmap \"m\" not found"), (bed.Of("c").State.Waiting.Reason, bed.Of("c").State.Waiting.Message));
        Assert.Contains("Failed: Error: configmap \"m\" not found", bed.EventTexts);
        Assert.Equal("Pending", bed.Status.Phase);
        bed.Pass(25);
        Assert.Empty(bed.Deeds);
        bed.Do((life, now) => life.Update(pod, Objects("m", ("k", "v")), now));
        Assert.Equal(["25 start c/0"], bed.Deeds);
        Assert.Equal("v", bed.Started["c"].Environment["A"]);
        Assert.Equal(["v"], bed.Started["c"].Container.Args);
    }

    [Fact]
    public void A_volume_holds_the_pod_until_it_stands_and_follows_its_config_map()
    {
        V1Pod pod = Pod(Container("c"));
        pod.Spec.Volumes = [new V1Volume { Name = "v", ConfigMap = new V1ConfigMapVolumeSource { Name = "m", Items = [new V1KeyToPath { Key = "k", Path = "dir/file", Mode = 0b100_000_000 }] } }];
        var bed = new LifeBed(pod);
        Assert.Equal("FailedMount: MountVolume.SetUp failed for volume \"v\" : configmap \"m\" not found", Assert.Single(bed.EventTexts));
        Assert.Equal(("Pending", "ContainerCreating", "False"), (bed.Status.Phase, bed.Of("c").State.Waiting.Reason, bed.Condition("PodReadyToStartContainers")));
        // Half a second, then twice as long each time: 0.5, 1.5, 3.5, 7.5.
        bed.Pass(8);
        Assert.Equal(5, bed.Events.Count);
        bed.Do((life, now) => life.Update(pod, Objects("m", ("other", "v")), now));
        Assert.Contains("references non-existent config key: k", bed.EventTexts.Last(), StringComparison.Ordinal);
        bed.Do((life, now) => life.Update(pod, Objects("m", ("k", "one")), now));
        Assert.Equal(["8 start c/0"], bed.Deeds);
        Assert.Equal(("one", 0b100_000_000), (Encoding.UTF8.GetString(bed.Volumes["v"].Files!["dir/file"].Bytes.AsSpan()), bed.Volumes["v"].Files!["dir/file"].Mode));
        bed.Do((life, now) => life.Update(pod, Objects("m", ("k", "two")), now));
        Assert.Equal("two", Encoding.UTF8.GetString(bed.Volumes["v"].Files!["dir/file"].Bytes.AsSpan()));
        // What is gone leaves what was.
        bed.Do((life, now) => life.Update(pod, PodObjects.None, now));
        Assert.Single(bed.Volumes["v"].Files!);
        Assert.Single(bed.Deeds);
    }

    [Fact]
    public void An_image_that_nothing_stands_for_is_refused_or_pauses_as_the_setting_says()
    {
        V1Container container = Container("c");
        container.Image = "unknown:1";
        var bed = new LifeBed(Pod(container), new KubeletSettings { UnknownImages = UnknownImagePolicy.Refuse });
        Assert.Equal("ErrImagePull", bed.Of("c").State.Waiting.Reason);
        bed.Pass(2);
        Assert.Equal(("ImagePullBackOff", "Back-off pulling image \"unknown:1\""), (bed.Of("c").State.Waiting.Reason, bed.Of("c").State.Waiting.Message));
        Assert.Contains("Failed: Error: ErrImagePull", bed.EventTexts);
        Assert.Contains("Failed: Error: ImagePullBackOff", bed.EventTexts);
        Assert.Equal(1, bed.EventTexts.Count(static e => e == "Pulling: Pulling image \"unknown:1\""));
        bed.Pass(9);
        Assert.Equal(2, bed.EventTexts.Count(static e => e == "Pulling: Pulling image \"unknown:1\""));
        Assert.Empty(bed.Deeds);

        var pauses = new LifeBed(Pod(container));
        Assert.Equal(["0 start c/0"], pauses.Deeds);
        Assert.Contains(pauses.Events, static e => e.IsWarning && e.Message.Contains("has no built-in workload", StringComparison.Ordinal));
    }

    [Fact]
    public void A_pod_that_the_node_does_not_take_fails_at_once()
    {
        var bed = new LifeBed(Pod(Container("c")), rejection: new PodFailure("OutOfcpu", "Node didn't have enough resource: cpu, requested: 9000, used: 0, capacity: 8000"));
        Assert.Equal(("Failed", "OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 9000, used: 0, capacity: 8000"), (bed.Status.Phase, bed.Status.Reason, bed.Status.Message));
        Assert.Empty(bed.Deeds);
        bed.Do((life, now) => life.Terminate(null, now));
        Assert.Equal(["0 over"], bed.Deeds);
    }

    [Fact]
    public void The_active_deadline_fails_the_pod()
    {
        V1Pod pod = Pod(Container("c"));
        pod.Spec.ActiveDeadlineSeconds = 60;
        var bed = new LifeBed(pod);
        bed.Pass(100);
        Assert.Equal(["0 start c/0", "60 term c/0", "60 gone"], bed.Deeds);
        Assert.Equal(("Failed", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"), (bed.Status.Phase, bed.Status.Reason, bed.Status.Message));
    }

    [Fact]
    public void A_lost_sandbox_is_made_anew()
    {
        var bed = new LifeBed(Pod(Container("c")));
        bed.Do((life, now) => life.SandboxGone(now));
        Assert.Equal(["0 start c/0", "0 start c/1"], bed.Deeds);
        Assert.Equal(137, bed.Of("c").LastState.Terminated.ExitCode);
    }

    // Whatever comes in whatever order: no run overlaps another of its container, a deleted pod ends, and the life never asks to be woken in vain.
    [Fact]
    public void Whatever_happens_a_deleted_pod_ends() =>
        Gen.Select(Gen.OneOfConst("Always", "OnFailure", "Never"), Gen.Bool, Gen.Bool, Gen.OneOfConst('0', '1', 'i', 'p', 'f', 't', 's', 'g').Array[0, 40]).Sample((policy, init, deaf, steps) =>
        {
            V1Container container = Container("c");
            container.LivenessProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = 80 }, FailureThreshold = 2, PeriodSeconds = 3 };
            container.ReadinessProbe = new V1Probe { TcpSocket = new V1TCPSocketAction { Port = 80 }, PeriodSeconds = 2 };
            container.Lifecycle = new V1Lifecycle { PreStop = new V1LifecycleHandler { Sleep = new V1SleepAction { Seconds = 1 } } };
            V1Pod pod = Pod(container);
            pod.Spec.RestartPolicy = policy;
            pod.Spec.InitContainers = init ? [Container("i")] : null;
            var bed = new LifeBed(pod);
            if (deaf)
                bed.Deaf.Add("c");
            string lastPhase = "Pending";
            foreach (char step in steps)
            {
                switch (step)
                {
                    case '0' or '1':
                        bed.Exit("c", step - '0');
                        break;
                    case 'i':
                        if (init)
                            bed.Exit("i", 0);
                        break;
                    case 'p' or 'f':
                        if (bed.Probes.Count > 0)
                            bed.Answer(bed.Probes[^1], step == 'p');
                        break;
                    case 't' or 's':
                        bed.Pass(step == 't' ? 1 : 45);
                        break;
                    default:
                        bed.Do(static (life, now) => life.SandboxGone(now));
                        break;
                }

                Assert.False(PodPhase.IsTerminal(lastPhase) && bed.Status.Phase != lastPhase, $"{lastPhase} became {bed.Status.Phase}");
                lastPhase = bed.Status.Phase;
            }

            Delete(bed, pod, 30);
            bed.Pass(120);
            Assert.EndsWith(" over", bed.Deeds[^1], StringComparison.Ordinal);
            foreach (string name in new[] { "c", "i" })
            {
                int[] runs = [.. bed.Deeds.Where(d => d.Contains($" start {name}/", StringComparison.Ordinal)).Select(static d => int.Parse(d[(d.LastIndexOf('/') + 1)..]))];
                Assert.Equal(Enumerable.Range(0, runs.Length), runs);
            }
        });

    private static void Fail(LifeBed bed, int times, int period)
    {
        for (int i = 0; i < times; i++)
        {
            if (i > 0)
                bed.Pass(period);
            bed.Answer(bed.Probes[^1], passed: false);
        }
    }

    private static void Delete(LifeBed bed, V1Pod pod, long grace)
    {
        pod.Metadata.DeletionTimestamp = bed.Now.UtcDateTime;
        pod.Metadata.DeletionGracePeriodSeconds = grace;
        bed.Do((life, now) => life.Update(pod, PodObjects.None, now));
    }

    private static PodObjects Objects(string name, (string Key, string Value) entry) => new()
    {
        ConfigMaps = ImmutableDictionary<string, V1ConfigMap>.Empty.Add(name, new V1ConfigMap { Data = new Dictionary<string, string> { [entry.Key] = entry.Value } }),
    };

    private static V1Pod Pod(params V1Container[] containers) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "ns", Uid = "u" },
        Spec = new V1PodSpec { Containers = containers, RestartPolicy = "Always", TerminationGracePeriodSeconds = 30 },
    };

    private static V1Container Container(string name) => new() { Name = name, Image = "busybox" };
}
