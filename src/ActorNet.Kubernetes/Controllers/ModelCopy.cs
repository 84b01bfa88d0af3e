using k8s;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>Deep copies and comparisons of models, whose records compare lists and maps by reference.</summary>
internal static class ModelCopy
{
    /// <summary>A deep copy.</summary>
    public static T Of<T>(T model) => KubernetesJson.Deserialize<T>(KubernetesJson.Serialize(model));

    /// <summary>True when both say the same.</summary>
    public static bool Same<T>(T? one, T? other)
        where T : class =>
        one is null || other is null ? one == other : KubernetesJson.Serialize(one) == KubernetesJson.Serialize(other);
}
