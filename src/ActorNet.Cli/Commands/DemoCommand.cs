using System.CommandLine;
using ActorNet.Cli.Demo;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet demo`: a lab, a Service in it, a curl that a pod on another host answers, and the walks of its packets.</summary>
internal static class DemoCommand
{
    private const int Hosts = 3;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var lab = new LabOptionSet();
        var keep = new Option<bool>("--keep") { Description = "Leave the lab running, as `actornet up --detach` does; `actornet down` ends it. --name and --state-dir say which lab it is" };
        var command = new Command("demo", "The whole story in one command, on this machine") { keep };
        lab.AddTo(command);
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(() => RunAsync(
            result.GetValue(keep) ? lab.ReadDirectory(result) : Passing(), result.GetValue(keep), ct)));
        return command;
    }

    // A lab that nobody looks for does not stand in the way of one that is there.
    private static LabDirectory Passing() => new(Path.Combine(Path.GetTempPath(), $"actornet-demo-{Environment.ProcessId}"), LabDirectory.DefaultName);

    private static async Task<int> RunAsync(LabDirectory directory, bool keep, CancellationToken ct)
    {
        using var hangup = new TerminalHangup(ct);
        ct = hangup.Token;
        Console.WriteLine("Three host processes, one cluster");
        await using LabCluster cluster = await LabStart.RunAsync(directory, () => LabAddress.Choose(Hosts), new LabManner(keep, Host.HostOptions.DefaultStore, Keeps: false), ct).ConfigureAwait(false);
        Console.WriteLine();
        LabText.WriteNodes(Console.Out, cluster);
        await cluster.InstallDnsAsync(ct).ConfigureAwait(false);
        (bool passed, string url) = await DemoStory.TellAsync(cluster, Console.Out, ct).ConfigureAwait(false);
        if (!passed)
        {
            await Console.Error.WriteLineAsync("actornet demo: a command above failed; that is a bug, please report it with this output.").ConfigureAwait(false);
            return 1;
        }

        if (keep)
        {
            cluster.Leave();
            WriteNext(directory, url);
            return 0;
        }

        Console.WriteLine($"""

            Stopping the hosts. Next:
              {Invocation.Name} demo --keep          the same, and the lab stays for your own commands
              {Invocation.Name} up                   an empty cluster on this machine
              {Invocation.Name} bench dataplane      how fast it forwards here
            """);
        return 0;
    }

    private static void WriteNext(LabDirectory directory, string url)
    {
        string which = LabStart.Which(directory);
        Console.WriteLine($"""

            The lab runs until `{Invocation.Name} down{which}`. Try:
              {Invocation.Name} exec{which} {FirstLight.ClientTarget} -- curl -sS {url}
              {Invocation.Name} exec{which} node/n1 -- ip link set flannel.1 down
              kubectl --kubeconfig {directory.Kubeconfig} get pods -A -o wide
            """);
    }
}
