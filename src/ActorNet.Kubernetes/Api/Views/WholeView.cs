using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api.Views;

/// <summary>The object itself: everything but the status.</summary>
internal sealed class WholeView : ObjectView
{
    public override string Name => "";

    public override bool TakesApply => true;

    public override JsonObject Change(KindDescriptor kind, JsonObject old, JsonObject body)
    {
        if (kind.HasStatus)
            body["status"] = old["status"]?.DeepClone();
        kind.Default(body);
        kind.PrepareForUpdate(body, old);
        return body;
    }
}
