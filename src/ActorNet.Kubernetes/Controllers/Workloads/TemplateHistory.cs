using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>
/// The templates that a DaemonSet or StatefulSet had, as ControllerRevisions (kubernetes pkg/controller/history/controller_history.go,
/// pkg/controller/daemon/update.go). A template that comes back gets its revision back under the highest number.
/// </summary>
/// <param name="owner">The owner.</param>
/// <param name="kind">Its kind.</param>
/// <param name="revisions">The kind of revisions.</param>
/// <param name="found">The revisions that it has.</param>
internal sealed class TemplateHistory(IKubernetesObject<V1ObjectMeta> owner, KindDescriptor kind, KindDescriptor revisions, IEnumerable<V1ControllerRevision> found)
{
    /// <summary>The label of a pod and of a revision that ties them together.</summary>
    public const string HashLabel = "controller-revision-hash";

    private readonly List<V1ControllerRevision> _all = [.. found.OrderBy(each => each.Revision ?? 0).ThenBy(each => each.Metadata.Name, StringComparer.Ordinal)];

    /// <summary>The revisions, oldest first.</summary>
    public IReadOnlyList<V1ControllerRevision> All => _all;

    /// <summary>The hash of a revision, as its pods carry it.</summary>
    public static string HashOf(V1ControllerRevision revision) => Labels.Get(revision, HashLabel);

    /// <summary>The template of a revision.</summary>
    public static V1PodTemplateSpec TemplateOf(V1ControllerRevision revision)
    {
        JsonObject data = JsonNode.Parse(KubernetesJson.Serialize(revision.Data))!.AsObject();
        JsonObject template = data["spec"]!["template"]!.AsObject();
        template.Remove("$patch");
        return KubernetesJson.Deserialize<V1PodTemplateSpec>(template);
    }

    /// <summary>The revision of a template, made or moved to the end when it has to be.</summary>
    /// <param name="template">The template.</param>
    /// <param name="labels">The labels of a new revision: the owner's selector.</param>
    /// <param name="collisions">How often its hash was taken by another.</param>
    /// <param name="writes">Takes the write.</param>
    public V1ControllerRevision Current(V1PodTemplateSpec template, IDictionary<string, string>? labels, int? collisions, List<ApiWrite> writes)
    {
        long next = (_all.LastOrDefault()?.Revision ?? 0) + 1;
        if (_all.LastOrDefault(each => ModelCopy.Same(TemplateOf(each), template)) is not { } known)
        {
            V1ControllerRevision made = Make(template, labels, collisions, next);
            writes.Add(new CreateWrite<V1ControllerRevision>(made));
            _all.Add(made);
            return made;
        }

        if (known == _all[^1])
            return known;
        V1ControllerRevision moved = ModelCopy.Of(known);
        moved.Revision = next;
        writes.Add(new UpdateWrite<V1ControllerRevision>(moved));
        _all.Remove(known);
        _all.Add(moved);
        return moved;
    }

    /// <summary>Deletes what is older than the limit lets stay, and in use by no pod.</summary>
    public void Truncate(int limit, IEnumerable<string> hashesInUse, List<ApiWrite> writes)
    {
        HashSet<string> live = [.. hashesInUse];
        V1ControllerRevision[] idle = [.. _all.Where(each => each.Metadata.ResourceVersion is not null && !live.Contains(HashOf(each)))];
        foreach (V1ControllerRevision each in idle.Take(Math.Max(0, idle.Length - limit)))
            writes.Add(new DeleteWrite(revisions, each.Metadata.NamespaceProperty, each.Metadata.Name, new DeleteOptions(Uid: each.Metadata.Uid)) { Tolerates = [404] });
    }

    private V1ControllerRevision Make(V1PodTemplateSpec template, IDictionary<string, string>? labels, int? collisions, long revision)
    {
        string hash = TemplateHash.Of(template, collisions);
        JsonObject shown = JsonNode.Parse(KubernetesJson.Serialize(template))!.AsObject();
        shown["$patch"] = "replace";
        return new V1ControllerRevision
        {
            Metadata = new V1ObjectMeta
            {
                Name = $"{owner.Metadata.Name}-{hash}",
                NamespaceProperty = owner.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string>(labels ?? new Dictionary<string, string>()) { [HashLabel] = hash },
                OwnerReferences = [OwnerRules.ReferenceTo(owner, kind)],
            },
            Data = JsonDocument.Parse(new JsonObject { ["spec"] = new JsonObject { ["template"] = shown } }.ToJsonString()).RootElement,
            Revision = revision,
        };
    }
}
