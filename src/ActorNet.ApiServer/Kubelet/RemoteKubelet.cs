using System.Net;
using ActorNet.ApiServer.Streaming;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Kubelet;

/// <summary>
/// The kubelet of another host over HTTP: the request goes on as it is, and so do the bytes of an upgraded connection, both ways, whatever
/// protocol they speak (apimachinery pkg/util/proxy UpgradeAwareHandler).
/// </summary>
/// <param name="http">Connections with the client certificate and the CA that the kubelet's is checked against. Not disposed.</param>
/// <param name="address">The kubelet's address, such as https://10.0.0.2:10250/.</param>
public sealed class RemoteKubelet(HttpMessageInvoker http, Uri address) : IKubelet
{
    // A refusal is a sentence.
    private const int MostOfRefusal = 64 << 10;

    /// <inheritdoc/>
    public async Task AnswerAsync(HttpContext context, string path, QueryString query)
    {
        ArgumentNullException.ThrowIfNull(context);
        using HttpRequestMessage request = HttpForwarding.Request(context.Request, new Uri(address, PathString.FromUriComponent(path).ToUriComponent() + query.ToUriComponent()));
        using HttpResponseMessage answer = await SendAsync(request, context.RequestAborted).ConfigureAwait(false);
        if (answer.StatusCode == HttpStatusCode.SwitchingProtocols)
        {
            await HttpForwarding.JoinAsync(context, answer).ConfigureAwait(false);
            return;
        }

        if (!answer.IsSuccessStatusCode)
            throw await RefusalAsync(answer, context.RequestAborted).ConfigureAwait(false);
        await HttpForwarding.CopyAsync(answer, context).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        try
        {
            return await http.SendAsync(request, cancel).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new ApiException(StatusCodes.Status500InternalServerError, "", $"error dialing backend: {e.Message}");
        }
    }

    // apimachinery: a 400 is the kubelet's own sentence; GenericHttpResponseChecker.
    private static async Task<ApiException> RefusalAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        Stream body = await answer.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        byte[] text = new byte[MostOfRefusal];
        int length = await body.ReadAtLeastAsync(text, text.Length, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
        string reason = answer.StatusCode switch
        {
            HttpStatusCode.BadRequest => "BadRequest",
            HttpStatusCode.NotFound => "NotFound",
            HttpStatusCode.TooManyRequests => "TooManyRequests",
            HttpStatusCode.InternalServerError => "InternalError",
            _ => "",
        };
        return new ApiException((int)answer.StatusCode, reason, System.Text.Encoding.UTF8.GetString(text, 0, length).TrimEnd('\n'));
    }
}
