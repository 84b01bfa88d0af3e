using System.Text.Json;
using ActorNet.Kubernetes.Streaming;

namespace ActorNet.ApiServer.Streaming;

/// <summary>Sizes of a terminal's window as clients send them: {"Width":100,"Height":30}.</summary>
internal static class TerminalSizes
{
    /// <summary>Reads one; what is no size says false.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out TerminalSize size)
    {
        size = default;
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return false;
            size = new TerminalSize(Number(document.RootElement, "Width"), Number(document.RootElement, "Height"));
            return size is { Columns: > 0, Rows: > 0 };
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // Go reads uint16 and names without regard to case.
    private static int Number(JsonElement element, string name)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetUInt16(out ushort value))
                return value;
        }

        return 0;
    }
}
