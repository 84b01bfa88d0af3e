namespace ActorNet.Cluster.Serialization;

/// <summary>A message between hosts that MessagePack carries: integer keys, a short manifest, at most 64 KB.</summary>
public interface IWireMessage
{
    /// <summary>What makes the received message unusable, or null. Called on everything that arrives.</summary>
    string? Defect();
}

/// <summary>A fault or scenario order between hosts of one version, carried by Hyperion with an allow-list.</summary>
public interface IFaultOrder;

/// <summary>Bounds of what travels between hosts.</summary>
public static class WireLimits
{
    /// <summary>The largest message: above it the serializer refuses.</summary>
    public const int MaximumMessageBytes = 64 << 10;

    /// <summary>The largest JSON object inside a message: leaves room for the message around it.</summary>
    public const int MaximumObjectBytes = 60 << 10;

    /// <summary>The largest object that is published with its event; a larger one is announced by key and fetched.</summary>
    public const int LargestPublishedObject = 48 << 10;

    /// <summary>The longest name, request id or reason, in characters.</summary>
    public const int MaximumTextLength = 1024;

    internal static string? Text(string? text, string what) =>
        string.IsNullOrEmpty(text) ? $"{what} is missing" : text.Length > MaximumTextLength ? $"{what} is longer than {MaximumTextLength} characters" : null;

    internal static string? Json(byte[]? json, string what) =>
        json is null || json.Length == 0 ? $"{what} is missing" : json.Length > MaximumObjectBytes ? $"{what} has {json.Length} bytes, more than {MaximumObjectBytes}" : null;

    internal static string? TextOrNone(string? text, string what) => text is { Length: 0 } ? null : Text(text, what);

    internal static string? JsonOrNone(byte[]? json, string what) => json is { Length: 0 } ? null : Json(json, what);
}
