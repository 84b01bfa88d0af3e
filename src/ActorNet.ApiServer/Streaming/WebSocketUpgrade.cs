using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ActorNet.ApiServer.Streaming;

/// <summary>The opening handshake of a WebSocket (RFC 6455 section 4.2).</summary>
internal static class WebSocketUpgrade
{
    // RFC 6455 section 1.3.
    private const string HandshakeGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>Whether a request asks for one.</summary>
    public static bool IsAsked(HttpRequest request) =>
        request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase)
        && request.HttpContext.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true;

    /// <summary>The sub-protocols that the client offers, in its order.</summary>
    public static IReadOnlyList<string> Offered(HttpRequest request) =>
        [.. request.Headers.SecWebSocketProtocol.SelectMany(static line => (line ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>Answers the handshake.</summary>
    /// <param name="context">The request.</param>
    /// <param name="protocol">The sub-protocol chosen; null for none.</param>
    /// <exception cref="ApiException">400: the handshake is wrong.</exception>
    public static async Task<WebSocket> AcceptAsync(HttpContext context, string? protocol)
    {
        IHeaderDictionary headers = context.Request.Headers;
        string key = headers.SecWebSocketKey.ToString();
        Span<byte> nonce = stackalloc byte[16];
        if (context.Request.Method != "GET" || headers.SecWebSocketVersion != "13" || !Convert.TryFromBase64String(key, nonce, out int length) || length != nonce.Length)
            throw ApiErrors.BadRequest("not websocket protocol");
        IHeaderDictionary answer = context.Response.Headers;
        answer.Upgrade = "websocket";
        answer.SecWebSocketAccept = Accept(key);
        if (protocol is not null)
            answer.SecWebSocketProtocol = protocol;
        Stream stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
        // No pings of ours: the client's reader may be busy with what we sent. TCP's keep-alive notices a peer that vanished.
        // Nor the sub-protocol: the runtime takes no slash in its name.
        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = Timeout.InfiniteTimeSpan });
    }

#pragma warning disable CA5350 // RFC 6455 asks for SHA-1, which protects nothing here.
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + HandshakeGuid)));
#pragma warning restore CA5350
}
