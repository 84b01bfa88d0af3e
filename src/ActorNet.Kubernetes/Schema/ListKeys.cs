namespace ActorNet.Kubernetes.Schema;

/// <summary>
/// The fields by which server-side apply finds an element of a list (listMapKey). They are the merge key of the strategic merge, but for ports,
/// where one key does not tell TCP from UDP (core/v1 types.go, the markers of Container.ports and ServiceSpec.ports).
/// </summary>
public static class ListKeys
{
    /// <summary>The keys of a merged list; empty: its elements are their own key.</summary>
    public static IReadOnlyList<string> Of(FieldSchema field) => (field.MergeKey, field.Type.Element?.Struct?.Name) switch
    {
        (null, _) => [],
        ("containerPort", _) => ["containerPort", "protocol"],
        ("port", "ServicePort") => ["port", "protocol"],
        ("topologyKey", "TopologySpreadConstraint") => ["topologyKey", "whenUnsatisfiable"],
        (string key, _) => [key],
    };
}
