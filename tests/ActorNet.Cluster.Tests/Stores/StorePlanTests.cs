using System.Collections.Immutable;
using ActorNet.Cluster.Stores.Hosts;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>Who is to hold the store: the sizes of the design, and what happens to hosts that come, go and come back.</summary>
public sealed class StorePlanTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 3)]
    [InlineData(4, 3)]
    [InlineData(5, 5)]
    [InlineData(9, 5)]
    public void The_store_grows_one_member_at_a_time_to_its_size(int hosts, int size)
    {
        ImmutableArray<StoreCandidate> all = [.. Enumerable.Range(1, hosts).Select(i => Host($"n{i}"))];
        string[] members = Settle([all[0].Member], all[0].Member, all, "n1");
        Assert.Equal(all.Take(size).Select(each => each.Member), members);
    }

    [Fact]
    public void A_member_that_is_only_away_stays_and_counts()
    {
        ImmutableArray<StoreCandidate> all = [Host("n1"), Host("n2")];
        Assert.Null(StorePlan.Next([all[0].Member, all[1].Member, Member("n3")], all[0].Member, all, [], "n1"));
        Assert.Null(StorePlan.Next([all[0].Member, all[1].Member, Member("n3")], all[0].Member, [.. all, Host("n3") with { IsReachable = false }], [], "n1"));
    }

    [Fact]
    public void A_host_that_leaves_is_taken_out_and_the_store_shrinks_with_the_cluster()
    {
        ImmutableArray<StoreCandidate> all = [Host("n1"), Host("n2"), Host("n3") with { IsLeaving = true, IsReachable = false }];
        Assert.Equal([Member("n1")], Settle([Member("n1"), Member("n2"), Member("n3")], Member("n1"), all, "n1"));
    }

    [Fact]
    public void A_host_that_was_given_up_while_it_is_away_is_replaced_by_another()
    {
        string[] members = [Member("n1"), Member("n2"), Member("n3")];
        ImmutableArray<StoreCandidate> all = [Host("n1"), Host("n2"), Host("n4")];
        Assert.Null(StorePlan.Next(members, Member("n1"), all, [], "n1", static _ => false));
        Assert.Equal([Member("n1"), Member("n2"), Member("n4")], Settle(members, Member("n1"), all, "n1", static host => host == "n3"));
        // Who is there stays, whatever became of its Node.
        Assert.Null(StorePlan.Next(members, Member("n1"), [.. all[..2], Host("n3") with { IsReachable = false }], [], "n1", static host => host == "n3"));
    }

    [Fact]
    public void A_host_that_leaves_is_replaced_by_another()
    {
        ImmutableArray<StoreCandidate> all = [Host("n1"), Host("n2"), Host("n3") with { IsLeaving = true }, Host("n4")];
        Assert.Equal([Member("n1"), Member("n2"), Member("n4")], Settle([Member("n1"), Member("n2"), Member("n3")], Member("n1"), all, "n1"));
    }

    [Fact]
    public void A_replaced_disk_takes_the_place_of_the_lost_one()
    {
        ImmutableArray<StoreCandidate> all = [Host("n1"), Host("n2"), new("n3-11111111", "n3", true, false)];
        StoreChange? first = StorePlan.Next([Member("n1"), Member("n2"), Member("n3")], Member("n1"), all, [], "n1");
        Assert.Equal((Member("n3"), false), (first?.Member, first?.IsAdded));
        Assert.Equal([Member("n1"), Member("n2"), "n3-11111111"], Settle([Member("n1"), Member("n2"), Member("n3")], Member("n1"), all, "n1"));
    }

    // A new leader knows of them from the store: the one that took them out may be gone.
    [Fact]
    public void A_disk_that_was_taken_out_does_not_come_back_and_one_that_was_being_taken_out_goes()
    {
        ImmutableArray<StoreCandidate> all = [Host("n1"), Host("n2"), Host("n3")];
        Assert.Equal([Member("n1"), Member("n2")], Settle([Member("n1")], Member("n1"), all, "n1", Member("n3")));
        Assert.Equal([Member("n1"), Member("n2")], Settle([Member("n1"), Member("n2"), Member("n3")], Member("n1"), all, "n1", Member("n3")));
        // With another name it is another disk.
        ImmutableArray<StoreCandidate> anew = [Host("n1"), Host("n2"), new("n3-11111111", "n3", true, false)];
        Assert.Equal([Member("n1"), Member("n2"), "n3-11111111"], Settle([Member("n1"), Member("n2"), Member("n3")], Member("n1"), anew, "n1", Member("n3")));
        // The one that leads cannot take itself out; the next leader does.
        Assert.Equal([Member("n1"), Member("n2"), Member("n3")], Settle([Member("n1"), Member("n2"), Member("n3")], Member("n1"), all, "n1", Member("n1")));
    }

    [Fact]
    public void The_host_of_the_API_server_is_a_member_and_neither_it_nor_the_leader_is_surplus()
    {
        ImmutableArray<StoreCandidate> two = [Host("n1"), Host("n2")];
        Assert.Equal([Member("n1"), Member("n2")], Settle([Member("n1")], Member("n1"), two, "n2"));
        ImmutableArray<StoreCandidate> seven = [.. Enumerable.Range(1, 7).Select(i => Host($"n{i}"))];
        Assert.Equal(["n1", "n2", "n3", "n4", "n7"], Settle([.. seven.Take(5).Select(each => each.Member)], Member("n1"), seven, "n7").Select(StoreNames.HostOf));
    }

    // What becomes of the others' list must not hang on how far the one that goes came with it.
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_leader_that_leaves_takes_nobody_out_and_the_next_one_takes_it_out(int hosts)
    {
        ImmutableArray<StoreCandidate> all = [Host("n1") with { IsLeaving = true }, .. Enumerable.Range(2, hosts - 1).Select(i => Host($"n{i}"))];
        string[] before = [.. all.Take(StorePlan.SizeFor(hosts)).Select(static each => each.Member)];
        string[] handed = Settle(before, Member("n1"), all, "n1");
        Assert.Equal(before.Length == 1 ? [Member("n1"), Member("n2")] : before, handed);
        string[] left = Settle(handed, Member("n2"), all, "n1");
        Assert.Equal(all.Skip(1).Take(StorePlan.SizeFor(hosts - 1)).Select(static each => each.Member), left);
    }

    [Fact]
    public void A_leader_that_leaves_alone_hands_the_store_to_nobody_who_cannot_take_it()
    {
        StoreCandidate own = Host("n1") with { IsLeaving = true };
        Assert.Null(StorePlan.Next([own.Member], own.Member, [own], [], "n1"));
        Assert.Null(StorePlan.Next([own.Member], own.Member, [own, Host("n2") with { IsReachable = false }, Host("n3") with { IsLeaving = true }], [], "n1"));
        Assert.Null(StorePlan.Next([own.Member], own.Member, [own, Host("n2")], [Member("n2")], "n1"));
    }

    [Theory]
    [InlineData("n1", "n2", "n1", "on this host's disk alone")]
    [InlineData("n1 n2 n3", "n2 n3", "n1", null)]
    [InlineData("n1 n2 n3", "n2", "n2", "1 of the store's other members answer, and 2 are needed to go on without this one. Start n3 again")]
    [InlineData("n1 n2", "n2", "n1", "Let more hosts join first")]
    [InlineData("n1 n2", "n2", "n2", null)]
    [InlineData("n1 n2", "n3", "n2", "Start n2 again")]
    [InlineData("n1 n2 n3 n4 n5", "n2 n3 n4", "n1", null)]
    [InlineData("n1 n2 n3 n4 n5", "n2 n3", "n1", "Start n4, n5 again")]
    [InlineData("n2 n3 n4", "n2", "n2", null)]
    public void A_member_leaves_for_good_only_when_a_majority_is_left_to_agree(string members, string reachable, string leader, string? said)
    {
        string? why = StorePlan.WhyNotLeave([.. members.Split(' ').Select(Member)], Member("n1"), Member(leader), reachable.Split(' '));
        if (said is null)
            Assert.Null(why);
        else
            Assert.Contains(said, why, StringComparison.Ordinal);
    }

    // Every change is made; it ends, as the hosts do not change.
    private static string[] Settle(string[] members, string leader, ImmutableArray<StoreCandidate> hosts, string singleton, params string[] removed) => Settle(members, leader, hosts, singleton, null, removed);

    private static string[] Settle(string[] members, string leader, ImmutableArray<StoreCandidate> hosts, string singleton, Func<string, bool>? isGone, params string[] removed)
    {
        for (int i = 0; i < 20; i++)
        {
            if (StorePlan.Next(members, leader, hosts, removed, singleton, isGone) is not { } change)
                return [.. members.Order(StringComparer.Ordinal)];
            Assert.NotEqual(change.IsAdded, members.Contains(change.Member));
            members = change.IsAdded ? [.. members, change.Member] : [.. members.Where(each => each != change.Member)];
        }

        Assert.Fail($"it never settles: {string.Join(", ", members)}");
        return [];
    }

    private static StoreCandidate Host(string name) => new(Member(name), name, true, false);

    private static string Member(string host) => $"{host}-00000000";
}
