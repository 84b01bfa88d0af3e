using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ActorNet.ApiServer.Front;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Kubelets;
using k8s.Models;

namespace ActorNet.Cli.Host;

/// <summary>
/// The kubelet's requests for tokens of its pods' service accounts (kubernetes pkg/kubelet/token): a TokenRequest bound to the pod, over HTTPS to
/// the host's own front, with the node's certificate. The control links are no way for secrets: they are not protected.
/// </summary>
internal sealed class KubeletTokens : IDisposable
{
    private readonly HttpClient _http;

    /// <summary>Makes the requester.</summary>
    /// <param name="credentials">What the host shows and trusts.</param>
    /// <param name="front">The host's own front.</param>
    public KubeletTokens(LiveCredentials credentials, Uri front) =>
        _http = new HttpClient(PeerHttp.CreateHandler(credentials), disposeHandler: true) { BaseAddress = front };

    /// <summary>Asks for a token.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="source">What its volume asks for.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="HttpRequestException">There is none; the message says why.</exception>
    public async Task<IssuedToken> RequestAsync(V1Pod pod, V1ServiceAccountTokenProjection source, CancellationToken ct)
    {
        var spec = new JsonObject { ["boundObjectRef"] = new JsonObject { ["kind"] = "Pod", ["apiVersion"] = "v1", ["name"] = pod.Metadata.Name, ["uid"] = pod.Metadata.Uid } };
        if (source.Audience is { Length: > 0 } audience)
            spec["audiences"] = new JsonArray(audience);
        if (source.ExpirationSeconds is { } seconds)
            spec["expirationSeconds"] = seconds;
        var request = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = spec };
        string account = pod.Spec.ServiceAccountName is { Length: > 0 } named ? named : "default";
        using HttpResponseMessage answer = await _http.PostAsJsonAsync($"/api/v1/namespaces/{pod.Metadata.NamespaceProperty}/serviceaccounts/{account}/token", request, ct).ConfigureAwait(false);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct).ConfigureAwait(false)) as JsonObject;
        return (string?)body?["status"]?["token"] is { Length: > 0 } token && answer.IsSuccessStatusCode
            && DateTimeOffset.TryParse((string?)body["status"]!["expirationTimestamp"], CultureInfo.InvariantCulture, out DateTimeOffset expires)
            ? new IssuedToken(token, expires)
            : throw new HttpRequestException((string?)body?["message"] ?? $"the API answered {(int)answer.StatusCode}");
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
