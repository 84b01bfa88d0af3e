using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>ServiceAccounts (kubernetes pkg/registry/core/serviceaccount).</summary>
public sealed class ServiceAccountKind() : KindDescriptor("", "v1", "ServiceAccount", "serviceaccounts")
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["sa"];

    /// <inheritdoc/>
    public override bool ReturnsDeletedObject => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Subresource> Subresources => [new("token", "authentication.k8s.io", "v1", "TokenRequest", ["create"])];

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
        [Column.ObjectName, Column.Count("Secrets", doc => (doc["secrets"] as System.Text.Json.Nodes.JsonArray)?.Count ?? 0), Column.Age];
}
