using ActorNet.Workloads.Names;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Netcat;

/// <summary>
/// nc: OpenBSD netcat as Debian 12 has it (1.219-1), client and listener, TCP and UDP, over the namespace's sockets: the same words, exit codes
/// and ends. Two listeners cannot share a port, for SO_REUSEPORT is not there; Unix sockets, proxies, DCCP and telnet answers are not either.
/// </summary>
public sealed class NetcatProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        try
        {
            var options = NetcatOptions.Parse(args);
            var names = new NetcatNames(context, options, new ServiceNames(context.Files));
            return options.Listen
                ? await new NetcatServer(context, options, names).RunAsync().ConfigureAwait(false)
                : await new NetcatClient(context, options, names).RunAsync().ConfigureAwait(false);
        }
        catch (NetcatExit exit)
        {
            await context.Stderr.WriteAsync(exit.Message).ConfigureAwait(false);
            return exit.ExitCode;
        }
    }
}
