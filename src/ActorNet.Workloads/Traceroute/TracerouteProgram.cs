using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Traceroute;

/// <summary>
/// traceroute 2.1.2 (Debian 12): UDP to rising ports, -U to one port, -I by echo; -n -q -m -w -f -N -p -s -i -t -z -F and a packet length. TCP and
/// raw probes, gateways and the extensions of replies are not there.
/// </summary>
public sealed class TracerouteProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        try
        {
            TracerouteOptions options = await TracerouteOptions.ParseAsync(context, args).ConfigureAwait(false);
            Ipv4Address source = default;
            if (options.Source is { } name && !context.TryResolve(name, out source))
                throw new TracerouteExit(2, $"{name}: Temporary failure in name resolution\n");
            TracerouteProber prober = options.Icmp ? new EchoProber(context, options, source) : new UdpProber(context, options, source);
            await using (prober.ConfigureAwait(false))
            {
                await prober.OpenAsync().ConfigureAwait(false);
                await context.Stdout.WriteAsync(TracerouteText.Header(options.Host, options.Address, options.MaxHops, options.PacketLength)).ConfigureAwait(false);
                if (options.Device is { } device && !context.Devices.Contains(device))
                    throw new TracerouteExit(1, "\nsetsockopt SO_BINDTODEVICE: No such device\n");
                await new TracerouteSession(context, options, prober).RunAsync().ConfigureAwait(false);
            }

            return 0;
        }
        catch (TracerouteExit exit)
        {
            await context.Stderr.WriteAsync(exit.Message).ConfigureAwait(false);
            return exit.ExitCode;
        }
    }
}
