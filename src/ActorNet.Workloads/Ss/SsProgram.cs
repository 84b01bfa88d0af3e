using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Names;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.SocketTables;

namespace ActorNet.Workloads.Ss;

/// <summary>
/// ss of iproute2 6.1 on the namespace's own sockets: -t -u -w -x -4 -6 -f -A, -a -l, -n -r, -o -i -m, -s, -p, -H -O, states and filter
/// expressions. There are IPv4 sockets only, so the other tables are empty; -p finds no process, for the sockets' users are not processes.
/// </summary>
public sealed class SsProgram : IProgram
{
    // net.ipv4.ip_local_port_range: ports from it have no service names.
    private const ushort FirstEphemeral = 32_768;
    private const ushort LastEphemeral = 60_999;

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        try
        {
            var options = SsOptions.Parse(args);
            var services = new ServiceNames(context.Files);
            var filter = new SsFilter(options.Words, name => context.TryResolve(name, out Ipv4Address address) ? address : null, services);
            List<SocketEntry> sockets = await SocketTable.ReadAsync(context.Namespace).ConfigureAwait(false);
            bool isListing = options.Tables.Count > 0 || options.All || options.Listening || filter.States is not null || options.Words.Count > 0;
            if (options.Summary)
                await context.Stdout.WriteAsync(Summary(sockets)).ConfigureAwait(false);
            if (!options.Summary || isListing)
                await context.Stdout.WriteAsync(new Listing(context, options, filter, services).Render(sockets)).ConfigureAwait(false);
            return 0;
        }
        catch (SsExit exit)
        {
            await (exit.ExitCode == 0 ? context.Stdout : context.Stderr).WriteAsync(exit.Message).ConfigureAwait(false);
            return exit.ExitCode;
        }
    }

    // ss -s: the sums of /proc/net/sockstat.
    private static string Summary(List<SocketEntry> sockets)
    {
        int udp = sockets.Count(static each => each.Protocol == "udp");
        int waiting = sockets.Count(static each => each.State == TcpState.TimeWait);
        int tcp = sockets.Count - udp - waiting;
        int established = sockets.Count(static each => each.Protocol == "tcp" && each.State is TcpState.Established or TcpState.CloseWait);
        CultureInfo plain = CultureInfo.InvariantCulture;
        return string.Create(plain, $"Total: {udp + tcp}\nTCP:   {tcp + waiting} (estab {established}, closed {waiting}, orphaned 0, timewait {waiting})\n\n")
            + "Transport Total     IP        IPv6\n"
            + Line("RAW", 0) + Line("UDP", udp) + Line("TCP", tcp) + Line("INET", udp + tcp) + Line("FRAG", 0) + "\n";

        string Line(string name, int count) => string.Create(plain, $"{name}\t  {count,-9} {count,-9} {0,-9}\n");
    }

    /// <summary>The table of one run.</summary>
    private sealed class Listing(ProgramContext context, SsOptions options, SsFilter filter, ServiceNames services)
    {
        public string Render(IEnumerable<SocketEntry> sockets)
        {
            // Of datagram sockets only those with a peer are listed unasked.
            SsStates usual = options.Tables.Count > 0 && options.Tables.IsSubsetOf("uw") ? SsStates.Established : SsStates.Usual;
            SsStates states = filter.States ?? (options.All ? SsStates.All : options.Listening ? SsStates.Listen | SsStates.Closed : usual);
            bool isOneState = (states & (states - 1)) == 0;
            var columns = new SsColumns(options.Tables.Count != 1 || options.Tables.Contains('x'), !isOneState, options.Header);
            foreach (SocketEntry socket in sockets.Where(each => IsListed(each) && (states & SsStateNames.Of(each.State)) != 0 && filter.Matches(each)))
            {
                (string local, string localPort) = End(socket, socket.Local, socket.Device);
                (string remote, string remotePort) = End(socket, socket.Remote, null);
                columns.Add(
                    socket.Protocol, socket.State.ToSocketStatisticsName(), Number(socket.ReceiveQueue), Number(socket.SendQueue), local, localPort, remote, remotePort,
                    SsDetails.Of(socket, options));
            }

            return columns.Render();
        }

        // "%-6u"
        private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture).PadRight(6);

        private bool IsListed(SocketEntry socket) =>
            options.Ipv4 && (options.Tables.Count == 0 || options.Tables.Contains(socket.Protocol[0]));

        private (string Address, string Port) End(SocketEntry socket, Ipv4Endpoint end, string? device)
        {
            string? name = options.Resolve && !end.Address.IsAny ? context.FindName(end.Address) : null;
            string? service = options.Numeric || end.Port is >= FirstEphemeral and <= LastEphemeral ? null : services.Find(end.Port, socket.Protocol);
            string port = end.Port == 0 ? "*" : service ?? end.Port.ToString(CultureInfo.InvariantCulture);
            return ($"{name ?? end.Address.ToString()}{(device is null ? "" : "%" + device)}:", port);
        }
    }
}
