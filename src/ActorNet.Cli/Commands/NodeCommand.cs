using System.CommandLine;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet node`: the first host of a cluster; `node apply|list|delete`: Node objects.</summary>
internal static class NodeCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var options = new HostOptionSet();
        var init = new Option<bool>("--init") { Description = "Form a new cluster. Other hosts come with `actornet join`." };
        var command = new Command("node", "Run the first host of a cluster: actornet node --init --name n1 --address 192.168.56.11");
        command.Options.Add(init);
        options.AddTo(command);
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(() =>
        {
            if (!result.GetValue(init))
                throw new UsageException("`actornet node` forms a new cluster and wants --init to say so; to come into one that exists, use `actornet join HOST`.");
            string state = options.StateDirectoryOf(result);
            ClusterRecord? known = ClusterRecord.Load(state);
            if (known is { Formed: false })
                throw new UsageException($"--state-dir {state} is of a cluster that this host has joined ({known.AuthorityHash}). Start it again with `actornet join --state-dir {state}`, or give another --state-dir to form a new one.");
            return HostProcess.RunAsync(options.Read(result, init: true, join: null, known), ct);
        }));
        command.Subcommands.Add(CreateApply());
        command.Subcommands.Add(CreateList());
        command.Subcommands.Add(CreateDelete());
        return command;
    }

    private static Command CreateApply()
    {
        var file = new Option<string>("-f", "--filename") { Description = "Manifest file with Node objects, or - for standard input", Required = true, HelpName = "FILE" };
        var hosts = new HostSelection();
        var command = new Command("apply", "Make Nodes from manifests: one with spec.podCIDR and flannel's annotations is a tunnel peer, a kernel VTEP for instance") { file, hosts.StateDirectory, hosts.Lab };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            using HostClient host = HostClient.Find(hosts.DirectoryOf(result))[0];
            string path = result.GetValue(file)!;
            AppliedNode[] nodes = await host.PostAsync<ManifestBody, AppliedNode[]>("actornet/v1/nodes", ManifestBody.Read(path, null), ct).ConfigureAwait(false);
            foreach (AppliedNode node in nodes)
                Console.WriteLine($"node/{node.Name} created, pods {node.PodCidr}");
            return 0;
        }));
        return command;
    }

    private static Command CreateList()
    {
        var hosts = new HostSelection();
        var command = new Command("list", "List the cluster's Nodes and their tunnel ends") { hosts.StateDirectory, hosts.Lab };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            using HostClient host = HostClient.Find(hosts.DirectoryOf(result))[0];
            NodeRow[] nodes = await host.GetAsync<NodeRow[]>("actornet/v1/nodes", ct).ConfigureAwait(false);
            TextTable.Write(Console.Out, ["NAME", "INTERNAL-IP", "PODS", "VTEP-MAC", "UNDERLAY"], nodes.Select(n => new[] { n.Name, n.InternalIp ?? "-", n.PodCidr ?? "-", n.VtepMac ?? "-", n.Underlay ?? "-" }));
            return 0;
        }));
        return command;
    }

    private static Command CreateDelete()
    {
        var name = new Argument<string>("NAME") { Description = "Node name" };
        var hosts = new HostSelection();
        var command = new Command("delete", "Delete a Node; every other node removes its route, neighbour and FDB entry") { name, hosts.StateDirectory, hosts.Lab };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            using HostClient host = HostClient.Find(hosts.DirectoryOf(result))[0];
            await host.DeleteAsync<int>($"actornet/v1/nodes/{Uri.EscapeDataString(result.GetValue(name)!)}", ct).ConfigureAwait(false);
            Console.WriteLine($"node/{result.GetValue(name)} deleted");
            return 0;
        }));
        return command;
    }
}
