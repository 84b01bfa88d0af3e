using ActorNet.Kubernetes.Kubelet.Status;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>A kubelet writes again what somebody took from its own conditions, and leaves everybody else's alone (kubernetes pkg/kubelet/status/status_manager.go, needsReconcile).</summary>
public sealed class StatusDriftTests
{
    [Theory]
    [InlineData("Ready=True", "Ready=False", true)]
    [InlineData("Ready=True", "", true)]
    [InlineData("Ready=True", "Ready=True", false)]
    [InlineData("Ready=True", "Ready=True DisruptionTarget=True", false)]
    [InlineData("Ready=True example.com/gate=False", "Ready=True example.com/gate=True", false)]
    [InlineData("Ready=True example.com/gate=False", "Ready=True", false)]
    [InlineData("Ready=True example.com/gate=False", "Ready=False example.com/gate=False", true)]
    public void Of_a_pod(string told, string known, bool isDrift) =>
        Assert.Equal(isDrift, StatusDrift.IsOfPod(new V1PodStatus { Conditions = Conditions(told) }, new V1PodStatus { Conditions = Conditions(known) }));

    private static V1PodCondition[] Conditions(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static each => new V1PodCondition { Type = each.Split('=')[0], Status = each.Split('=')[1] })];
}
