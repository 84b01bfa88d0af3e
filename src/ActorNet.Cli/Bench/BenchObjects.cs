using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace ActorNet.Cli.Bench;

/// <summary>The objects that `bench control` makes, by plain requests.</summary>
/// <param name="http">A client of the API.</param>
internal sealed class BenchObjects(HttpClient http)
{
    /// <summary>The namespace of the pods and of the list.</summary>
    public const string Namespace = "bench";

    /// <summary>Makes a namespace.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="ct">Cancellation.</param>
    public Task CreateNamespaceAsync(string name, CancellationToken ct) => CreateAsync(
        "api/v1/namespaces", new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } }, ct);

    /// <summary>Makes something.</summary>
    /// <param name="collection">The path of its collection, as api/v1/namespaces.</param>
    /// <param name="body">The object.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task CreateAsync(string collection, JsonObject body, CancellationToken ct)
    {
        using HttpResponseMessage answer = await http.PostAsync(new Uri(collection, UriKind.Relative), Json(body, "application/json"), ct).ConfigureAwait(false);
        await RequireAsync(answer, collection, ct).ConfigureAwait(false);
    }

    /// <summary>Changes something by a merge patch.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="patch">The patch.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task PatchAsync(string path, JsonObject patch, CancellationToken ct)
    {
        using HttpResponseMessage answer = await http.PatchAsync(new Uri(path, UriKind.Relative), Json(patch, "application/merge-patch+json"), ct).ConfigureAwait(false);
        await RequireAsync(answer, path, ct).ConfigureAwait(false);
    }

    /// <summary>Reads something.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<JsonObject> GetAsync(string path, CancellationToken ct)
    {
        using HttpResponseMessage answer = await http.GetAsync(new Uri(path, UriKind.Relative), ct).ConfigureAwait(false);
        await RequireAsync(answer, path, ct).ConfigureAwait(false);
        return (JsonObject)JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(ct).ConfigureAwait(false))!;
    }

    /// <summary>Whether there is something.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<bool> ExistsAsync(string path, CancellationToken ct)
    {
        using HttpResponseMessage answer = await http.GetAsync(new Uri(path, UriKind.Relative), ct).ConfigureAwait(false);
        return answer.IsSuccessStatusCode;
    }

    /// <summary>A ConfigMap.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="data">Its data, key and value.</param>
    public static JsonObject ConfigMap(string name, params (string Key, string Value)[] data) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["data"] = new JsonObject(data.Select(each => KeyValuePair.Create(each.Key, (JsonNode?)each.Value))),
    };

    private static StringContent Json(JsonObject body, string mediaType) => new(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue(mediaType));

    private static async Task RequireAsync(HttpResponseMessage answer, string path, CancellationToken ct)
    {
        if (!answer.IsSuccessStatusCode)
            throw new UsageException($"bench: {answer.RequestMessage?.Method} {path} was answered with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(ct).ConfigureAwait(false)}");
    }
}
