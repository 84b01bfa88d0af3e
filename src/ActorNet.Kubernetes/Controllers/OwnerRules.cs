using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Selectors;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>Which objects belong to a controller's object, and how they come to it and leave it (kubernetes pkg/controller/controller_ref_manager.go).</summary>
internal static class OwnerRules
{
    /// <summary>The reference that names the controller, or null.</summary>
    public static V1OwnerReference? ControllerOf(IKubernetesObject<V1ObjectMeta> model) => model.Metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true);

    /// <summary>A reference to a controlling owner.</summary>
    public static V1OwnerReference ReferenceTo(IKubernetesObject<V1ObjectMeta> owner, KindDescriptor kind) => new()
    {
        ApiVersion = kind.ApiVersion,
        Kind = kind.Kind,
        Name = owner.Metadata.Name,
        Uid = owner.Metadata.Uid,
        Controller = true,
        BlockOwnerDeletion = true,
    };

    /// <summary>
    /// The objects that an owner has after this step: those that it controls and still selects, and those that it adopts now, because they
    /// match and nobody controls them. What it controls and no longer selects is released.
    /// </summary>
    /// <param name="owner">The owner; while it is being deleted it adopts nothing.</param>
    /// <param name="ownerKind">Its kind.</param>
    /// <param name="candidates">The objects of its namespace.</param>
    /// <param name="candidateKind">Their kind.</param>
    /// <param name="selector">What it selects; null: nothing.</param>
    /// <param name="writes">Takes the adoptions and releases.</param>
    /// <param name="mayAdopt">Whether an object may be adopted; null: any.</param>
    public static List<T> Claim<T>(IKubernetesObject<V1ObjectMeta> owner, KindDescriptor ownerKind, IEnumerable<T> candidates, KindDescriptor candidateKind, LabelSelector? selector, List<ApiWrite> writes, Func<T, bool>? mayAdopt = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var claimed = new List<T>();
        bool isGoing = owner.Metadata.DeletionTimestamp is not null;
        foreach (T each in candidates)
        {
            bool matches = Labels.Meet(selector, each.Metadata.Labels);
            if (ControllerOf(each) is { } controller)
            {
                if (controller.Uid != owner.Metadata.Uid)
                    continue;
                if (matches)
                    claimed.Add(each);
                else if (!isGoing)
                    writes.Add(Release(owner, each, candidateKind));
            }
            else if (matches && !isGoing && each.Metadata.DeletionTimestamp is null && mayAdopt?.Invoke(each) != false)
            {
                writes.Add(Adopt(owner, ownerKind, each, candidateKind));
                claimed.Add(each);
            }
        }

        return claimed;
    }

    private static PatchWrite Adopt(IKubernetesObject<V1ObjectMeta> owner, KindDescriptor ownerKind, IKubernetesObject<V1ObjectMeta> each, KindDescriptor kind)
    {
        var reference = JsonNode.Parse(KubernetesJson.Serialize(ReferenceTo(owner, ownerKind)))!;
        return Patch(each, kind, new JsonArray(reference));
    }

    private static PatchWrite Release(IKubernetesObject<V1ObjectMeta> owner, IKubernetesObject<V1ObjectMeta> each, KindDescriptor kind) =>
        Patch(each, kind, new JsonArray(new JsonObject { ["$patch"] = "delete", ["uid"] = owner.Metadata.Uid }));

    // The uid is a condition: another object of this name is none of ours.
    private static PatchWrite Patch(IKubernetesObject<V1ObjectMeta> each, KindDescriptor kind, JsonArray owners) =>
        new(kind, each.Metadata.NamespaceProperty ?? "", each.Metadata.Name, PatchForm.Strategic, new JsonObject { ["metadata"] = new JsonObject { ["uid"] = each.Metadata.Uid, ["ownerReferences"] = owners } }) { Tolerates = [404] };
}
