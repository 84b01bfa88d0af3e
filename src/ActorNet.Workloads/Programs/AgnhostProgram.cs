using System.Globalization;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Workloads.Programs;

/// <summary>
/// agnhost, the test image of Kubernetes: the subcommands pause and netexec, of netexec the UDP server (kubernetes
/// test/images/agnhost/netexec/netexec.go startUDPServer). As upstream, commands are trimmed and lowered before they are looked at, so an
/// echo comes back in lower case.
/// </summary>
public sealed class AgnhostProgram : IProgram
{
    // buf of startUDPServer: what is longer is cut.
    private const int MaxCommand = 2048;

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        switch (args.Count > 0 ? args[0] : "")
        {
            case "netexec":
                return await RunNetexecAsync(context, [.. args.Skip(1)]).ConfigureAwait(false);
            case "pause":
                await context.Stdout.WriteAsync("Paused\n").ConfigureAwait(false);
                await context.WaitForCancellationAsync().ConfigureAwait(false);
                return 0;
            case "":
                await context.Stderr.WriteAsync("agnhost: name a subcommand: netexec or pause\n").ConfigureAwait(false);
                return 1;
            default:
                await context.Stderr.WriteAsync($"Error: unknown command \"{args[0]}\" for \"app\"\n").ConfigureAwait(false);
                return 1;
        }
    }

    private static async Task<int> RunNetexecAsync(ProgramContext context, string[] args)
    {
        if (!TryParse(args, out int port, out Ipv4Address[] addresses, out string error))
        {
            await context.Stderr.WriteAsync($"Error: {error}\n").ConfigureAwait(false);
            return 1;
        }

        if (port < 0)
        {
            await context.WaitForCancellationAsync().ConfigureAwait(false);
            return 0;
        }

        var endpoints = new List<DatagramEndpoint>();
        try
        {
            foreach (Ipv4Address address in addresses)
            {
                (SocketResult result, DatagramEndpoint? endpoint) =
                    await DatagramEndpoint.OpenAsync(context.Namespace, new Ipv4Endpoint(address, (ushort)port)).ConfigureAwait(false);
                if (endpoint is null)
                {
                    string where = $"{(address.IsAny ? "" : address.ToString())}:{port}";
                    await context.Stderr.WriteAsync(
                        $"Error occurred: failed to create listener for UDP address {where}:listen udp {where}: bind: {Lower(result)}\n").ConfigureAwait(false);
                    return 1;
                }

                endpoints.Add(endpoint);
                await context.Stderr.WriteAsync($"Started UDP server on port {(address.IsAny ? "" : address.ToString())} {port}\n").ConfigureAwait(false);
            }

            await Task.WhenAll(endpoints.Select(e => ServeAsync(context, e))).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // SIGTERM: the Go program dies of it.
            return ProgramTable.TerminatedExitCode;
        }
        finally
        {
            foreach (DatagramEndpoint endpoint in endpoints)
                await endpoint.DisposeAsync().ConfigureAwait(false);
        }

        return 0;
    }

    private static async Task ServeAsync(ProgramContext context, DatagramEndpoint endpoint)
    {
        while (true)
        {
            ReceivedDatagram datagram = await endpoint.ReceiveAsync(context.Cancellation).ConfigureAwait(false);
            if (datagram.Result == SocketResult.Closed)
                return;
            string? reply = datagram.Result == SocketResult.Ok ? Answer(context.HostName, datagram) : null;
            if (reply is not null)
                await endpoint.SendToAsync(Encoding.UTF8.GetBytes(reply), datagram.Sender).ConfigureAwait(false);
        }
    }

    private static string? Answer(string hostName, in ReceivedDatagram datagram)
    {
        byte[] data = datagram.Data;
        string command = Encoding.UTF8.GetString(data, 0, Math.Min(data.Length, MaxCommand)).Trim().ToLowerInvariant();
        return command switch
        {
            "hostname" => hostName,
            "clientip" => datagram.Sender.ToString(),
            _ when command.StartsWith("echo ", StringComparison.Ordinal) => command[5..],
            _ => null,
        };
    }

    private static bool TryParse(string[] args, out int udpPort, out Ipv4Address[] addresses, out string error)
    {
        udpPort = 8081;
        addresses = [Ipv4Address.Any];
        error = "";
        for (int i = 0; i < args.Length; i++)
        {
            if (!TrySplit(args, ref i, out string name, out string value))
            {
                error = $"accepts at most 0 arg(s) or flags with values, received \"{args[i]}\"";
                return false;
            }

            switch (name)
            {
                case "--udp-port":
                    if (!int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out udpPort) || udpPort is < -1 or 0 or > ushort.MaxValue)
                    {
                        error = $"invalid argument \"{value}\" for \"--udp-port\" flag: a port from 1 to 65535, or -1 for none";
                        return false;
                    }

                    break;
                case "--udp-listen-addresses":
                    if (!TryParseAddresses(value, out addresses, out error))
                        return false;
                    break;
                case "--http-port" or "--sctp-port" or "--http-override" or "--tls-cert-file" or "--tls-private-key-file":
                    // Flags of the servers that are not here yet: taken, so that manifests need no change.
                    break;
                default:
                    error = $"unknown flag: {name}";
                    return false;
            }
        }

        return true;
    }

    private static bool TryParseAddresses(string value, out Ipv4Address[] addresses, out string error)
    {
        addresses = [Ipv4Address.Any];
        error = "";
        var set = new SortedSet<Ipv4Address>();
        foreach (string part in value.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Ipv4Address.TryParse(part, out Ipv4Address address))
            {
                error = $"parseAddress: invalid address {part}";
                return false;
            }

            set.Add(address);
        }

        if (set.Count > 0)
            addresses = [.. set];
        return true;
    }

    private static bool TrySplit(string[] args, ref int at, out string name, out string value)
    {
        name = args[at];
        value = "";
        if (!name.StartsWith("--", StringComparison.Ordinal))
            return false;
        int equals = name.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0)
        {
            (name, value) = (name[..equals], name[(equals + 1)..]);
            return true;
        }

        if (at + 1 == args.Length)
            return false;
        value = args[++at];
        return true;
    }

    // Go prints errno texts in lower case.
    private static string Lower(SocketResult result) => result.Describe().ToLowerInvariant();
}
