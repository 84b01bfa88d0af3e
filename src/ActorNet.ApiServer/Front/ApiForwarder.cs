using System.Net;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Links;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace ActorNet.ApiServer.Front;

/// <summary>Passes requests on to the host that has the API: bodies, watches and upgraded connections as they come, the caller in headers.</summary>
internal sealed class ApiForwarder : IDisposable
{
    // A watch may be silent for as long as it likes; a dead peer is found by the keep-alives of PeerHttp.
    private static readonly ForwarderRequestConfig Plain = new() { ActivityTimeout = Timeout.InfiniteTimeSpan, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };

    // Upgrades are of HTTP/1.1.
    private static readonly ForwarderRequestConfig Upgrading = Plain with { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private readonly IHttpForwarder _forwarder;
    private readonly HttpMessageInvoker _invoker;

    public ApiForwarder(IHttpForwarder forwarder, LiveCredentials credentials, ControlLinks links)
    {
        _forwarder = forwarder;
        _invoker = new HttpMessageInvoker(PeerHttp.CreateHandler(credentials, links), disposeHandler: true);
    }

    /// <summary>Passes a request on.</summary>
    /// <param name="context">The request.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="address">The other host's front.</param>
    /// <exception cref="ApiException">The other host could not be reached, or did not answer; nothing has been answered yet.</exception>
    public async Task ForwardAsync(HttpContext context, Caller caller, Uri address)
    {
        ForwarderRequestConfig how = context.Request.Headers.ContainsKey("Upgrade") ? Upgrading : Plain;
        ForwarderError error = await _forwarder.SendAsync(context, address.GetLeftPart(UriPartial.Authority), _invoker, how, new CallerHeaders(caller)).ConfigureAwait(false);
        if (error == ForwarderError.None || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
            return;
        context.Response.Clear();
        Exception? cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        throw NothingWasSent(cause) || HttpMethods.IsGet(context.Request.Method)
            ? ApiErrors.Unavailable($"the host that has the API, {address.Authority}, cannot be reached: {cause?.Message ?? error.ToString()}")
            : ApiErrors.NoAnswer($"the host that has the API, {address.Authority}, was lost before it answered; the request may have been carried out");
    }

    public void Dispose() => _invoker.Dispose();

    private static bool NothingWasSent(Exception? cause) => cause is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
    };

    private sealed class CallerHeaders(Caller caller) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken).ConfigureAwait(false);
            // What the client says of itself counts for nothing behind this host. The host's own name is what TLS checks the other's certificate by.
            foreach (string header in (string[])[Authentication.UserHeader, Authentication.GroupHeader])
                proxyRequest.Headers.Remove(header);
            // A token was verified here; the other host judges it again, for only it knows whether what it is bound to is still there.
            if (caller.Token is null)
                proxyRequest.Headers.Remove("Authorization");
            proxyRequest.Headers.Host = null;
            Authentication.Write(proxyRequest.Headers, caller);
        }

        public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            bool hasBody = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken).ConfigureAwait(false);
            // The client of a watch waits for the head before there is any event.
            if (proxyResponse is { StatusCode: not HttpStatusCode.SwitchingProtocols, Content.Headers.ContentLength: null })
                await httpContext.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
            return hasBody;
        }
    }
}
