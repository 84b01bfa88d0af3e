using System.Net;
using System.Text;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace ActorNet.ApiServer.Streaming;

/// <summary>Passes a request on to another server, upgraded connections too: bytes as they come, both ways.</summary>
internal static class HttpForwarding
{
    // A log that is followed or a shell may be silent for as long as it likes. Upgrades are of HTTP/1.1.
    private static readonly ForwarderRequestConfig Patient = new() { ActivityTimeout = Timeout.InfiniteTimeSpan, Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    /// <summary>Passes it on. The client's credentials stay behind.</summary>
    /// <param name="context">The request.</param>
    /// <param name="http">Connections.</param>
    /// <param name="target">The whole address to ask.</param>
    /// <param name="takesRefusals">Whether an answer that is no success becomes an exception with its text; else it is passed on too.</param>
    /// <returns>Why the server could not be reached; null when it answered.</returns>
    /// <exception cref="ApiException">It refused; nothing was answered yet.</exception>
    public static async Task<Exception?> SendAsync(HttpContext context, HttpMessageInvoker http, Uri target, bool takesRefusals)
    {
        var way = new Way(target, takesRefusals);
        IHttpForwarder forwarder = context.RequestServices.GetRequiredService<IHttpForwarder>();
        ForwarderError error = await forwarder.SendAsync(context, target.GetLeftPart(UriPartial.Authority), http, Patient, way).ConfigureAwait(false);
        if (way.Refusal is { } refusal)
        {
            context.Response.Clear();
            throw refusal;
        }

        if (error == ForwarderError.None || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
            return null;
        context.Response.Clear();
        return context.Features.Get<IForwarderErrorFeature>()?.Exception ?? new IOException(error.ToString());
    }

    private sealed class Way(Uri target, bool takesRefusals) : HttpTransformer
    {
        // A refusal is a sentence.
        private const int MostOfRefusal = 64 << 10;

        public ApiException? Refusal { get; private set; }

        public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken).ConfigureAwait(false);
            proxyRequest.RequestUri = target;
            proxyRequest.Headers.Host = null;
            proxyRequest.Headers.Remove("Authorization");
        }

        public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            if (takesRefusals && proxyResponse is { IsSuccessStatusCode: false } and not { StatusCode: HttpStatusCode.SwitchingProtocols })
            {
                Refusal = await ReadAsync(proxyResponse, cancellationToken).ConfigureAwait(false);
                return false;
            }

            return await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken).ConfigureAwait(false);
        }

        private static async ValueTask<ApiException> ReadAsync(HttpResponseMessage answer, CancellationToken cancel)
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
            return new ApiException((int)answer.StatusCode, reason, Encoding.UTF8.GetString(text, 0, length).TrimEnd('\n'));
        }
    }
}
