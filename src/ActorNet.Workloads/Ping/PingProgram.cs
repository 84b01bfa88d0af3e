using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Ping;

/// <summary>
/// ping of iputils 20221126 (the version of Debian 12), for the options -c -i -s -W -w -t -M -q -n -I -D -b -4: same lines, same exit codes
/// (0 with replies, 1 without, 2 for other errors, 1 for a bad number). Cancelling it is Ctrl-C: the statistics are printed.
/// </summary>
public sealed class PingProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        PingOptions options = PingOptions.Parse(args);
        await context.Stderr.WriteAsync(options.Message).ConfigureAwait(false);
        if (options.ExitCode != 0)
            return options.ExitCode;
        Lookup found = await context.LookUpAsync(options.Target).ConfigureAwait(false);
        if (found.Outcome != LookupOutcome.Found)
            return await FailAsync(context, $"ping: {options.Target}: {found.Describe()}").ConfigureAwait(false);
        Ipv4Address address = found.Address;
        if (address.IsAny)
            address = Ipv4Address.Loopback;
        Ipv4Address source = default;
        bool byDevice = options.Interface is not null && !Ipv4Address.TryParse(options.Interface, out source);
        if (byDevice && !await context.HasDeviceAsync(options.Interface!).ConfigureAwait(false))
            return await FailAsync(context, $"ping: SO_BINDTODEVICE {options.Interface}: No such device").ConfigureAwait(false);
        if (options.Broadcast)
            await context.Stderr.WriteAsync("WARNING: pinging broadcast address\n").ConfigureAwait(false);

        (SocketResult result, EchoEndpoint? endpoint) = await EchoEndpoint.OpenAsync(context.Namespace, new EchoOptions(address)
        {
            Source = source,
            Device = byDevice ? options.Interface : null,
            TimeToLive = options.TimeToLive,
            PathMtuDiscovery = options.PathMtuDiscovery,
            AllowBroadcast = options.Broadcast,
        }).ConfigureAwait(false);
        if (endpoint is null)
        {
            string call = result == SocketResult.AddressNotAvailable ? "bind" : "connect";
            return await FailAsync(context, $"ping: {call}: {result.Describe()}").ConfigureAwait(false);
        }

        await using (endpoint.ConfigureAwait(false))
        {
            string? from = options.Interface is null
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"from {endpoint.Source} {(byDevice ? options.Interface : "")}: ");
            string header = PingText.Header(options.Target, address, from, options.DataLength);
            return await new PingSession(context, options, endpoint, header).RunAsync().ConfigureAwait(false);
        }
    }

    private static async Task<int> FailAsync(ProgramContext context, string message)
    {
        await context.Stderr.WriteAsync(message + "\n").ConfigureAwait(false);
        return 2;
    }
}
