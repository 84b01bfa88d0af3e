using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace ActorNet.Kubernetes.Kinds.Reviews;

/// <summary>A user as the API tells of it (authentication/v1 UserInfo).</summary>
/// <param name="Name">The user's name.</param>
/// <param name="Groups">Its groups.</param>
public sealed record UserInfo(string Name, ImmutableArray<string> Groups)
{
    /// <summary>Nobody in particular.</summary>
    public static UserInfo Anonymous { get; } = new("system:anonymous", ["system:unauthenticated"]);

    /// <summary>The user's uid; empty: it has none.</summary>
    public string Uid { get; init; } = "";

    /// <summary>What is known of the user besides.</summary>
    public ImmutableSortedDictionary<string, string> Extra { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>As in a review's status.</summary>
    public JsonObject ToDocument()
    {
        var user = new JsonObject { ["username"] = Name };
        if (Uid.Length > 0)
            user["uid"] = Uid;
        user["groups"] = new JsonArray([.. Groups.Select(group => JsonValue.Create(group))]);
        if (!Extra.IsEmpty)
            user["extra"] = new JsonObject(Extra.Select(each => KeyValuePair.Create<string, JsonNode?>(each.Key, new JsonArray(each.Value))));
        return user;
    }
}
