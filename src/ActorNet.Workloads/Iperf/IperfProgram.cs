using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Iperf;

/// <summary>
/// iperf3: measures throughput by esnet's control protocol, as a client or a server of any iperf 3.1 or newer. Data, retransmissions,
/// windows and round-trip times are those of the namespace's own sockets; there is no second way to count them.
/// </summary>
public sealed class IperfProgram : IProgram
{
    /// <summary>The version whose behaviour and output this follows.</summary>
    internal const string Version = "3.12";

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        if (IperfOptionParser.Parse(args, out IperfOptions options) is { } error)
        {
            // iperf3 leaves what getopt finds and its usage to standard error, and prints the usage behind its own findings to standard output.
            await context.Stderr.WriteAsync($"iperf3: {error.Message}\n{(error.IsGetopt ? IperfUsage.Text : "\n")}").ConfigureAwait(false);
            if (!error.IsGetopt)
                await context.Stdout.WriteAsync(IperfUsage.Text).ConfigureAwait(false);
            return 1;
        }

        if (options.Help || options.ShowVersion)
        {
            await context.Stdout.WriteAsync(options.Help ? IperfUsage.Text : $"iperf {Version} (ActorNet)\n").ConfigureAwait(false);
            return 0;
        }

        return options.Server
            ? await new IperfServer(context, options).RunAsync().ConfigureAwait(false)
            : await new IperfClient(context, options).RunAsync().ConfigureAwait(false);
    }

    /// <summary>The report that the options ask for.</summary>
    internal static ITestReport CreateReport(ProgramContext context, IperfOptions options) =>
        options.Json ? new JsonReport(context, options) : new TextReport(context, options);
}
