using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Histories;

namespace ActorNet.Processes.Tests.Nemesis;

/// <summary>
/// Lists as the Kubernetes API of one host keeps them. A list is metadata.finalizers of a ConfigMap: the one list of strings that a ConfigMap has, so that
/// a JSON patch can append without reading and the order of the writes stays to be seen.
/// </summary>
/// <param name="http">HTTPS to the host's front, as the administrator.</param>
internal sealed class RestLists(HttpClient http) : IListStore
{
    public const string Namespace = "history";

    private const string Maps = $"/api/v1/namespaces/{Namespace}/configmaps";
    private const string Prefix = "example.com/t";

    /// <summary>Answers that no client should get, with their number.</summary>
    public ConcurrentDictionary<string, int> Strange { get; } = new(StringComparer.Ordinal);

    /// <summary>Makes a list with one token, unless it is there.</summary>
    public async Task CreateAsync(string key, long token, CancellationToken cancel)
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Post, Maps, Body(key, "", token), "application/json", cancel);
        if (answer.StatusCode != HttpStatusCode.Conflict)
            await ReadAsync(answer, cancel);
    }

    public Task<ListVersion> ReadAsync(string key, CancellationToken cancel) => ReadAsync(key, "", cancel);

    /// <summary>What a host may answer from its own copy: some version not older than one.</summary>
    public Task<ListVersion> ReadNotOlderAsync(ListVersion known, CancellationToken cancel) => ReadAsync(known.Key, $"?resourceVersion={known.Revision}", cancel);

    /// <summary>All lists at one moment, and its revision.</summary>
    public async Task<(IReadOnlyList<ListVersion> Lists, long Revision)> ReadAllAsync(CancellationToken cancel)
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Get, Maps, null, "", cancel);
        JsonNode list = await JsonAsync(answer, cancel);
        return ([.. list["items"]!.AsArray().Where(static each => IsList(each!)).Select(static each => Version(each!))], long.Parse((string)list["metadata"]!["resourceVersion"]!, CultureInfo.InvariantCulture));
    }

    public async Task<ListVersion> AppendAsync(string key, long token, CancellationToken cancel)
    {
        using HttpResponseMessage answer = await SendAsync(
            HttpMethod.Patch, $"{Maps}/{key}", $$"""[{"op":"add","path":"/metadata/finalizers/-","value":"{{Prefix}}{{token}}"}]""", "application/json-patch+json", cancel);
        // Others wrote between, time and again.
        return answer.StatusCode == HttpStatusCode.Conflict ? throw new NotDoneException("conflict") : await ReadAsync(answer, cancel);
    }

    public async Task<ListVersion?> CompareAndSetAsync(ListVersion expected, long token, CancellationToken cancel)
    {
        string version = expected.Revision.ToString(CultureInfo.InvariantCulture);
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Put, $"{Maps}/{expected.Key}", Body(expected.Key, version, token), "application/json", cancel);
        return answer.StatusCode == HttpStatusCode.Conflict ? null : await ReadAsync(answer, cancel);
    }

    /// <summary>Opens a watch of all lists behind a revision; ends with the connection, or when the server says so.</summary>
    public async IAsyncEnumerable<(string Type, JsonNode Object)> WatchAsync(long behind, int seconds, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Maps}?watch=1&resourceVersion={behind}&timeoutSeconds={seconds}");
        using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            yield return ("ERROR", await JsonAsync(answer, cancel, anyStatus: true));
            yield break;
        }

        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancel));
        while (await lines.ReadLineAsync(cancel) is { } line)
        {
            JsonNode each = JsonNode.Parse(line)!;
            yield return ((string)each["type"]!, each["object"]!);
        }
    }

    public static bool IsList(JsonNode map) => map["metadata"]!["finalizers"] is JsonArray;

    public static ListVersion Version(JsonNode map) => new(
        long.Parse((string)map["metadata"]!["resourceVersion"]!, CultureInfo.InvariantCulture),
        (string)map["metadata"]!["name"]!,
        new TokenList([.. map["metadata"]!["finalizers"]!.AsArray().Select(static each => long.Parse(((string)each!)[Prefix.Length..], CultureInfo.InvariantCulture))]));

    private static string Body(string key, string version, long token) => new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = key, ["resourceVersion"] = version, ["finalizers"] = new JsonArray($"{Prefix}{token}") },
    }.ToJsonString();

    private async Task<ListVersion> ReadAsync(string key, string query, CancellationToken cancel)
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Get, $"{Maps}/{key}{query}", null, "", cancel);
        return await ReadAsync(answer, cancel);
    }

    private async Task<ListVersion> ReadAsync(HttpResponseMessage answer, CancellationToken cancel) => Version(await JsonAsync(answer, cancel));

    // What was answered 503 or 429, or never sent, surely was not done: so the API says, and so it is judged. All else may have been done.
    private async Task<JsonNode> JsonAsync(HttpResponseMessage answer, CancellationToken cancel, bool anyStatus = false)
    {
        string text = await answer.Content.ReadAsStringAsync(cancel);
        if (answer.IsSuccessStatusCode || anyStatus)
            return JsonNode.Parse(text) ?? throw new JsonException("null");
        if (answer.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests)
            throw new NotDoneException(text);
        if (answer.StatusCode != HttpStatusCode.GatewayTimeout)
            Strange.AddOrUpdate($"{(int)answer.StatusCode} {text}", 1, static (_, n) => n + 1);
        throw new HttpRequestException(text, null, answer.StatusCode);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body, string type, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        }

        try
        {
            return await http.SendAsync(request, cancel);
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError)
        {
            throw new NotDoneException(failure.Message, failure);
        }
    }
}
