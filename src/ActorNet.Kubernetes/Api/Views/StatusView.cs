using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api.Views;

/// <summary>The status: what asks for things stays, and of metadata only the annotations may change.</summary>
internal sealed class StatusView : ObjectView
{
    public override string Name => "status";

    public override bool TakesApply => true;

    public override bool IsValidated => false;

    public override JsonObject Change(KindDescriptor kind, JsonObject old, JsonObject body)
    {
        JsonObject result = old.Copy();
        result["status"] = body["status"]?.DeepClone();
        if (body.Object("metadata.annotations") is { } annotations)
            result.Ensure("metadata")["annotations"] = annotations.DeepClone();
        return result;
    }
}
