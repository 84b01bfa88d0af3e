using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>Leases (kubernetes pkg/registry/coordination/lease).</summary>
public sealed class LeaseKind() : KindDescriptor("coordination.k8s.io", "v1", "Lease", "leases")
{
    /// <inheritdoc/>
    public override bool AllowsCreateOnUpdate => true;

    /// <inheritdoc/>
    public override bool AllowsUnconditionalUpdate => false;

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } = [Column.ObjectName, Column.Field("Holder", "spec.holderIdentity"), Column.Age];

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        if (doc.Number("spec.leaseDurationSeconds") is long duration and <= 0)
            errors.Invalid("spec.leaseDurationSeconds", duration, "must be greater than 0");
        if (doc.Number("spec.leaseTransitions") is long transitions and < 0)
            errors.Invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0");
    }
}
