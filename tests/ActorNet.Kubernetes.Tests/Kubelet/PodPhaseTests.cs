using ActorNet.Kubernetes.Kubelet.Status;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>
/// Phases as the tables of kubernetes pkg/kubelet/kubelet_pods_test.go have them. States: R runs, D runs and has started, S ended with 0, F ended with
/// another code, T ended, W waits, w waits after an end with 0, n waits after another end; a container that is not named has no status.
/// </summary>
public sealed class PodPhaseTests
{
    [Theory]
    // TestPodPhaseWithRestartAlways
    [InlineData("", false, "Pending")]
    [InlineData("A=R B=R", false, "Running")]
    [InlineData("A=T B=T", false, "Running")]
    [InlineData("A=S B=S", true, "Succeeded")]
    [InlineData("A=F B=S", true, "Failed")]
    [InlineData("A=R B=T", false, "Running")]
    [InlineData("A=R", false, "Pending")]
    [InlineData("A=R B=W", false, "Pending")]
    [InlineData("A=R B=w", false, "Running")]
    public void Restart_always(string states, bool isTerminal, string phase) => Assert.Equal(phase, Of("Always", "", "AB", states, isTerminal));

    [Theory]
    // TestPodPhaseWithRestartAlwaysInitContainers
    [InlineData("", "Pending")]
    [InlineData("X=R", "Pending")]
    [InlineData("X=F", "Pending")]
    [InlineData("X=w", "Pending")]
    [InlineData("X=n", "Pending")]
    [InlineData("X=W", "Pending")]
    [InlineData("X=S A=R B=R", "Running")]
    public void Restart_always_with_an_init_container(string states, string phase) => Assert.Equal(phase, Of("Always", "X", "AB", states, false));

    [Theory]
    // TestPodPhaseWithRestartAlwaysRestartableInitContainers
    [InlineData("", false, "Pending")]
    [InlineData("Y=R", false, "Pending")]
    [InlineData("Y=T", false, "Pending")]
    [InlineData("Y=w", false, "Pending")]
    [InlineData("Y=n", false, "Pending")]
    [InlineData("Y=W", false, "Pending")]
    [InlineData("Y=D A=R", false, "Pending")]
    [InlineData("Y=D A=R B=R", false, "Running")]
    [InlineData("Y=R A=R B=R", false, "Running")]
    [InlineData("Y=T A=R B=R", false, "Running")]
    [InlineData("Y=w A=R B=R", false, "Running")]
    [InlineData("Y=F A=S B=S", true, "Succeeded")]
    [InlineData("Y=S A=S B=S", true, "Succeeded")]
    public void Restart_always_with_a_sidecar(string states, bool isTerminal, string phase) => Assert.Equal(phase, Of("Always", "Y", "AB", states, isTerminal));

    [Theory]
    // TestPodPhaseWithRestartAlwaysAndPodHasRun. Its first two rows are of a kubelet that looked at the regular containers' statuses in another way:
    // since 1.29 (HasAnyRegularContainerStarted) the pod has run.
    [InlineData("X=S Y=R A=T", "Running")]
    [InlineData("X=S Y=R A=R", "Running")]
    public void A_pod_that_has_run(string states, string phase) => Assert.Equal(phase, Of("Always", "XY", "A", states, false));

    [Theory]
    // TestPodPhaseWithRestartNever
    [InlineData("", "Pending")]
    [InlineData("A=R B=R", "Running")]
    [InlineData("A=S B=S", "Succeeded")]
    [InlineData("A=F B=F", "Failed")]
    [InlineData("A=R B=S", "Running")]
    [InlineData("A=R", "Pending")]
    [InlineData("A=R B=W", "Pending")]
    public void Restart_never(string states, string phase) => Assert.Equal(phase, Of("Never", "", "AB", states, false));

    [Theory]
    // TestPodPhaseWithRestartNeverInitContainers
    [InlineData("", "Pending")]
    [InlineData("X=R", "Pending")]
    [InlineData("X=F", "Failed")]
    [InlineData("X=w", "Pending")]
    [InlineData("X=n", "Failed")]
    [InlineData("X=W", "Pending")]
    [InlineData("X=S A=R B=R", "Running")]
    public void Restart_never_with_an_init_container(string states, string phase) => Assert.Equal(phase, Of("Never", "X", "AB", states, false));

    [Theory]
    // TestPodPhaseWithRestartOnFailure
    [InlineData("", "Pending")]
    [InlineData("A=R B=R", "Running")]
    [InlineData("A=S B=S", "Succeeded")]
    [InlineData("A=F B=F", "Running")]
    [InlineData("A=R B=S", "Running")]
    [InlineData("A=R", "Pending")]
    [InlineData("A=R B=W", "Pending")]
    [InlineData("A=R B=w", "Running")]
    public void Restart_on_failure(string states, string phase) => Assert.Equal(phase, Of("OnFailure", "", "AB", states, false));

    private static string Of(string policy, string init, string regular, string states, bool isTerminal)
    {
        var spec = new V1PodSpec
        {
            RestartPolicy = policy,
            // Y is a sidecar.
            InitContainers = [.. init.Select(static c => new V1Container { Name = $"{c}", RestartPolicy = c == 'Y' ? "Always" : null })],
            Containers = [.. regular.Select(static c => new V1Container { Name = $"{c}" })],
        };
        return PodPhase.Of(spec, [.. states.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Status)], isTerminal);
    }

    private static V1ContainerStatus Status(string text)
    {
        static V1ContainerState Ended(int code) => new() { Terminated = new V1ContainerStateTerminated { ExitCode = code } };
        var waiting = new V1ContainerState { Waiting = new V1ContainerStateWaiting() };
        var status = new V1ContainerStatus { Name = text[..1], LastState = new V1ContainerState() };
        switch (text[2])
        {
            case 'R' or 'D':
                status.State = new V1ContainerState { Running = new V1ContainerStateRunning() };
                status.Started = text[2] == 'D';
                break;
            case 'S' or 'T':
                status.State = Ended(0);
                break;
            case 'F':
                status.State = Ended(1);
                break;
            default:
                status.State = waiting;
                if (text[2] != 'W')
                    status.LastState = Ended(text[2] == 'n' ? 1 : 0);
                break;
        }

        return status;
    }
}
