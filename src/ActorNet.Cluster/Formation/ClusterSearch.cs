using System.Collections.Immutable;

namespace ActorNet.Cluster.Formation;

/// <summary>
/// Decides what a host does that is in no cluster, from what the others say: it joins wherever a member answers; else one of those that have been in the
/// cluster before forms it anew. That one must hear from a majority that they are outside, too, and have their promises (<see cref="FormationPromise"/>) when it
/// does: so two hosts never form beside each other, nor one beside a cluster that a majority is in. The majority is of the store's members, or of all hosts that
/// are known where the store is not on their disks. Hosts that are silent must not be the side of a cut on which the resolver lets the cluster live
/// (<see cref="Majority"/>). Who leads the store goes first, then the one with the lowest endpoint; the others go when those did not.
/// A process that has just begun forms so, too, if its disk is a member of the store, or no disk has the store and its process before was in the cluster: where all hosts were started again, the one with
/// --init forms it at once, and those others do when that one does not come back.
/// </summary>
/// <param name="self">This host.</param>
/// <param name="mayForm">Whether it was started to form a cluster (--init).</param>
/// <param name="returns">Whether its process has been in the cluster before.</param>
/// <param name="wasMember">Whether an earlier process of this host has.</param>
internal sealed class ClusterSearch(ControlEndpoint self, bool mayForm, bool returns, bool wasMember = false)
{
    /// <summary>How long nothing may stand against it before the first in line forms: the others have the time to be heard.</summary>
    internal static readonly TimeSpan FirstPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>The same for the next in line, while nobody leads the store: an election takes up to 3 s in a lab.</summary>
    internal static readonly TimeSpan NextPatience = TimeSpan.FromSeconds(4);

    /// <summary>The same for everybody else.</summary>
    internal static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(10);

    /// <summary>What one that is not the first in line adds where all processes have just begun: two that ask each other at once get nothing.</summary>
    internal static readonly TimeSpan NextTurn = TimeSpan.FromSeconds(5);

    private TimeSpan? _since;

    /// <summary>Decides after a round of questions.</summary>
    /// <param name="views">What each known host said.</param>
    /// <param name="store">How the store on the hosts' disks stands; null: there is none.</param>
    /// <param name="now">Time since any fixed moment.</param>
    public SearchStep Next(IReadOnlyDictionary<ControlEndpoint, PeerView> views, StoreStanding? store, TimeSpan now)
    {
        ImmutableArray<ControlEndpoint> members = [.. views.Where(static each => each.Value.State == PeerState.Member)
            .OrderByDescending(static each => each.Value.LeadsTerm).ThenByDescending(static each => each.Value.Hosts).ThenBy(static each => each.Key, Majority.Order).Select(static each => each.Key)];
        if (members.Length > 0)
            return new SearchStep.Join(members);
        PeerView[] returning = [.. views.Values.Where(static each => each is { State: PeerState.Outside, Returns: true })];
        bool isRestarted = IsRestarted(store);
        SearchStep? form = returns || isRestarted ? Claim(views, store) : mayForm && !returning.Any(static each => each.LeadsTerm > 0) ? SearchStep.Form.Instance : null;
        if (form is null)
        {
            _since = null;
            return SearchStep.Wait.Instance;
        }

        _since ??= now;
        TimeSpan patience = returns || isRestarted ? Patience(views, store) : returning.Length == 0 ? FirstPatience : LastPatience;
        return now - _since >= patience ? form : SearchStep.Wait.Instance;
    }

    private bool IsRestarted(StoreStanding? store) => !returns && !mayForm && (store?.IsMember ?? wasMember);

    private static bool Holds(PeerView view, StoreStanding? store) => view.StoreMember.Length > 0 && store is { } known && view.StoreMember != known.Member && known.Members.Contains(view.StoreMember);

    private SearchStep.Claim? Claim(IReadOnlyDictionary<ControlEndpoint, PeerView> views, StoreStanding? store)
    {
        if (store is { Size: 0 } || !Majority.Lives([.. views.Where(static each => each.Value.State != PeerState.Silent).Select(static each => each.Key), self], [.. views.Keys, self]))
            return null;
        ControlEndpoint[] others = store is null ? [.. views.Keys] : [.. store.Others.Union(views.Where(each => Holds(each.Value, store)).DistinctBy(static each => each.Value.StoreMember).Select(static each => each.Key))];
        int size = store?.Size ?? others.Length + 1, needed = (size / 2) + 1 - (store?.IsMember ?? true ? 1 : 0);
        // Without disks whose majority would know better, the host that was started to form a cluster counts those as gone that refuse, if nobody is silent.
        if (store is null && mayForm && views.Values.All(static each => each.State != PeerState.Silent))
            needed -= views.Values.Count(static each => each.State == PeerState.Refuses);
        ImmutableArray<ControlEndpoint> outside = [.. others.Where(each => views.TryGetValue(each, out PeerView view) && view.State == PeerState.Outside)];
        return outside.Length >= needed ? new SearchStep.Claim(outside, Math.Max(needed, 0)) : null;
    }

    private TimeSpan Patience(IReadOnlyDictionary<ControlEndpoint, PeerView> views, StoreStanding? store)
    {
        if (store is { LeadsTerm: > 0 })
            return FirstPatience;
        if (IsRestarted(store))
            return views.Any(each => each.Value.State == PeerState.Outside && (each.Value.Returns || ((store is null || Holds(each.Value, store)) && Majority.Compare(each.Key, self) < 0))) ? LastPatience + NextTurn : LastPatience;
        KeyValuePair<ControlEndpoint, PeerView>[] rivals = [.. views.Where(static each => each.Value is { State: PeerState.Outside, Returns: true })];
        bool isNext = rivals.All(each => each.Value.LeadsTerm == 0 && Majority.Compare(each.Key, self) > 0);
        return !isNext ? LastPatience : store is null ? FirstPatience : NextPatience;
    }
}
