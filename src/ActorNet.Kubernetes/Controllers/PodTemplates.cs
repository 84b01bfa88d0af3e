using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>Pods from the templates of workloads (kubernetes pkg/controller/controller_utils.go, GetPodFromTemplate).</summary>
internal static class PodTemplates
{
    /// <summary>A pod that an owner controls, to be named by the API.</summary>
    public static V1Pod NewPod(V1PodTemplateSpec template, IKubernetesObject<V1ObjectMeta> owner, KindDescriptor kind) => new()
    {
        Metadata = new V1ObjectMeta
        {
            GenerateName = owner.Metadata.Name + "-",
            NamespaceProperty = owner.Metadata.NamespaceProperty,
            Labels = template.Metadata?.Labels is { } labels ? new Dictionary<string, string>(labels) : [],
            Annotations = template.Metadata?.Annotations is { } annotations ? new Dictionary<string, string>(annotations) : null,
            Finalizers = template.Metadata?.Finalizers is { } finalizers ? [.. finalizers] : null,
            OwnerReferences = [OwnerRules.ReferenceTo(owner, kind)],
        },
        Spec = ModelCopy.Of(template.Spec),
    };
}
