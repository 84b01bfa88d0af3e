using System.CommandLine;
using System.Globalization;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet pod run|list|delete`: pods from ordinary manifests, until the API server takes them.</summary>
internal static class PodCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command("pod", "Run, list and delete pods from Kubernetes manifests");
        command.Subcommands.Add(CreateRun());
        command.Subcommands.Add(CreateList());
        command.Subcommands.Add(CreateDelete());
        return command;
    }

    private static Command CreateRun()
    {
        var file = new Option<string>("-f", "--filename") { Description = "Manifest file with Pod objects, or - for standard input", Required = true, HelpName = "FILE" };
        var node = new Option<string?>("--node") { Description = "Node to run on; default: each pod's spec.nodeName", HelpName = "NAME" };
        var hosts = new HostSelection();
        var command = new Command("run", "Run the pods of a manifest: actornet pod run -f pods.yaml --node n1") { file, node, hosts.StateDirectory, hosts.Lab };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            ManifestBody body = ManifestBody.Read(result.GetValue(file)!, result.GetValue(node));
            IReadOnlyList<HostClient> found = HostClient.Find(hosts.DirectoryOf(result));
            var rows = new List<PodRow>();
            foreach (HostClient host in found)
            {
                rows.AddRange(await host.PostAsync<ManifestBody, PodRow[]>("actornet/v1/pods", body, ct).ConfigureAwait(false));
                host.Dispose();
            }

            if (rows.Count == 0)
                throw new UsageException($"{body.Source}: no pod was started: none names a node that runs here. Give --node NAME or set spec.nodeName; `actornet status` lists the nodes.");
            foreach (PodRow row in rows)
                Console.WriteLine($"pod/{row.Name} running on {row.Node}, {row.PodIp}{(row.Note is null ? "" : $" ({row.Note})")}");
            return 0;
        }));
        return command;
    }

    private static Command CreateList()
    {
        var hosts = new HostSelection();
        var command = new Command("list", "List the pods of the hosts on this machine") { hosts.StateDirectory, hosts.Lab };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            var rows = new List<PodRow>();
            foreach (HostClient host in HostClient.Find(hosts.DirectoryOf(result)))
            {
                rows.AddRange(await host.GetAsync<PodRow[]>("actornet/v1/pods", ct).ConfigureAwait(false));
                host.Dispose();
            }

            TextTable.Write(Console.Out, ["NAME", "NODE", "IP", "IMAGES"], rows.Select(r => new[] { r.Name, r.Node, r.PodIp, string.Join(",", r.Images) }));
            return 0;
        }));
        return command;
    }

    private static Command CreateDelete()
    {
        var name = new Argument<string>("NAME") { Description = "Pod name" };
        var hosts = new HostSelection();
        var grace = new Option<int>("--grace-period") { Description = "Seconds that its containers have after SIGTERM; -1 for what the manifest says, 0 to kill them at once", DefaultValueFactory = _ => -1, HelpName = "S" };
        var command = new Command("delete", "Delete a pod and wait until it is gone") { name, grace, hosts.StateDirectory, hosts.Lab };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            string pod = result.GetValue(name)!;
            string query = result.GetValue(grace) < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"?gracePeriodSeconds={result.GetValue(grace)}");
            await ExecCommand.OnOwnerAsync(hosts.DirectoryOf(result), $"pod/{pod}", host => host.DeleteAsync<int>($"actornet/v1/pods/{Uri.EscapeDataString(pod)}{query}", ct)).ConfigureAwait(false);
            Console.WriteLine($"pod/{pod} deleted");
            return 0;
        }));
        return command;
    }
}
