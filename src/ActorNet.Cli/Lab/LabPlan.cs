using ActorNet.Packets;

namespace ActorNet.Cli.Lab;

/// <summary>A lab that is to be started.</summary>
/// <param name="Directory">Where it keeps its state.</param>
/// <param name="Hosts">Where its hosts listen, the first one first; they are n1, n2, ...</param>
/// <param name="Outlives">Whether the hosts go on when the command ends.</param>
/// <param name="Store">Where the API's objects are, as --store of a host.</param>
/// <param name="Keeps">Whether what it holds stays when it ends, so that it can be started again.</param>
internal sealed record LabPlan(LabDirectory Directory, IReadOnlyList<LabAddress> Hosts, bool Outlives, string Store, bool Keeps)
{
    /// <summary>Options that every host is given as they are.</summary>
    public IReadOnlyList<string> Passed { get; init; } = [];

    /// <summary>The names of the hosts.</summary>
    public IReadOnlyList<string> Names => [.. Enumerable.Range(0, Hosts.Count).Select(NameOf)];

    /// <summary>How a host is started.</summary>
    /// <param name="index">0 for the first.</param>
    public LabHostStart StartOf(int index)
    {
        LabAddress at = Hosts[index];
        // With a subnet that it asks for a host has the same one in every lab, whichever host comes first.
        var pods = new Ipv4Prefix(new Ipv4Address(0x0AF4_0000 + ((uint)index << 8)), 24);
        // DNS comes when all nodes are Ready (LabCluster): none is so later for it, and its pods are not all on the first.
        string[] options = [.. at.Options, "--profile", "lab", "--store", Store, "--pod-cidr", pods.ToString(), "--dns", "off", .. Passed];
        return new LabHostStart(NameOf(index), at.Address, Directory.StateOf(NameOf(index)), index == 0 ? null : Hosts[0].Control, options, Outlives);
    }

    private static string NameOf(int index) => $"n{index + 1}";
}
