using System.Globalization;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>How many pods may be there besides and how many may be missing (kubernetes pkg/controller/deployment/util/deployment_util.go, apimachinery pkg/util/intstr).</summary>
internal static class RollingBounds
{
    /// <summary>A number, or a percentage of a total.</summary>
    /// <param name="value">The value, such as "25%"; null: 0.</param>
    /// <param name="total">What 100 % are.</param>
    /// <param name="roundUp">True: to the next higher number.</param>
    public static int Scaled(IntOrString? value, int total, bool roundUp)
    {
        string text = value?.Value ?? "0";
        if (!text.EndsWith('%'))
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : 0;
        if (!int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int percent))
            return 0;
        double share = (double)percent * total / 100;
        return (int)(roundUp ? Math.Ceiling(share) : Math.Floor(share));
    }

    /// <summary>Both bounds; never both zero, which would leave no way on (ResolveFenceposts).</summary>
    public static (int Surge, int Unavailable) Of(IntOrString? maxSurge, IntOrString? maxUnavailable, int replicas)
    {
        int surge = Scaled(maxSurge, replicas, true), unavailable = Scaled(maxUnavailable, replicas, false);
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable);
    }

    /// <summary>True when a Deployment replaces its pods bit by bit.</summary>
    public static bool IsRolling(V1Deployment deployment) => deployment.Spec.Strategy?.Type != "Recreate";

    /// <summary>How many pods a Deployment asks for.</summary>
    public static int Replicas(this V1Deployment deployment) => deployment.Spec.Replicas ?? 1;

    /// <summary>How many pods may be there besides.</summary>
    public static int MaxSurge(V1Deployment deployment) =>
        IsRolling(deployment) ? Of(deployment.Spec.Strategy?.RollingUpdate?.MaxSurge, deployment.Spec.Strategy?.RollingUpdate?.MaxUnavailable, deployment.Replicas()).Surge : 0;

    /// <summary>How many pods may be missing.</summary>
    public static int MaxUnavailable(V1Deployment deployment)
    {
        int replicas = deployment.Replicas();
        if (!IsRolling(deployment) || replicas == 0)
            return 0;
        return Math.Min(replicas, Of(deployment.Spec.Strategy?.RollingUpdate?.MaxSurge, deployment.Spec.Strategy?.RollingUpdate?.MaxUnavailable, replicas).Unavailable);
    }
}
