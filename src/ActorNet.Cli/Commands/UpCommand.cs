using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;
using ActorNet.Packets;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet up`: a cluster of host processes on this machine.</summary>
internal static class UpCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var lab = new LabOptionSet();
        var detach = new Option<bool>("--detach") { Description = "Leave the hosts running and return; `actornet down` ends them. Default: stay, and end them with Ctrl-C" };
        var command = new Command("up", "A cluster of host processes on this machine: actornet up --nodes 3 --detach");
        var keep = new Option<bool>("--keep") { Description = "What the lab holds stays when it ends with Ctrl-C; `actornet up` starts it again with it. Default: it is removed" };
        lab.AddAllTo(command);
        command.Options.Add(keep);
        command.Options.Add(detach);
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(() =>
        {
            LabDirectory directory = lab.ReadDirectory(result);
            int nodes = lab.ReadNodes(result);
            Ipv4Address first = lab.ReadAddress(result);
            var how = new LabManner(result.GetValue(detach), lab.ReadStore(result), result.GetValue(keep)) { Passed = lab.ReadPassed(result) };
            return RunAsync(directory, () => LabAddress.Plan(nodes, first), how, ct);
        }));
        return command;
    }

    private static async Task<int> RunAsync(LabDirectory directory, Func<IReadOnlyList<LabAddress>> places, LabManner how, CancellationToken ct)
    {
        using var hangup = new TerminalHangup(ct);
        ct = hangup.Token;
        long began = Stopwatch.GetTimestamp();
        await using LabCluster cluster = await LabStart.RunAsync(directory, places, how, ct).ConfigureAwait(false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{cluster.Hosts.Count} node{(cluster.Hosts.Count == 1 ? "" : "s")} Ready after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s\n"));
        LabText.WriteNodes(Console.Out, cluster);
        await ShowDnsAsync(cluster, began, ct).ConfigureAwait(false);
        LabText.WriteNext(Console.Out, cluster.Directory);
        if (how.Outlives)
        {
            cluster.Leave();
            Console.WriteLine($"\nThe lab runs until `{Invocation.Name} down{LabStart.Which(directory)}`.");
            return 0;
        }

        Console.WriteLine("\nThe lab runs until Ctrl-C.");
        return await StayAsync(cluster, ct).ConfigureAwait(false);
    }

    private static async Task ShowDnsAsync(LabCluster cluster, long began, CancellationToken ct)
    {
        try
        {
            await cluster.InstallDnsAsync(ct).ConfigureAwait(false);
            await cluster.DnsReadyAsync(ct).ConfigureAwait(false);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nThe cluster's DNS answers after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s"));
        }
        catch (UsageException e)
        {
            // A cluster without names is still one.
            Console.WriteLine($"\nNames do not work yet: {e.Message}");
        }
    }

    private static async Task<int> StayAsync(LabCluster cluster, CancellationToken ct)
    {
        bool anyLeft = await LabWatch.UntilEndedAsync(cluster, Console.Out, ct).ConfigureAwait(false);
        if (anyLeft)
        {
            Console.WriteLine("Stopping");
            return 0;
        }

        if (!File.Exists(cluster.Directory.RecordFile))
        {
            Console.WriteLine("The lab was ended by `actornet down`.");
            return 0;
        }

        await Console.Error.WriteLineAsync("actornet: no host of the lab is left.").ConfigureAwait(false);
        return 1;
    }
}
