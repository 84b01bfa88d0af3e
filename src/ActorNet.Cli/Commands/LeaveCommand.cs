using System.CommandLine;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet leave`: a host leaves its cluster for good.</summary>
internal static class LeaveCommand
{
    private const int DefaultSeconds = 300, MostSeconds = 24 * 3600;

    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(60), LookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var force = new Option<bool>("--force") { Description = "Leave whatever stands against it, such as being the last host that has the cluster's objects" };
        var timeout = new Option<int>("--timeout") { Description = "Seconds that the host's pods may take to end", DefaultValueFactory = _ => DefaultSeconds, HelpName = "SECONDS" };
        var hosts = new HostSelection();
        var command = new Command("leave", "Take a running host out of its cluster for good: its pods are evicted, its Node deleted, its disk taken out of the store, and all that it kept removed. A host that is only stopped comes back to all of that. Example: actornet leave --state-dir ./n2")
        {
            force, timeout, hosts.StateDirectory, hosts.Lab,
        };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            int seconds = result.GetValue(timeout);
            if (seconds is < 0 or > MostSeconds)
                throw new UsageException($"--timeout {seconds}: seconds from 0 to {MostSeconds} were expected.");
            return await RunAsync(hosts.DirectoryOf(result), new LeaveOrder(result.GetValue(force), seconds), ct).ConfigureAwait(false);
        }));
        return command;
    }

    private static async Task<int> RunAsync(string directory, LeaveOrder order, CancellationToken ct)
    {
        IReadOnlyList<HostClient> found = HostClient.Find(directory);
        if (found.Count > 1)
            throw new UsageException($"{directory} has {found.Count} hosts that run: give the --state-dir of the one that is to leave.");
        using HostClient host = found[0];
        LeaveReport report = await host.PostAsync<LeaveOrder, LeaveReport>("actornet/v1/leave", order, ct).ConfigureAwait(false);
        foreach (string line in report.Said)
            Console.WriteLine($"{report.Node}: {line}");
        string state = Path.GetDirectoryName(host.Socket)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(EndPatience);
        try
        {
            while (File.Exists(host.Socket) || HostIdentity.IsIn(state) || Directory.Exists(Path.Combine(state, "store")))
                await Task.Delay(LookAgain, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            Console.Error.WriteLine($"actornet: {report.Node} is no longer in the cluster, and its process has not ended within {EndPatience.TotalSeconds:0} s; {state} is to be removed when it has.");
            return 1;
        }

        Console.WriteLine($"{report.Node} has left the cluster; in {state} another host may begin");
        return 0;
    }
}
