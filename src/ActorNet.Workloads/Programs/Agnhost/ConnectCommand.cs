using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Sockets;
using ActorNet.Workloads.Dns.Client;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>agnhost connect HOST:PORT: tries a connection and says in one word why it failed (connect/connect.go).</summary>
internal static class ConnectCommand
{
    public static async Task<int> RunAsync(AgnhostRun run, IReadOnlyList<string> args)
    {
        GoFlags flags = new GoFlags().AddDuration("timeout").AddText("protocol", "tcp").AddText("udp-data", "hostname");
        if (flags.Parse(args, 1) is { } error)
            return await run.RefuseAsync(error).ConfigureAwait(false);
        if (flags.Text("protocol") is not ("" or "tcp" or "udp"))
            return await FailAsync(run, $"Unsupported protocol\n{flags.Text("protocol")}").ConfigureAwait(false);
        bool isUdp = flags.Text("protocol") == "udp";
        (Ipv4Endpoint remote, string why) = await FindAsync(run.Context, flags.Words[0], isUdp).ConfigureAwait(false);
        if (why.Length > 0)
            return await FailAsync(run, why).ConfigureAwait(false);
        using var timeout = new CancellationTokenSource();
        if (flags.Duration("timeout") > TimeSpan.Zero)
            timeout.CancelAfter(flags.Duration("timeout"));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, run.Context.Cancellation);
        try
        {
            string? failed = isUdp
                ? await AskUdpAsync(run.Context, remote, flags.Text("udp-data"), either.Token).ConfigureAwait(false)
                : await ConnectAsync(run.Context, remote, either.Token).ConfigureAwait(false);
            return failed is null ? 0 : await FailAsync(run, failed).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            return await FailAsync(run, isUdp ? $"TIMEOUT: read udp {remote}: i/o timeout" : "TIMEOUT").ConfigureAwait(false);
        }
    }

    private static async Task<string?> ConnectAsync(ProgramContext context, Ipv4Endpoint remote, CancellationToken stop)
    {
        (SocketResult result, TcpDuplexPipe? connection) = await TcpConnector.ConnectAsync(context.Namespace, remote, cancellationToken: stop).ConfigureAwait(false);
        if (connection is not null)
            await connection.DisposeAsync().ConfigureAwait(false);
        return result switch
        {
            SocketResult.Ok => null,
            SocketResult.TimedOut => "TIMEOUT",
            SocketResult.ConnectionRefused => "REFUSED",
            _ => $"OTHER: dial tcp {remote}: connect: {result.Describe().ToLowerInvariant()}",
        };
    }

    private static async Task<string?> AskUdpAsync(ProgramContext context, Ipv4Endpoint remote, string data, CancellationToken stop)
    {
        (SocketResult result, DatagramEndpoint? endpoint) = await DatagramEndpoint.OpenAsync(context.Namespace, default, remote).ConfigureAwait(false);
        if (endpoint is null)
            return $"OTHER: dial udp {remote}: connect: {result.Describe().ToLowerInvariant()}";
        await using ConfiguredAsyncDisposable closing = endpoint.ConfigureAwait(false);
        result = await endpoint.SendAsync(Encoding.UTF8.GetBytes(data + "\n")).ConfigureAwait(false);
        string doing = "write";
        int received = 0;
        if (result == SocketResult.Ok)
        {
            ReceivedDatagram datagram = await endpoint.ReceiveAsync(stop).ConfigureAwait(false);
            (result, doing, received) = (datagram.Result, "read", datagram.Data.Length);
        }

        string words = $"{doing} udp {endpoint.Local}->{remote}: {doing}: {result.Describe().ToLowerInvariant()}";
        return result switch
        {
            SocketResult.Ok when received > 0 => null,
            SocketResult.Ok => "OTHER: No data received from the server. Cannot guarantee the server received the request.",
            SocketResult.ConnectionRefused => $"REFUSED: {words}",
            _ => $"UNKNOWN: {words}",
        };
    }

    private static async Task<(Ipv4Endpoint Endpoint, string Why)> FindAsync(ProgramContext context, string text, bool isUdp)
    {
        int colon = text.LastIndexOf(':');
        string port = text[(colon + 1)..];
        if (colon < 0)
            return (default, $"{(isUdp ? "DNS" : "UNKNOWN")}: address {text}: missing port in address");
        if (!uint.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
            return (default, $"DNS: lookup {(isUdp ? "udp" : "tcp")}/{port}: unknown port");
        if (number > ushort.MaxValue)
            return (default, $"DNS: address {number}: invalid port");
        Lookup found = await context.LookUpAsync(text[..colon]).ConfigureAwait(false);
        return found.Outcome == LookupOutcome.Found ? (new Ipv4Endpoint(found.Address, (ushort)number), "") : (default, $"DNS: lookup {text[..colon]}: no such host");
    }

    private static async Task<int> FailAsync(AgnhostRun run, string text)
    {
        await run.Context.Stderr.WriteAsync(text + "\n").ConfigureAwait(false);
        return 1;
    }
}
