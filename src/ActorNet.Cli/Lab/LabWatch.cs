namespace ActorNet.Cli.Lab;

/// <summary>Stays with a running lab and tells of hosts that end.</summary>
internal static class LabWatch
{
    /// <summary>Tells of every host that ends, until none is left or it is cancelled.</summary>
    /// <param name="cluster">The lab.</param>
    /// <param name="output">Where to.</param>
    /// <param name="ct">Ctrl-C.</param>
    /// <returns>Whether hosts are left.</returns>
    public static async Task<bool> UntilEndedAsync(LabCluster cluster, TextWriter output, CancellationToken ct)
    {
        try
        {
            Task<LabHost>[] ends = [.. cluster.Hosts.Select(host => EndOf(host, ct))];
            await foreach (Task<LabHost> end in Task.WhenEach(ends).WithCancellation(ct).ConfigureAwait(false))
            {
                LabHost host = await end.ConfigureAwait(false);
                int exit = await host.Ended.ConfigureAwait(false);
                await output.WriteLineAsync(exit == 0
                    ? $"host {host.Name} has stopped"
                    : $"host {host.Name} (process {host.ProcessId}) has ended unexpectedly, exit code {exit}; its last lines:\n{host.LastWords()}").ConfigureAwait(false);
            }

            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private static async Task<LabHost> EndOf(LabHost host, CancellationToken ct)
    {
        await host.Ended.WaitAsync(ct).ConfigureAwait(false);
        return host;
    }
}
