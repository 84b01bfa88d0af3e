using ActorNet.Packets;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>agnhost netexec: an HTTP and a UDP server with various endpoints (netexec/netexec.go).</summary>
internal static class NetexecCommand
{
    public static async Task<int> RunAsync(AgnhostRun run, IReadOnlyList<string> args)
    {
        GoFlags flags = new GoFlags()
            .AddInteger("http-port", 8080).AddInteger("udp-port", 8081).AddInteger("sctp-port", -1).AddInteger("delay-shutdown", 0)
            .AddText("http-override").AddText("udp-listen-addresses").AddText("tls-cert-file").AddText("tls-private-key-file");
        if (flags.Parse(args) is { } error)
            return await run.RefuseAsync(error).ConfigureAwait(false);
        if (flags.Text("tls-cert-file").Length > 0)
            return await run.RefuseAsync($"--tls-cert-file={flags.Text("tls-cert-file")}: HTTPS is not built in; leave the flag out to serve HTTP").ConfigureAwait(false);
        if (flags.Integer("sctp-port") != -1)
            return await run.RefuseAsync($"--sctp-port={flags.Integer("sctp-port")}: SCTP is not built in; leave the flag out").ConfigureAwait(false);
        if (!TryParseAddresses(flags.Text("udp-listen-addresses"), out Ipv4Address[] addresses, out string wrong))
            return await run.FatalAsync(wrong).ConfigureAwait(false);
        if (flags.Integer("http-port") is < 0 or > ushort.MaxValue)
            return await run.FatalAsync($"listen tcp: address {flags.Integer("http-port")}: invalid port").ConfigureAwait(false);
        if (flags.Integer("udp-port") is < -1 or > ushort.MaxValue)
            return await run.FatalAsync($"Error occurred: failed to resolve UDP address for port {flags.Integer("udp-port")}:address {flags.Integer("udp-port")}: invalid port").ConfigureAwait(false);

        var server = new NetexecServer(run, new NetexecOptions(
            flags.Integer("http-port"), flags.Integer("udp-port"), addresses, flags.Text("http-override"), TimeSpan.FromSeconds(Math.Max(0, flags.Integer("delay-shutdown")))));
        return await server.RunAsync().ConfigureAwait(false);
    }

    private static bool TryParseAddresses(string value, out Ipv4Address[] addresses, out string error)
    {
        addresses = [Ipv4Address.Any];
        error = "";
        if (value.Length == 0)
            return true;
        var set = new SortedSet<Ipv4Address>();
        foreach (string part in value.Split(','))
        {
            if (!Ipv4Address.TryParse(part, out Ipv4Address address))
            {
                error = $"parseAddress: invalid address {part}";
                return false;
            }

            set.Add(address);
        }

        addresses = [.. set];
        return true;
    }
}

/// <summary>What netexec serves.</summary>
/// <param name="HttpPort">--http-port.</param>
/// <param name="UdpPort">--udp-port; -1 for none.</param>
/// <param name="UdpAddresses">--udp-listen-addresses.</param>
/// <param name="HttpOverride">--http-override: the path and query that every request is answered for; empty for its own.</param>
/// <param name="DelayShutdown">--delay-shutdown: how long SIGTERM is waited out.</param>
internal sealed record NetexecOptions(int HttpPort, int UdpPort, Ipv4Address[] UdpAddresses, string HttpOverride, TimeSpan DelayShutdown);
