using ActorNet.Cli.Commands;
using k8s.Models;

namespace ActorNet.Cli.Lab;

/// <summary>What a lab that has come to life says of itself.</summary>
internal static class LabText
{
    /// <summary>Prints the nodes with their addresses, and on which process and real address each is.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="cluster">The lab.</param>
    public static void WriteNodes(TextWriter output, LabCluster cluster) => TextTable.Write(
        output, ["NODE", "STATUS", "ADDRESS", "PODS", "PROCESS", "UNDERLAY (UDP)", "API"],
        cluster.Record.Hosts.Select(host => Row(host, cluster.Nodes.FirstOrDefault(n => n.Metadata.Name == host.Name))));

    /// <summary>Prints where the kubeconfig is and three commands to try.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="directory">The lab.</param>
    public static void WriteNext(TextWriter output, LabDirectory directory)
    {
        string which = LabStart.Which(directory);
        output.WriteLine($"""

            kubeconfig: {directory.Kubeconfig}

            Try in another shell:
              kubectl --kubeconfig {directory.Kubeconfig} get nodes -o wide
              {Invocation.Name} exec{which} node/n1 -- ip route
              {Invocation.Name} status{which}
            """);
    }

    private static string[] Row(LabHostRecord host, V1Node? node) =>
    [
        host.Name, node is not null && LabApi.IsReady(node) ? "Ready" : "NotReady", host.At.NodeIp, node?.Spec?.PodCIDR ?? "-", $"{host.Process.Id}",
        $"{host.At.Address}:{host.At.UnderlayPort}", $"https://{host.At.Address}:{host.At.ApiPort}",
    ];
}
