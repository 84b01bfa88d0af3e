using System.Text.Json;
using ActorNet.Cluster.Joining;

namespace ActorNet.ApiServer.Joining;

/// <summary>The form of what hosts say to each other while one joins.</summary>
internal static class JoinJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <summary>Reads an application; null: it is none.</summary>
    /// <param name="body">The bytes, from anybody.</param>
    public static JoinApplication? Read(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize<JoinApplication>(body, Options) is { Name: not null, Address: not null, NodeIp: not null, Ports: not null } application ? application : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
