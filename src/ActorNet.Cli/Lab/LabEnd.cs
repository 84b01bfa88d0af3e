using ActorNet.Cli.Client;

namespace ActorNet.Cli.Lab;

/// <summary>Ends the hosts of a lab: each is asked through its own socket, waited for, and killed when it does not end.</summary>
internal static class LabEnd
{
    /// <summary>How long a host has to leave its cluster and end.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(2);

    /// <summary>Ends what still runs: first those that joined, then the first host, so that the API is there while the others take leave.</summary>
    /// <param name="directory">The lab.</param>
    /// <param name="record">Its hosts.</param>
    /// <param name="tell">Hears a line for each host.</param>
    public static async Task EndHostsAsync(LabDirectory directory, LabRecord record, Action<string> tell)
    {
        await Task.WhenAll(record.Hosts.Skip(1).Select(h => EndAsync(directory, h, tell))).ConfigureAwait(false);
        if (record.Hosts.Count > 0)
            await EndAsync(directory, record.Hosts[0], tell).ConfigureAwait(false);
    }

    private static async Task EndAsync(LabDirectory directory, LabHostRecord host, Action<string> tell)
    {
        string who = $"{host.Name} (process {host.Process.Id})";
        if (!host.Process.IsAlive)
        {
            tell($"{who} had ended already");
            return;
        }

        string? unheard = await AskAsync(directory.StateOf(host.Name)).ConfigureAwait(false);
        // One that does not listen may be about to end by itself, or has not come so far.
        if (await host.Process.HasEndedWithinAsync(unheard is null ? Grace : AskPatience, CancellationToken.None).ConfigureAwait(false))
        {
            tell($"{who} has ended");
            return;
        }

        host.Process.Kill();
        bool ended = await host.Process.HasEndedWithinAsync(Grace, CancellationToken.None).ConfigureAwait(false);
        string why = unheard ?? $"it did not end within {Grace.TotalSeconds} s";
        tell(ended ? $"{who} was killed: {why}" : $"{who} could not be ended: {why}, and a kill changed nothing");
    }

    // Through the socket in the host's own directory no other process can be meant.
    private static async Task<string?> AskAsync(string stateDirectory)
    {
        using var limit = new CancellationTokenSource(AskPatience);
        try
        {
            using HostClient host = HostClient.Find(stateDirectory)[0];
            await host.StopAsync(limit.Token).ConfigureAwait(false);
            return null;
        }
        catch (UsageException)
        {
            return "it did not listen to orders";
        }
        catch (OperationCanceledException)
        {
            return $"it did not answer within {AskPatience.TotalSeconds} s";
        }
    }
}
