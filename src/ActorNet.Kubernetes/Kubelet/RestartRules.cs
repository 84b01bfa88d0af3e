using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet;

/// <summary>Which container starts again after it ended (kubernetes pkg/kubelet/container/helpers.go, ShouldContainerBeRestarted).</summary>
public static class RestartRules
{
    /// <summary>Restart whatever happened; the default.</summary>
    public const string Always = "Always";

    /// <summary>Restart what ended with an exit code that is not 0.</summary>
    public const string OnFailure = "OnFailure";

    /// <summary>Never restart.</summary>
    public const string Never = "Never";

    /// <summary>The pod's restart policy.</summary>
    /// <param name="spec">The pod's spec.</param>
    public static string PolicyOf(V1PodSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return string.IsNullOrEmpty(spec.RestartPolicy) ? Always : spec.RestartPolicy;
    }

    /// <summary>Whether an init container is a sidecar: it runs beside the others (KEP 753).</summary>
    /// <param name="container">An init container.</param>
    public static bool IsSidecar(V1Container container)
    {
        ArgumentNullException.ThrowIfNull(container);
        return container.RestartPolicy == Always;
    }

    /// <summary>Whether a container that ended starts again.</summary>
    /// <param name="spec">The pod's spec.</param>
    /// <param name="isInit">Whether it is an init container: it is done once it ended well.</param>
    /// <param name="isSidecar">Whether it is a sidecar: it always starts again.</param>
    /// <param name="exitCode">Its exit code.</param>
    public static bool RestartsAfter(V1PodSpec spec, bool isInit, bool isSidecar, int exitCode)
    {
        if (isSidecar)
            return true;
        return PolicyOf(spec) switch
        {
            Never => false,
            OnFailure => exitCode != 0,
            _ => !isInit || exitCode != 0,
        };
    }
}
