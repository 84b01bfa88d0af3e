using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace ActorNet.ApiServer.Streaming;

/// <summary>Passing requests and answers on, upgraded connections too.</summary>
internal static class HttpForwarding
{
    private const int BufferBytes = 32 << 10;

    // RFC 9110 section 7.6.1: these speak of one connection. Upgrade is set again where the request asks for it.
    private static readonly HashSet<string> HopByHop = new(
        ["Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Host", "Authorization"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>The same request for another server. The client's credentials stay behind.</summary>
    public static HttpRequestMessage Request(HttpRequest from, Uri to)
    {
        var request = new HttpRequestMessage(new HttpMethod(from.Method), to) { Version = System.Net.HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        bool isUpgrade = from.HttpContext.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true;
        if (!isUpgrade && from.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false)
            request.Content = new StreamContent(from.Body);
        foreach ((string name, StringValues values) in from.Headers)
        {
            if (HopByHop.Contains(name) || name.StartsWith(':'))
                continue;
            if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }

        if (isUpgrade)
        {
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", from.Headers.Upgrade.AsEnumerable());
        }

        return request;
    }

    /// <summary>Passes an answer on, each piece as it comes.</summary>
    public static async Task CopyAsync(HttpResponseMessage from, HttpContext to)
    {
        to.Response.StatusCode = (int)from.StatusCode;
        CopyHeaders(from, to.Response.Headers);
        Stream body = await from.Content.ReadAsStreamAsync(to.RequestAborted).ConfigureAwait(false);
        await to.Response.StartAsync(to.RequestAborted).ConfigureAwait(false);
        await PumpAsync(body, to.Response.Body, to.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Upgrades the client's connection as the other server has upgraded ours, and joins both until each side has ended.</summary>
    public static async Task JoinAsync(HttpContext context, HttpResponseMessage upgraded)
    {
        CopyHeaders(upgraded, context.Response.Headers);
        context.Response.Headers.Upgrade = string.Join(", ", upgraded.Headers.Upgrade.Select(static u => u.ToString()));
        Stream client = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
        Stream server = await upgraded.Content.ReadAsStreamAsync(context.RequestAborted).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            // Neither protocol half-closes the connection: where one side ends, both end.
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            Task up = PumpAsync(client, server, ended.Token);
            Task down = PumpAsync(server, client, ended.Token);
            Task first = await Task.WhenAny(up, down).ConfigureAwait(false);
            // What the server sent last is still to go out.
            if (first == up)
                await ended.CancelAsync().ConfigureAwait(false);
            await EndAsync(down).ConfigureAwait(false);
            await ended.CancelAsync().ConfigureAwait(false);
            await EndAsync(up).ConfigureAwait(false);
        }
    }

    private static async Task EndAsync(Task pump)
    {
        try
        {
            await pump.ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One of the connections broke; the other is ended with it.
        }
    }

    private static async Task PumpAsync(Stream from, Stream to, CancellationToken cancel)
    {
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int length;
            while ((length = await from.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, length), cancel).ConfigureAwait(false);
                await to.FlushAsync(cancel).ConfigureAwait(false);
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void CopyHeaders(HttpResponseMessage from, IHeaderDictionary to)
    {
        foreach ((string name, IEnumerable<string> values) in from.Headers.Concat(from.Content.Headers))
        {
            if (!HopByHop.Contains(name))
                to[name] = values.ToArray();
        }
    }
}
