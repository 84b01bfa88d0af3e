using ActorNet.Dataplane.Inspection;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Netfilter;

/// <summary>`iptables-save` 1.8.9 of the nf_tables variant: -c, -t TABLE.</summary>
public sealed class IptablesSaveProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        bool counters = false;
        string? table = null;
        for (int i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "-c" or "--counters":
                    counters = true;
                    break;
                case "-t" or "--table" when i + 1 < args.Count:
                    table = args[++i];
                    break;
                case "-V" or "--version":
                    await context.Stdout.WriteAsync("iptables-save v1.8.9 (nf_tables)\n").ConfigureAwait(false);
                    return 0;
                default:
                    await context.Stderr.WriteAsync($"iptables-save: not emulated or unknown: {args[i]}; there are -c and -t TABLE\n").ConfigureAwait(false);
                    return 1;
            }
        }

        if (table is not null and not ("raw" or "mangle" or "nat" or "filter"))
        {
            await context.Stderr.WriteAsync($"iptables-save v1.8.9 (nf_tables): table '{table}' does not exist\n").ConfigureAwait(false);
            return 1;
        }

        return await NetfilterTools.RunAsync(context, "iptables-save", new SaveRules(table, counters, context.Time.GetLocalNow())).ConfigureAwait(false);
    }
}
