using ActorNet.Cluster.Formation;

namespace ActorNet.Cluster.Tests.Formation;

[Collection(ClusterCollection.Name)]
public sealed class IslandTests
{
    [Fact]
    public async Task Of_two_clusters_that_were_one_the_island_ends_and_its_host_joins_where_the_stores_leader_is()
    {
        await using Hosts hosts = new();
        // A term that nobody leads in at first: who leads is known when there are two.
        long leads = 0;
        await using ControlSupervisor first = new(hosts.Options(1) with { Overrides = ControlLinksTests.PatientResolver, Standing = () => new StoreStanding(3, true, [], Volatile.Read(ref leads), 5) });
        ControlSystem before = await first.StartAsync();
        await using ControlSupervisor second = new(hosts.Options(2, before.Endpoint) with { Overrides = ControlLinksTests.PatientResolver, Standing = static () => new StoreStanding(3, true, [], 0, 5) });
        ControlSystem island = await second.StartAsync();
        await Hosts.Until(() => before.Snapshot.Members.Length == 2 && second.Peers.Contains(before.Endpoint) && first.Peers.Contains(island.Endpoint), () => Hosts.Describe(before));

        // Each puts the other one out, as two sides of a firewall that rejects would have done.
        first.Links.Cut("h2");
        before.Cluster.Down(island.Cluster.SelfAddress);
        island.Cluster.Down(before.Cluster.SelfAddress);
        await Hosts.Until(() => before.Snapshot.Members.Length == 1 && island.Snapshot.Members.Length == 1, () => $"{Hosts.Describe(before)}; {Hosts.Describe(island)}");
        first.Links.Clear();
        Volatile.Write(ref leads, 5);

        Assert.Equal(ControlEndReason.Downed, await island.Ended.WaitAsync(Hosts.Patience));
        await Hosts.Until(() => second.Current is { } now && now.Snapshot.Members.Length == 2 && before.Snapshot.Members.Length == 2, () => Hosts.Describe(before));
        Assert.False(before.Ended.IsCompleted);
    }
}
