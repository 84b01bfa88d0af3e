using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets.Http;
using ActorNet.Workloads.Dns.Client;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>netexec's /dial (netexec.go dialHandler): asks another server, several times, and answers with what came back.</summary>
internal sealed class NetexecDial(NetexecServer server)
{
    // Upstream has no bounds; these keep one request from filling the process.
    private const int MaxTries = 100_000;
    private const int MaxResponse = 1 << 20;
    private const long MaxAnswer = 16 << 20;
    private const int MaxRedirections = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ProgramContext _context = server.Run.Context;

    public async Task AnswerAsync(NetexecRequest request)
    {
        string host = request.QueryValue("host");
        string port = request.QueryValue("port");
        string what = request.QueryValue("request");
        string protocol = request.QueryValue("protocol");
        string triesText = request.QueryValue("tries");
        await server.Run.LogAsync($"GET /dial?host={host}&protocol={protocol}&port={port}&request={what}&tries={triesText}").ConfigureAwait(false);
        int tries = 1;
        string? wrong = null;
        if (triesText.Length > 0 && !int.TryParse(triesText, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out tries))
            wrong = $"tries parameter is invalid. strconv.Atoi: parsing {GoText.Quote(triesText)}: invalid syntax";
        else if (tries > MaxTries)
            wrong = $"tries parameter is invalid. at most {MaxTries}";
        else if (what.Length == 0)
            wrong = "request parameter not specified. <nil>";
        else if (protocol.ToLowerInvariant() is not ("" or "http" or "udp"))
            wrong = $"unsupported protocol. {protocol}";
        Ipv4Endpoint remote = default;
        if (wrong is null)
        {
            (remote, string why) = await FindAsync(host, port).ConfigureAwait(false);
            wrong = why.Length > 0 ? $"host and/or port param are invalid. {why}" : null;
        }

        if (wrong is not null)
            await HttpReply.ErrorAsync(request.Http, wrong, StatusCodes.Status400BadRequest).ConfigureAwait(false);
        else
            await DialAsync(request.Http, remote, what, protocol.Equals("udp", StringComparison.OrdinalIgnoreCase), tries).ConfigureAwait(false);
    }

    private async Task DialAsync(HttpContext http, Ipv4Endpoint remote, string request, bool isUdp, int tries)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, server.Ended);
        var responses = new List<string>();
        var errors = new List<string>();
        long size = 0;
        string last = "";
        for (int i = 0; i < tries && size < MaxAnswer; i++)
        {
            (string? response, string error) = isUdp
                ? await DialUdpAsync(remote, request, stop.Token).ConfigureAwait(false)
                : await DialHttpAsync(remote, request, stop.Token).ConfigureAwait(false);
            last = response ?? "";
            (response is null ? errors : responses).Add(response ?? error);
            size += last.Length + error.Length;
        }

        var answer = new Dictionary<string, string>(StringComparer.Ordinal);
        // As upstream: where the last try brought nothing, the responses before it are left out.
        if (last.Length > 0)
            answer["responses"] = GoText.Json(responses);
        if (errors.Count > 0)
            answer["errors"] = GoText.Json(errors);
        await HttpReply.TextAsync(http, GoText.JsonObject(answer)).ConfigureAwait(false);
    }

    // A connection of its own for each try, as upstream's transport has it.
    private async Task<(string? Response, string Error)> DialHttpAsync(Ipv4Endpoint remote, string request, CancellationToken stop)
    {
        string url = $"http://{remote}/{request}";
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri))
            return (null, $"parse {GoText.Quote(url)}: invalid URI for request");
        using SocketsHttpHandler handler = NamespaceHttp.CreateHandler(_context.Namespace, ResolveAsync);
        handler.AllowAutoRedirect = true;
        handler.MaxAutomaticRedirections = MaxRedirections;
        using var client = new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = MaxResponse };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("Go-http-client/1.1");
        try
        {
            using HttpResponseMessage response = await client.GetAsync(uri, stop).ConfigureAwait(false);
            return (Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(stop).ConfigureAwait(false)), "");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return (null, $"Get {GoText.Quote(url)}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (null, $"Get {GoText.Quote(url)}: {Describe(e, remote)}");
        }
    }

    private async Task<(string? Response, string Error)> DialUdpAsync(Ipv4Endpoint remote, string request, CancellationToken stop)
    {
        (SocketResult result, DatagramEndpoint? endpoint) = await DatagramEndpoint.OpenAsync(_context.Namespace, default, remote).ConfigureAwait(false);
        if (endpoint is null)
            return (null, $"udp dial failed. err:dial udp {remote}: connect: {result.Describe().ToLowerInvariant()}");
        await using ConfiguredAsyncDisposable closing = endpoint.ConfigureAwait(false);
        string way = $"udp {endpoint.Local}->{remote}";
        result = await endpoint.SendAsync(Encoding.UTF8.GetBytes(request)).ConfigureAwait(false);
        if (result != SocketResult.Ok)
            return (null, $"udp connection write failed. err:write {way}: write: {result.Describe().ToLowerInvariant()}");
        using var patience = new CancellationTokenSource(Patience, _context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            ReceivedDatagram datagram = await endpoint.ReceiveAsync(either.Token).ConfigureAwait(false);
            return datagram.Result == SocketResult.Ok && datagram.Data.Length > 0
                ? (Encoding.UTF8.GetString(datagram.Data, 0, Math.Min(datagram.Data.Length, 2048)), "")
                : (null, $"reading from udp connection failed. err:'{(datagram.Result == SocketResult.Ok ? "<nil>" : $"read {way}: read: {datagram.Result.Describe().ToLowerInvariant()}")}'");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return (null, $"reading from udp connection failed. err:'read {way}: i/o timeout'");
        }
    }

    private async Task<(Ipv4Endpoint Endpoint, string Why)> FindAsync(string host, string port)
    {
        if (!uint.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
            return (default, port.Length == 0 ? "address : invalid port" : $"lookup tcp/{port}: unknown port");
        if (number > ushort.MaxValue)
            return (default, $"address {number}: invalid port");
        Lookup found = await _context.LookUpAsync(host).ConfigureAwait(false);
        return found.Outcome == LookupOutcome.Found ? (new Ipv4Endpoint(found.Address, (ushort)number), "") : (default, $"lookup {host}: no such host");
    }

    private async ValueTask<IReadOnlyList<Ipv4Address>> ResolveAsync(string host, CancellationToken cancellationToken) =>
        (await _context.LookUpAsync(host, cancellationToken).ConfigureAwait(false)).Addresses;

    // The words of net.OpError and of an early end of the stream.
    private static string Describe(Exception e, Ipv4Endpoint remote) => e.InnerException switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"dial tcp {remote}: connect: connection refused",
        SocketException { SocketErrorCode: SocketError.HostUnreachable } => $"dial tcp {remote}: connect: no route to host",
        SocketException { SocketErrorCode: SocketError.NetworkUnreachable } => $"dial tcp {remote}: connect: network is unreachable",
        SocketException { SocketErrorCode: SocketError.TimedOut } => $"dial tcp {remote}: connect: connection timed out",
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => "EOF",
        IOException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionReset } } => "read: connection reset by peer",
        { } inner => inner.Message,
        null => e.Message,
    };
}
