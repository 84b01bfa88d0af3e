using ActorNet.Netstack;
using ActorNet.Workloads.Names;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.SocketTables;

namespace ActorNet.Workloads.Netstat;

/// <summary>
/// netstat of net-tools 2.10 on the namespace's own objects: sockets (-t -u -w -x -l -a -n -p -o -e -W), routes (-r), devices (-i) and counters
/// (-s). -p finds no process, for the sockets' users are not processes.
/// </summary>
public sealed class NetstatProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        try
        {
            return await RunAsync(context, NetstatOptions.Parse(args)).ConfigureAwait(false);
        }
        catch (NetstatExit exit)
        {
            await context.Stderr.WriteAsync(exit.Message).ConfigureAwait(false);
            return exit.ExitCode;
        }
    }

    private static async Task<int> RunAsync(ProgramContext context, NetstatOptions options)
    {
        if (options.Routes || options.Interfaces)
            return await InspectAsync(context, options).ConfigureAwait(false);
        string text = options switch
        {
            { Text: 'V' } => NetstatText.Version,
            { Text: 'h' } => NetstatText.Usage,
            { Statistics: true } => NetstatCounters.Render(await context.Namespace.RunAsync(ProcCounters.Read).ConfigureAwait(false), options.Tables),
            _ => new NetstatSockets(context, options, new ServiceNames(context.Files)).Render(await SocketTable.ReadAsync(context.Namespace).ConfigureAwait(false)),
        };
        await context.Stdout.WriteAsync(text).ConfigureAwait(false);
        return 0;
    }

    private static async Task<int> InspectAsync(ProgramContext context, NetstatOptions options)
    {
        if (context.Control is { } control)
            return await NetstatTool.RunAsync(control, options, context.Stdout, context.Stderr, context.Cancellation).ConfigureAwait(false);
        await context.Stderr.WriteAsync("netstat: nothing here can be inspected: this namespace has no control\n").ConfigureAwait(false);
        return 1;
    }
}
