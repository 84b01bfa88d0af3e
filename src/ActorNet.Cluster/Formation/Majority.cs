namespace ActorNet.Cluster.Formation;

/// <summary>
/// On which side of a cut the cluster lives: what Akka's keep-majority decides for hosts that are all Up (akka.net src/core/Akka.Cluster/SBR/DowningStrategy.cs),
/// more than half of them, or half with the lowest address.
/// </summary>
internal static class Majority
{
    /// <summary>Akka's order of addresses (src/core/Akka.Cluster/Member.cs): host by its characters, then port.</summary>
    public static readonly Comparer<ControlEndpoint> Order = Comparer<ControlEndpoint>.Create(Compare);

    /// <summary>Whether the cluster lives where these hosts are.</summary>
    /// <param name="side">The hosts of one side.</param>
    /// <param name="all">All hosts.</param>
    public static bool Lives(IReadOnlyCollection<ControlEndpoint> side, IReadOnlyCollection<ControlEndpoint> all) =>
        2 * side.Count > all.Count || (side.Count > 0 && 2 * side.Count == all.Count && side.Contains(all.Min(Order)));

    /// <summary>Compares two endpoints in <see cref="Order"/>.</summary>
    public static int Compare(ControlEndpoint one, ControlEndpoint other)
    {
        int hosts = string.CompareOrdinal(one.Host, other.Host);
        return hosts != 0 ? hosts : one.Port.CompareTo(other.Port);
    }
}
