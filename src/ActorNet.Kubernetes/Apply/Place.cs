using System.Collections.Frozen;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Apply;

/// <summary>How the parts of a value are owned.</summary>
internal enum Nature
{
    /// <summary>As a whole: a scalar, or a list, map or object that is declared atomic.</summary>
    Leaf,

    /// <summary>Field by field.</summary>
    Struct,

    /// <summary>Key by key.</summary>
    Map,

    /// <summary>Element by element, found by key fields.</summary>
    Keyed,

    /// <summary>Element by element, found by value.</summary>
    Set,
}

/// <summary>A value's place in the schema: its type, and the field that declares it, which says how a list is merged.</summary>
/// <param name="Type">The type.</param>
/// <param name="Declared">The field; null for the root and for elements.</param>
/// <param name="Owner">The type that has the field.</param>
internal readonly record struct Place(FieldType Type, FieldSchema? Declared, TypeSchema? Owner)
{
    /// <summary>Structs that upstream marks +structType=atomic (k8s.io/api types.go; x-kubernetes-map-type: atomic in its OpenAPI).</summary>
    private static readonly FrozenSet<string> AtomicStructs = new[]
    {
        "LabelSelector", "LocalObjectReference", "ObjectReference", "TypedLocalObjectReference", "SecretReference", "ConfigMapKeySelector",
        "SecretKeySelector", "ObjectFieldSelector", "ResourceFieldSelector", "NodeSelector", "NodeSelectorTerm", "ScopeSelector",
        "ScopedResourceSelectorRequirement", "TopologySelectorTerm", "EndpointAddress", "EndpointPort", "OwnerReference",
        "CrossVersionObjectReference",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Maps that upstream marks +mapType=atomic.</summary>
    private static readonly FrozenSet<(string Owner, string Field)> AtomicMaps = new[]
    {
        ("PodSpec", "nodeSelector"), ("ServiceSpec", "selector"), ("ReplicationControllerSpec", "selector"), ("Endpoint", "deprecatedTopology"),
    }.ToFrozenSet();

    /// <summary>How it is owned.</summary>
    public Nature Nature => Type.Shape switch
    {
        FieldShape.Struct => AtomicStructs.Contains(Type.Struct!.Name) ? Nature.Leaf : Nature.Struct,
        FieldShape.Map => Declared is not null && Owner is not null && AtomicMaps.Contains((Owner.Name, Declared.Name)) ? Nature.Leaf : Nature.Map,
        FieldShape.List when Declared is { IsMerged: true } => ListKeys.Of(Declared).Count > 0 ? Nature.Keyed : Nature.Set,
        _ => Nature.Leaf,
    };

    /// <summary>The place of a child, by its path element.</summary>
    /// <returns>Null when the schema does not know it.</returns>
    public Place? Child(string element) => Nature switch
    {
        Nature.Struct => element.StartsWith("f:", StringComparison.Ordinal) ? Field(element[2..]) : null,
        Nature.Map or Nature.Keyed or Nature.Set => new Place(Type.Element!, null, null),
        _ => null,
    };

    /// <summary>The place of a field, or of what a map has under a key.</summary>
    /// <returns>Null when the schema does not know it.</returns>
    public Place? Field(string name) => Nature switch
    {
        Nature.Struct => Type.Struct!.Field(name) is { } field ? new Place(field.Type, field, Type.Struct) : null,
        Nature.Map or Nature.Keyed or Nature.Set => new Place(Type.Element!, null, null),
        _ => null,
    };
}
