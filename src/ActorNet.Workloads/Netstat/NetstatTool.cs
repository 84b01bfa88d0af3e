using ActorNet.Dataplane.Inspection;
using ActorNet.Workloads.Inspection;

namespace ActorNet.Workloads.Netstat;

/// <summary>`netstat -r` and `netstat -i`: what netstat tells of a namespace's routes and devices.</summary>
public sealed class NetstatTool : IInspectionTool
{
    /// <inheritdoc/>
    public string Name => "netstat";

    /// <inheritdoc/>
    public async Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, TextWriter stdout, TextWriter stderr, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(stdout);
        ArgumentNullException.ThrowIfNull(stderr);
        try
        {
            return await RunAsync(control, NetstatOptions.Parse(args), stdout, stderr, cancellationToken).ConfigureAwait(false);
        }
        catch (NetstatExit exit)
        {
            await stderr.WriteAsync(exit.Message).ConfigureAwait(false);
            return exit.ExitCode;
        }
    }

    internal static async Task<int> RunAsync(INamespaceControl control, NetstatOptions options, TextWriter stdout, TextWriter stderr, CancellationToken cancellationToken)
    {
        if (options.Routes)
        {
            string words = "-r" + (options.NumericHosts ? "n" : "") + new string('e', Math.Min(options.Extended, 1));
            return await new RouteTool(netstat: true).RunAsync(control, [words], stdout, stderr, cancellationToken).ConfigureAwait(false);
        }

        if (options.Extended > 0)
        {
            await stdout.WriteAsync("Kernel Interface table\n").ConfigureAwait(false);
            return await new IfconfigTool().RunAsync(control, options.All ? ["-a"] : [], stdout, stderr, cancellationToken).ConfigureAwait(false);
        }

        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        await stdout.WriteAsync(NetstatInterfaces.Render(view, options.All)).ConfigureAwait(false);
        return 0;
    }
}
