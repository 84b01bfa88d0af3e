using ActorNet.Cluster.Formation;
using ActorNet.Cluster.Membership;
using CsCheck;

namespace ActorNet.Cluster.Tests.Formation;

/// <summary>What a host does that is in no cluster: the cases of the rule's own words, and random ends of whole clusters.</summary>
public sealed class ClusterSearchTests
{
    private static readonly ControlEndpoint A = new("10.0.0.1", 7946), B = new("10.0.0.2", 7946), C = new("10.0.0.3", 7946);
    private static readonly PeerView Silent = new(PeerState.Silent), Refuses = new(PeerState.Refuses), Member = new(PeerState.Member), Outside = new(PeerState.Outside), Back = new(PeerState.Outside, Returns: true);

    [Fact]
    public void A_member_is_joined_first_of_all_one_that_leads_the_store()
    {
        SearchStep.Join join = Assert.IsType<SearchStep.Join>(Last(new ClusterSearch(A, true, true), null, (B, Member), (C, Member with { LeadsTerm = 4 })));
        Assert.Equal([C, B], join.Members);
    }

    [Fact]
    public void A_host_that_was_started_to_form_does_so_when_nobody_is_a_member_and_nobody_comes_back()
    {
        Assert.IsType<SearchStep.Wait>(new ClusterSearch(A, true, false).Next(Views((B, Silent)), null, TimeSpan.Zero));
        Assert.IsType<SearchStep.Form>(At(new ClusterSearch(A, true, false), ClusterSearch.FirstPatience, null, (B, Silent), (C, Outside)));
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(A, false, false), null, (B, Silent)));
        // Those that were in the cluster form it, if they can; a leader of the store can.
        Assert.IsType<SearchStep.Wait>(At(new ClusterSearch(A, true, false), ClusterSearch.FirstPatience, null, (B, Back)));
        Assert.IsType<SearchStep.Form>(Last(new ClusterSearch(A, true, false), null, (B, Back)));
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(A, true, false), null, (B, Back with { LeadsTerm = 2 })));
    }

    [Fact]
    public void Who_leads_the_store_asks_for_the_promises_of_its_majority_before_the_others_do()
    {
        SearchStep.Claim claim = Assert.IsType<SearchStep.Claim>(At(new ClusterSearch(C, false, true), ClusterSearch.FirstPatience, Store(leads: 3, A, B), (A, Back), (B, Silent)));
        Assert.Equal(1, claim.Needed);
        Assert.Equal([A], claim.Electors);
        Assert.IsType<SearchStep.Wait>(At(new ClusterSearch(A, true, true), ClusterSearch.NextPatience, Store(leads: 0, B, C), (B, Silent), (C, Back with { LeadsTerm = 3 })));
        // While nobody leads, the first in line.
        Assert.IsType<SearchStep.Claim>(At(new ClusterSearch(A, false, true), ClusterSearch.NextPatience, Store(leads: 0, B, C), (B, Silent), (C, Back)));
        Assert.IsType<SearchStep.Wait>(At(new ClusterSearch(C, false, true), ClusterSearch.NextPatience, Store(leads: 0, A, B), (A, Back), (B, Silent)));
        Assert.IsType<SearchStep.Claim>(Last(new ClusterSearch(C, false, true), Store(leads: 0, A, B), (A, Back), (B, Silent)));
    }

    [Fact]
    public void Without_a_majority_that_is_outside_nobody_forms()
    {
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(A, true, true), Store(leads: 3, B, C), (B, Silent), (C, Refuses)));
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(A, true, true), null, (B, Silent), (C, Refuses)));
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(A, false, true), null, (B, Refuses), (C, Refuses)));
        // A store that this host has not heard of yet may have its majority anywhere.
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(A, true, true), new StoreStanding(0, false, [], 0, 0), (B, Back), (C, Back)));
        // One disk is its own majority; a host without one needs its host.
        Assert.Equal(0, Assert.IsType<SearchStep.Claim>(Last(new ClusterSearch(A, true, true), new StoreStanding(1, true, [], 5, 5), (B, Silent))).Needed);
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(B, false, true), new StoreStanding(1, false, [A], 0, 5), (A, Silent)));
        Assert.Equal(1, Assert.IsType<SearchStep.Claim>(Last(new ClusterSearch(B, false, true), new StoreStanding(1, false, [A], 0, 5), (A, Outside))).Needed);
    }

    // All processes were started again, and A, which formed the cluster, is gone for good.
    [Fact]
    public void A_process_that_has_just_begun_forms_with_the_majority_of_the_members_that_its_disk_names()
    {
        SearchStep.Claim claim = Assert.IsType<SearchStep.Claim>(Last(new ClusterSearch(B, false, false), Disk("b"), (A, Silent), (C, Holds("c"))));
        Assert.Equal(1, claim.Needed);
        Assert.Equal([C], claim.Electors);
        // One after the other, and behind those that have not been started again.
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(C, false, false), Disk("c"), (A, Silent), (B, Holds("b"))));
        Assert.IsType<SearchStep.Claim>(At(new ClusterSearch(C, false, false), ClusterSearch.LastPatience + ClusterSearch.NextTurn, Disk("c"), (A, Silent), (B, Holds("b"))));
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(B, false, false), Disk("b"), (A, Silent), (C, Holds("c") with { Returns = true })));
        // Not alone, not with hosts whose disks are others, nor without a disk of its own.
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(B, false, false), Disk("b"), (A, Refuses), (C, Silent)));
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(B, false, false), Disk("b"), (A, Refuses), (C, Outside), (new ControlEndpoint("10.0.0.4", 7946), Holds("x"))));
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(B, false, false), new StoreStanding(0, false, [], 0, 0), (A, Silent), (C, Holds("c"))));
        // Where no disk has the store, a majority of the hosts that it knew.
        Assert.Equal(1, Assert.IsType<SearchStep.Claim>(Last(new ClusterSearch(B, false, false, wasMember: true), null, (A, Silent), (C, Outside))).Needed);
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(C, false, false, wasMember: true), null, (A, Silent), (B, Outside)));
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(B, false, false, wasMember: true), null, (A, Refuses), (C, Refuses)));
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(B, false, false), null, (A, Silent), (C, Outside)));
        // Who was started to form does not wait for them.
        Assert.IsType<SearchStep.Form>(At(new ClusterSearch(A, true, false), ClusterSearch.FirstPatience, Disk("a"), (B, Holds("b")), (C, Holds("c"))));
    }

    [Fact]
    public void A_process_that_has_just_begun_promises_to_let_nobody_form_until_the_promise_of_the_one_before_has_ended()
    {
        var clock = new SimulatedClock();
        var promise = new FormationPromise(clock);
        Assert.False(promise.TryGiveToForm(B));
        // Nor does it tell two that it might.
        Assert.True(promise.IsOfAnother(C));
        Assert.False(promise.IsOfAnother(B));
        clock.Now += FormationPromise.Lasts;
        Assert.True(promise.TryGiveToForm(B));
        Assert.False(promise.TryGiveToForm(C));
        // A member can be joined at any time.
        Assert.True(new FormationPromise(clock).TryGive(C));
    }

    // Two hosts, one disk: where the resolver lets the other one live, it may do so behind a cut.
    [Fact]
    public void Half_of_the_hosts_are_waited_for_while_the_cluster_may_live_with_them()
    {
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(B, true, true), new StoreStanding(1, true, [], 5, 5), (A, Silent)));
        Assert.IsType<SearchStep.Claim>(Last(new ClusterSearch(B, true, true), new StoreStanding(1, true, [], 5, 5), (A, Refuses)));
        Assert.IsType<SearchStep.Wait>(Last(new ClusterSearch(A, true, true), new StoreStanding(1, true, [], 5, 5), (B, Silent), (C, Silent)));
    }

    // Akka orders addresses by host and then by port, hosts by their characters.
    [Fact]
    public void The_side_that_lives_has_most_hosts_or_half_of_them_and_the_lowest()
    {
        ControlEndpoint low = new("10.0.0.1", 9), high = new("10.0.0.10", 1);
        Assert.True(Majority.Lives([A, B], [A, B, C]));
        Assert.False(Majority.Lives([C], [A, B, C]));
        Assert.True(Majority.Lives([low], [low, high]));
        Assert.False(Majority.Lives([high], [low, high]));
        Assert.False(Majority.Lives([], []));
    }

    [Theory]
    [InlineData(true, false, 4, 0, 4, true)]
    [InlineData(true, false, 4, 0, 5, false)]
    [InlineData(true, false, 4, 4, 4, false)]
    [InlineData(true, false, 0, 0, 0, false)]
    [InlineData(false, false, 4, 0, 4, false)]
    // One that came into this host's cluster a moment ago.
    [InlineData(true, true, 4, 0, 4, false)]
    public void An_island_is_a_cluster_beside_one_that_has_the_stores_leader(bool isMember, bool hasAsker, long leads, long ownLeads, long ownTerm, bool isIsland) => Assert.Equal(
        isIsland, IslandWatch.IsElsewhere(new JoinAnswer("c", 2, isMember, "", true, leads, HasAsker: hasAsker), new StoreStanding(3, true, [], ownLeads, ownTerm), default));

    [Theory]
    [InlineData("c", 3, "10.0.0.9:1", 2, true)]
    [InlineData("c", 1, "10.0.0.1:1", 2, false)]
    [InlineData("c", 2, "10.0.0.1:1", 2, true)]
    [InlineData("c", 2, "10.0.0.3:1", 2, false)]
    [InlineData("another", 3, "10.0.0.1:1", 2, false)]
    [InlineData("c", 0, "", 2, false)]
    [InlineData(null, 3, "10.0.0.1:1", 2, false)]
    public void Without_a_store_on_disks_it_is_the_smaller_of_two_and_of_two_alike_the_one_without_the_lowest_host(string? identity, int hosts, string first, int ownHosts, bool isIsland)
    {
        var answer = new JoinAnswer("c", 2, true, "", Hosts: hosts, FirstHost: first, Identity: identity);
        Assert.Equal(isIsland, IslandWatch.IsElsewhere(answer, null, new ClusterSide("c", ownHosts, B)));
        Assert.False(IslandWatch.IsElsewhere(answer with { HasAsker = true }, null, new ClusterSide("c", ownHosts, B)));
        // Of two that see each other at most one ends.
        if (ClusterSide.Of(answer) is { } other)
            Assert.False(new ClusterSide("c", ownHosts, B).YieldsTo(other) && other.YieldsTo(new ClusterSide("c", ownHosts, B)));
    }

    [Fact]
    public void Of_members_of_two_clusters_one_of_the_larger_is_joined() =>
        Assert.Equal([C, B], Assert.IsType<SearchStep.Join>(Last(new ClusterSearch(A, true, true), null, (B, Member with { Hosts = 1 }), (C, Member with { Hosts = 2 }))).Members);

    [Fact]
    public void Without_disks_the_host_that_was_started_to_form_counts_as_gone_who_refuses_while_nobody_is_silent() =>
        Assert.Equal(0, Assert.IsType<SearchStep.Claim>(Last(new ClusterSearch(A, true, true), null, (B, Refuses), (C, Refuses))).Needed);

    [Fact]
    public void What_stands_against_it_for_a_moment_makes_the_patience_begin_again()
    {
        var search = new ClusterSearch(A, true, false);
        Assert.IsType<SearchStep.Wait>(search.Next(Views((B, Silent)), null, TimeSpan.Zero));
        Assert.IsType<SearchStep.Wait>(search.Next(Views((B, Back with { LeadsTerm = 1 })), null, ClusterSearch.FirstPatience));
        Assert.IsType<SearchStep.Wait>(search.Next(Views((B, Silent)), null, ClusterSearch.FirstPatience));
        Assert.IsType<SearchStep.Form>(search.Next(Views((B, Silent)), null, 2 * ClusterSearch.FirstPatience));
    }

    // Three to five hosts that have all lost their cluster: some were started again, some are dead, some links are cut for good, and who leads the store is anybody's guess.
    [Fact]
    public void However_a_cluster_was_lost_at_most_one_is_formed_and_one_where_a_majority_can_see_each_other() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        var lost = new LostCluster(new Random(seed));
        lost.Run(TimeSpan.FromMinutes(2));
        Assert.True(lost.MayBeTwo || lost.Formed.Count <= 1, $"seed {seed}: {lost.Formed.Count} clusters were formed");
        if (lost.CanForm)
            Assert.True(lost.Formed.Count == 1 && lost.AllAreIn, $"seed {seed}: nobody formed, or somebody stayed outside");
    }, iter: 2000);

    // Links come and go: whoever formed may be cut off before anybody joins it, and another one forms when the promises have ended, not before.
    [Fact]
    public void While_links_come_and_go_no_two_hosts_form_with_the_promises_of_one_majority() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        var lost = new LostCluster(new Random(seed)) { LinksChange = true };
        lost.Run(TimeSpan.FromMinutes(2));
        for (int i = 1; i < lost.Formed.Count && !lost.MayBeTwo; i++)
            Assert.True(lost.Formed[i].At - lost.Formed[i - 1].At >= FormationPromise.Lasts / 2, $"seed {seed}: {lost.Formed[i - 1]} and {lost.Formed[i]}");
        Assert.Equal(lost.Formed.Count, lost.Formed.DistinctBy(static each => each.Host).Count());
    }, iter: 2000);

    private static StoreStanding Disk(string own) => new(3, true, [], 0, 0) { Member = own, Members = ["a", "b", "c"] };

    private static PeerView Holds(string member) => Outside with { StoreMember = member };

    private static StoreStanding Store(long leads, params ControlEndpoint[] others) => new(others.Length + 1, true, [.. others], leads, 9);

    private static Dictionary<ControlEndpoint, PeerView> Views(params (ControlEndpoint Peer, PeerView View)[] views) => views.ToDictionary(static each => each.Peer, static each => each.View);

    private static SearchStep Last(ClusterSearch search, StoreStanding? store, params (ControlEndpoint, PeerView)[] views) => At(search, ClusterSearch.LastPatience, store, views);

    private static SearchStep At(ClusterSearch search, TimeSpan behind, StoreStanding? store, params (ControlEndpoint, PeerView)[] views)
    {
        search.Next(Views(views), store, TimeSpan.FromSeconds(1));
        return search.Next(Views(views), store, TimeSpan.FromSeconds(1) + behind);
    }
}
