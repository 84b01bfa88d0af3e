namespace ActorNet.Kubernetes.Schema;

/// <summary>How a field's value looks in JSON.</summary>
public enum FieldShape
{
    /// <summary>A string.</summary>
    String,

    /// <summary>True or false.</summary>
    Bool,

    /// <summary>A number that fits 32 bits.</summary>
    Int32,

    /// <summary>A number that fits 64 bits.</summary>
    Int64,

    /// <summary>Bytes in base64.</summary>
    Bytes,

    /// <summary>RFC 3339 in whole seconds (metav1.Time).</summary>
    Time,

    /// <summary>RFC 3339 with microseconds (metav1.MicroTime).</summary>
    MicroTime,

    /// <summary>A duration in Go's words, such as "5m0s" (metav1.Duration).</summary>
    Duration,

    /// <summary>A number with a unit's suffix, such as "100m" (resource.Quantity).</summary>
    Quantity,

    /// <summary>A number or a string (intstr.IntOrString).</summary>
    IntOrString,

    /// <summary>Any JSON.</summary>
    Raw,

    /// <summary>An object with known fields.</summary>
    Struct,

    /// <summary>A list.</summary>
    List,

    /// <summary>An object with any keys.</summary>
    Map,
}

/// <summary>The type of a field.</summary>
/// <param name="Shape">How it looks.</param>
/// <param name="Element">The type of a list's or map's elements.</param>
/// <param name="Struct">The fields of an object.</param>
public sealed record FieldType(FieldShape Shape, FieldType? Element = null, TypeSchema? Struct = null)
{
    /// <summary>True when one value is held, not a list, map or object.</summary>
    public bool IsScalar => Shape is not (FieldShape.Struct or FieldShape.List or FieldShape.Map or FieldShape.Raw);

    /// <summary>The name in Go, as decoding errors say it.</summary>
    public string GoName => Shape switch
    {
        FieldShape.String => "string",
        FieldShape.Bool => "bool",
        FieldShape.Int32 => "int32",
        FieldShape.Int64 => "int64",
        FieldShape.Bytes => "[]uint8",
        FieldShape.Time => "v1.Time",
        FieldShape.MicroTime => "v1.MicroTime",
        FieldShape.Duration => "v1.Duration",
        FieldShape.Quantity => "resource.Quantity",
        FieldShape.IntOrString => "intstr.IntOrString",
        FieldShape.List => "[]" + Element!.GoName,
        FieldShape.Map => "map[string]" + Element!.GoName,
        FieldShape.Struct => Struct!.GoName,
        _ => "interface {}",
    };
}

/// <summary>One field of an object.</summary>
/// <param name="Name">Its name in JSON.</param>
/// <param name="Number">Its number in protobuf, inside the message that declares it.</param>
/// <param name="Type">Its type.</param>
/// <param name="IsPointer">True when absent differs from zero.</param>
/// <param name="IsAlwaysWritten">True when it is written even when empty: there is no omitempty.</param>
/// <param name="MergeKey">The field by which a strategic merge finds elements of this list; null: none.</param>
/// <param name="Strategies">What a strategic merge does: any of merge, replace, retainKeys.</param>
public sealed record FieldSchema(string Name, int Number, FieldType Type, bool IsPointer, bool IsAlwaysWritten, string? MergeKey, IReadOnlyList<string> Strategies)
{
    /// <summary>True when a strategic merge merges this list by element; else it replaces the list.</summary>
    public bool IsMerged => Strategies.Contains("merge");

    /// <summary>True when a strategic merge drops the fields that the patch does not name under $retainKeys.</summary>
    public bool RetainsKeys => Strategies.Contains("retainKeys");
}
