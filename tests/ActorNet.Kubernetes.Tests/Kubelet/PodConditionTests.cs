using ActorNet.Kubernetes.Kubelet.Status;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>Conditions as the tables of kubernetes pkg/kubelet/status/generate_test.go have them: + is ready, - is not; a container that is not named has no status.</summary>
public sealed class PodConditionTests
{
    [Theory]
    [InlineData("", null, "Running", "False", "UnknownContainerStatuses", null)]
    [InlineData("", "", "Running", "True", null, null)]
    [InlineData("1234", "", "Running", "False", "ContainersNotReady", "containers with unknown status: [1234]")]
    [InlineData("1234 5678", "+1234 +5678", "Running", "True", null, null)]
    [InlineData("1234 5678", "+1234", "Running", "False", "ContainersNotReady", "containers with unknown status: [5678]")]
    [InlineData("1234 5678", "+1234 -5678", "Running", "False", "ContainersNotReady", "containers with unready status: [5678]")]
    [InlineData("1234", "-1234", "Succeeded", "False", "PodCompleted", null)]
    [InlineData("1234 5678 9", "-1234 -9", "Running", "False", "ContainersNotReady", "containers with unknown status: [5678], containers with unready status: [1234 9]")]
    [InlineData("1234", "+1234", "Failed", "False", "PodFailed", null)]
    public void Containers_ready(string names, string? states, string phase, string status, string? reason, string? message)
    {
        V1PodCondition condition = PodConditions.OfContainersReady(Spec(names), Statuses(states), phase);
        Assert.Equal(("ContainersReady", status, reason, message), (condition.Type, condition.Status, condition.Reason, condition.Message));
    }

    [Theory]
    [InlineData("gate1", "", "corresponding condition of pod readiness gate \"gate1\" does not exist.")]
    [InlineData("gate1", "gate1=False", "the status of pod readiness gate \"gate1\" is not \"True\", but False")]
    [InlineData("gate1", "gate1=True", null)]
    [InlineData("gate1 gate2", "gate1=True", "corresponding condition of pod readiness gate \"gate2\" does not exist.")]
    [InlineData("gate1 gate2", "gate1=True gate2=False", "the status of pod readiness gate \"gate2\" is not \"True\", but False")]
    [InlineData("gate1 gate2", "gate1=False", "the status of pod readiness gate \"gate1\" is not \"True\", but False, corresponding condition of pod readiness gate \"gate2\" does not exist.")]
    public void Readiness_gates(string gates, string conditions, string? message)
    {
        V1PodSpec spec = Spec("c");
        spec.ReadinessGates = [.. gates.Split(' ').Select(static g => new V1PodReadinessGate { ConditionType = g })];
        V1PodCondition[] there = [.. conditions.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static c => new V1PodCondition { Type = c.Split('=')[0], Status = c.Split('=')[1] })];
        V1PodCondition ready = PodConditions.OfReady(spec, there, Statuses("+c"), "Running");
        Assert.Equal((message is null ? "True" : "False", message is null ? null : "ReadinessGatesNotReady", message), (ready.Status, ready.Reason, ready.Message));
    }

    [Theory]
    [InlineData("", "", "Running", "True", null, null)]
    [InlineData("1234", null, "Running", "False", "UnknownContainerStatuses", null)]
    [InlineData("1234", "", "Running", "False", "ContainersNotInitialized", "containers with unknown status: [1234]")]
    [InlineData("1234 5678", "+1234 +5678", "Running", "True", null, null)]
    [InlineData("1234 5678", "+1234 -5678", "Running", "False", "ContainersNotInitialized", "containers with incomplete status: [5678]")]
    [InlineData("1234", "+1234", "Succeeded", "True", "PodCompleted", null)]
    public void Initialized(string names, string? states, string phase, string status, string? reason, string? message)
    {
        var spec = new V1PodSpec { InitContainers = Spec(names).Containers, Containers = [] };
        V1PodCondition condition = PodConditions.OfInitialized(spec, Statuses(states), phase);
        Assert.Equal((status, reason, message), (condition.Status, condition.Reason, condition.Message));
    }

    private static V1PodSpec Spec(string names) => new() { Containers = [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static n => new V1Container { Name = n })] };

    private static V1ContainerStatus[]? Statuses(string? states) =>
        states is null ? null : [.. states.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static s => new V1ContainerStatus { Name = s[1..], Ready = s[0] == '+' })];
}
