using ActorNet.Kubernetes.Kubelet.Probes;

namespace ActorNet.Node.Pods;

/// <summary>What an attempt of a probe found.</summary>
/// <param name="Result">Passed, failed, or unknown when the probe itself went wrong.</param>
/// <param name="Output">What the event says of it.</param>
internal readonly record struct ProbeFinding(ProbeResult Result, string Output)
{
    public static ProbeFinding Passed(string output = "") => new(ProbeResult.Success, output);

    public static ProbeFinding Failed(string output) => new(ProbeResult.Failure, output);
}
