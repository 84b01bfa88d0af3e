using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api.Views;

/// <summary>A namespace's spec.finalizers, which its controller empties.</summary>
internal sealed class FinalizeView : ObjectView
{
    public override string Name => "finalize";

    public override bool IsValidated => false;

    public override JsonObject Change(KindDescriptor kind, JsonObject old, JsonObject body)
    {
        JsonObject result = old.Copy();
        result["spec"] = body["spec"]?.DeepClone() ?? new JsonObject();
        return result;
    }
}
