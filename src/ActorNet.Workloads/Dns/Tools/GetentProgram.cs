using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Dns.Tools;

/// <summary>getent hosts|ahostsv4 NAME (glibc nss/getent.c): what the C library finds for a name, files first. 2: nothing.</summary>
public sealed class GetentProgram : IProgram
{
    private const int NotFound = 2;

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        if (args is not ["hosts" or "ahostsv4", var name])
        {
            await context.Stderr.WriteAsync("Usage: getent hosts|ahostsv4 NAME\n").ConfigureAwait(false);
            return 1;
        }

        Lookup found = await context.LookUpAsync(name).ConfigureAwait(false);
        if (found.Outcome != LookupOutcome.Found)
            return NotFound;
        foreach (Packets.Ipv4Address address in found.Addresses)
            await context.Stdout.WriteAsync(args[0] == "hosts" ? $"{address,-15} {name}\n" : $"{address,-15} STREAM {name}\n").ConfigureAwait(false);
        return 0;
    }
}
