using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kubelet;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>Which run's log a container has (kubernetes pkg/kubelet/kubelet_pods_test.go, TestValidateContainerLogStatus, and the texts of kubelet_pods.go).</summary>
public sealed class ContainerLogRulesTests
{
    private static readonly V1ContainerState Running = new() { Running = new V1ContainerStateRunning() };

    [Fact]
    public void A_container_that_runs_has_the_log_of_its_run()
    {
        Assert.Equal("now", ContainerLogRules.FindRun(Status(Running, new V1ContainerState()), "p", "c", previous: false));
        Refused("previous terminated container \"c\" in pod \"p\" not found", Running, new V1ContainerState(), previous: true);
    }

    [Fact]
    public void A_container_that_runs_again_has_two()
    {
        Assert.Equal("now", ContainerLogRules.FindRun(Status(Running, Ended("before")), "p", "c", previous: false));
        Assert.Equal("before", ContainerLogRules.FindRun(Status(Running, Ended("before")), "p", "c", previous: true));
    }

    [Fact]
    public void A_container_that_has_ended_has_that_of_its_end()
    {
        Assert.Equal("now", ContainerLogRules.FindRun(Status(Ended("now"), new V1ContainerState()), "p", "c", previous: false));
        Assert.Equal("before", ContainerLogRules.FindRun(Status(Ended(""), Ended("before")), "p", "c", previous: false));
        Refused("container \"c\" in pod \"p\" is terminated", Ended(""), new V1ContainerState());
    }

    [Fact]
    public void A_container_that_waits_for_its_restart_has_that_of_its_last_run_either_way()
    {
        Assert.Equal("now", ContainerLogRules.FindRun(Status(Waiting("CrashLoopBackOff"), Ended("now")), "p", "c", previous: false));
        Assert.Equal("now", ContainerLogRules.FindRun(Status(Waiting("CrashLoopBackOff"), Ended("now")), "p", "c", previous: true));
        Refused("container \"c\" in pod \"p\" is terminated", Waiting("CrashLoopBackOff"), Ended(""));
    }

    [Theory]
    [InlineData("ContainerCreating", "ContainerCreating")]
    [InlineData("PodInitializing", "PodInitializing")]
    [InlineData("CreateContainerConfigError", "CreateContainerConfigError")]
    [InlineData("ErrImagePull", "image can't be pulled")]
    [InlineData("ImagePullBackOff", "trying and failing to pull image")]
    public void A_container_that_was_not_started_says_what_it_waits_for(string reason, string said) =>
        Refused($"container \"c\" in pod \"p\" is waiting to start: {said}", Waiting(reason), new V1ContainerState());

    [Fact]
    public void What_has_no_status_is_not_available()
    {
        Refused("container \"c\" in pod \"p\" is waiting to start - no logs yet", new V1ContainerState(), new V1ContainerState());
        ApiException refusal = Assert.Throws<ApiException>(static () => ContainerLogRules.FindRun(new V1PodStatus(), "p", "c", previous: false));
        Assert.Equal("container \"c\" in pod \"p\" is not available", refusal.Message);
    }

    [Fact]
    public void Init_containers_have_logs_too()
    {
        var status = new V1PodStatus { InitContainerStatuses = Status(Running, new V1ContainerState()).ContainerStatuses, ContainerStatuses = [] };
        Assert.Equal("now", ContainerLogRules.FindRun(status, "p", "c", previous: false));
    }

    private static void Refused(string message, V1ContainerState state, V1ContainerState last, bool previous = false)
    {
        ApiException refusal = Assert.Throws<ApiException>(() => ContainerLogRules.FindRun(Status(state, last), "p", "c", previous));
        Assert.Equal((400, "BadRequest", message), (refusal.Code, refusal.Reason, refusal.Message));
    }

    private static V1PodStatus Status(V1ContainerState state, V1ContainerState last) =>
        new() { ContainerStatuses = [new V1ContainerStatus { Name = "c", ContainerID = "now", State = state, LastState = last }] };

    private static V1ContainerState Waiting(string reason) => new() { Waiting = new V1ContainerStateWaiting { Reason = reason } };

    private static V1ContainerState Ended(string id) => new() { Terminated = new V1ContainerStateTerminated { ContainerID = id } };
}
