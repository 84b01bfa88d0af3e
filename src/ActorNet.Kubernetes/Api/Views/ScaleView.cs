using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Api.Views;

/// <summary>The scale (autoscaling/v1): how many replicas there are and should be.</summary>
internal sealed class ScaleView : ObjectView
{
    private static readonly string[] Shown = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];

    public override string Name => "scale";

    public override bool TakesApply => true;

    public override TypeSchema TypeOf(KindDescriptor kind) => ApiTypes.Kubernetes["autoscaling/v1.Scale"];

    public override (string Kind, string ApiVersion) Speaks(KindDescriptor kind) => ("Scale", "autoscaling/v1");

    public override JsonObject Show(KindDescriptor kind, JsonObject document)
    {
        var metadata = new JsonObject();
        foreach (string field in Shown)
        {
            if (document.Text($"metadata.{field}") is { Length: > 0 } text)
                metadata[field] = text;
        }

        var status = new JsonObject { ["replicas"] = document.Number("status.replicas") ?? 0 };
        if (kind.ScaleSelector!(document) is { Length: > 0 } selector)
            status["selector"] = selector;
        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = document.Number("spec.replicas") ?? 0 },
            ["status"] = status,
        };
    }

    // Who applies a scale manages the replicas of the object (apimachinery pkg/util/managedfields/scalehandler.go).
    public override JsonObject Configured(KindDescriptor kind, JsonObject config)
    {
        var configured = new JsonObject { ["kind"] = kind.Kind, ["apiVersion"] = kind.ApiVersion, ["metadata"] = config["metadata"]?.DeepClone() };
        if (config.At("spec.replicas") is { } replicas)
            configured["spec"] = new JsonObject { ["replicas"] = replicas.DeepClone() };
        return configured;
    }

    public override JsonObject Change(KindDescriptor kind, JsonObject old, JsonObject body)
    {
        long replicas = body.Number("spec.replicas") ?? 0;
        if (replicas < 0)
        {
            var errors = new FieldErrors();
            errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
            throw ApiErrors.Invalid("autoscaling", "Scale", old.Text("metadata.name"), errors);
        }

        JsonObject result = old.Copy();
        result.Ensure("spec")["replicas"] = replicas;
        return result;
    }
}
