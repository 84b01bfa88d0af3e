using System.Net.Security;
using System.Net.Sockets;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets.Http;
using k8s.Models;

namespace ActorNet.Node.Pods;

/// <summary>An HTTP probe: one GET over a connection of its own (kubernetes pkg/probe/http). A status from 200 to 399 passes; redirects are not followed.</summary>
internal static class HttpGet
{
    // What is read of an answer, so that its end is seen and the connection closed in order: 10 KiB.
    private const int MostRead = 10 << 10;

    /// <summary>Makes the request.</summary>
    /// <param name="root">The door to the namespace that it leaves from.</param>
    /// <param name="url">Where to.</param>
    /// <param name="headers">Headers of the probe.</param>
    /// <param name="stop">Time is up.</param>
    public static async Task<ProbeFinding> ProbeAsync(INamespaceExecutor root, string url, V1HTTPHeader[] headers, CancellationToken stop)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? target))
            return ProbeFinding.Failed($"parse \"{url}\": invalid URL");
        using SocketsHttpHandler handler = NamespaceHttp.CreateHandler(root, static (_, _) => ValueTask.FromResult<IReadOnlyList<Ipv4Address>>([]));
        // A kubelet looks at no certificate of what it probes (InsecureSkipVerify).
#pragma warning disable CA5359 // As upstream does: a probe asks whether something answers, not who.
        handler.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true };
#pragma warning restore CA5359
        using var client = new HttpMessageInvoker(handler, disposeHandler: false);
        using HttpRequestMessage request = Request(target, headers);
        try
        {
            using HttpResponseMessage answer = await client.SendAsync(request, stop).ConfigureAwait(false);
            await DrainAsync(answer, stop).ConfigureAwait(false);
            int status = (int)answer.StatusCode;
            return status is >= 200 and < 400 ? ProbeFinding.Passed() : ProbeFinding.Failed($"HTTP probe failed with statuscode: {status}");
        }
        catch (OperationCanceledException)
        {
            return ProbeFinding.Failed($"Get \"{url}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
        catch (HttpRequestException e)
        {
            return ProbeFinding.Failed($"Get \"{url}\": {Describe(target, e)}");
        }
        catch (IOException e)
        {
            return ProbeFinding.Failed($"Get \"{url}\": {Describe(target, e)}");
        }
    }

    private static HttpRequestMessage Request(Uri target, V1HTTPHeader[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, target);
        request.Headers.ConnectionClose = true;
        request.Headers.TryAddWithoutValidation("User-Agent", $"kube-probe/1.{ServerVersion.Default.Minor}");
        request.Headers.TryAddWithoutValidation("Accept", "*/*");
        foreach (V1HTTPHeader header in headers)
        {
            request.Headers.Remove(header.Name);
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        return request;
    }

    private static async Task DrainAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        Stream body = await answer.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
        byte[] buffer = new byte[2048];
        int read = 0;
        for (int more = -1; more != 0 && read < MostRead; read += more)
            more = await body.ReadAsync(buffer, stop).ConfigureAwait(false);
    }

    private static string Describe(Uri target, Exception error) => error.GetBaseException() switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionReset } => $"read tcp {target.Authority}: read: connection reset by peer",
        SocketException socket => ProbeRunner.DialText(target.Authority, socket),
        _ when error is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } => "EOF",
        Exception other => other.Message,
    };
}
