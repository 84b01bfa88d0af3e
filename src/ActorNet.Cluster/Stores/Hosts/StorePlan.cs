using System.Collections.Immutable;

namespace ActorNet.Cluster.Stores.Hosts;

/// <summary>A host that could hold the store.</summary>
/// <param name="Member">The name of its disk in the store.</param>
/// <param name="Host">The host's name.</param>
/// <param name="IsReachable">Whether nobody suspects it, and its disk has room.</param>
/// <param name="IsLeaving">Whether it said that it leaves the cluster.</param>
internal sealed record StoreCandidate(string Member, string Host, bool IsReachable, bool IsLeaving);

/// <summary>A change of the store's members: one at a time (Raft, section 6, and its thesis 4.1).</summary>
/// <param name="Member">Who.</param>
/// <param name="IsAdded">Added rather than removed.</param>
/// <param name="Why">For the log.</param>
internal sealed record StoreChange(string Member, bool IsAdded, string Why);

/// <summary>
/// Who is to hold the store: one host of one or two, three of three or four, five of more. A member that is only unreachable stays: it may come
/// back with what it acknowledged, and a store that shrank whenever a host fell silent would end with one disk.
/// </summary>
internal static class StorePlan
{
    /// <summary>How many members there should be.</summary>
    /// <param name="hosts">Hosts that are in the cluster, or are expected back.</param>
    public static int SizeFor(int hosts) => hosts switch { <= 2 => 1, <= 4 => 3, _ => 5 };

    /// <summary>The next change, or null when the members are as they should be.</summary>
    /// <param name="members">The members now.</param>
    /// <param name="leader">The one that leads, which makes the change.</param>
    /// <param name="candidates">The hosts of the cluster that have told of themselves, the leader's own among them.</param>
    /// <param name="removed">Disks that were taken out, or are to be: they do not come back under their names (<see cref="RaftObjectStore.Removed"/>).</param>
    /// <param name="singletonHost">Where the API server is: it reads its own copy.</param>
    /// <param name="isGone">Whether somebody has said of a host that is away that it will not come back; null: nobody ever does.</param>
    public static StoreChange? Next(
        IReadOnlyCollection<string> members, string leader, ImmutableArray<StoreCandidate> candidates, IReadOnlyCollection<string> removed, string? singletonHost, Func<string, bool>? isGone = null)
    {
        Dictionary<string, StoreCandidate> known = candidates.ToDictionary(static each => each.Member, StringComparer.Ordinal);
        StoreCandidate? next = candidates.Where(each => each is { IsReachable: true, IsLeaving: false } && !members.Contains(each.Member) && !removed.Contains(each.Member))
            .OrderByDescending(each => each.Host == singletonHost).ThenBy(static each => each.Host, StringComparer.Ordinal).FirstOrDefault();
        // A leader that goes takes nobody out: of those that stay a majority of the list by then has to be there. Only an heir it has to see to.
        if (known.TryGetValue(leader, out StoreCandidate? own) && own.IsLeaving)
            return members.Count == 1 && next is not null ? new StoreChange(next.Member, true, $"host {own.Host} leaves the cluster, and the store is on its disk alone") : null;
        foreach (string member in members.Where(each => each != leader).Order(StringComparer.Ordinal))
        {
            if (removed.Contains(member))
                return new StoreChange(member, false, "its disk was to be replaced");
            if (known.TryGetValue(member, out StoreCandidate? gone) && gone.IsLeaving)
                return new StoreChange(member, false, "its host leaves the cluster");
            if (!known.ContainsKey(member) && candidates.Any(each => StoreNames.HostOf(member) == each.Host))
                return new StoreChange(member, false, "its host has another disk now");
            if (!known.ContainsKey(member) && isGone?.Invoke(StoreNames.HostOf(member)) == true)
                return new StoreChange(member, false, "its host is away, and its Node was deleted");
        }

        int absent = members.Count(each => !known.ContainsKey(each));
        int size = SizeFor(candidates.Count(static each => !each.IsLeaving) + absent);
        if (next is not null && (members.Count < size || (next.Host == singletonHost && !IsHeldOn(singletonHost, members, known))))
            return new StoreChange(next.Member, true, members.Count < size ? $"the store is to have {size} members" : "the API server is on its host");
        if (members.Count <= size)
            return null;
        string? surplus = members.Where(each => each != leader && !(known.TryGetValue(each, out StoreCandidate? at) && at.Host == singletonHost))
            .OrderBy(known.ContainsKey).ThenByDescending(static each => each, StringComparer.Ordinal).FirstOrDefault();
        return surplus is null ? null : new StoreChange(surplus, false, $"the store is to have {size} members");
    }

    /// <summary>What stands against taking a member out for good, as a sentence; null: the others go on without it.</summary>
    /// <param name="members">The members now.</param>
    /// <param name="leaving">The one that is to go.</param>
    /// <param name="leader">The member that leads; null: not known.</param>
    /// <param name="reachable">The hosts that answer.</param>
    public static string? WhyNotLeave(IReadOnlyCollection<string> members, string leaving, string? leader, IReadOnlyCollection<string> reachable)
    {
        if (!members.Contains(leaving))
            return null;
        string[] others = [.. members.Where(each => each != leaving)];
        if (others.Length == 0)
            return "the store is on this host's disk alone, and no other host could take it over, so all objects of the cluster would be gone with it. See the problem that `actornet status` shows of the others' stores, or let another host join";
        // The others have to agree on its removal without its vote, as it may lead and be gone.
        string[] away = [.. others.Where(each => !reachable.Contains(StoreNames.HostOf(each)))];
        // One that leads takes this one out while it is still there to agree, and is a majority by itself then.
        if (others.Length == 1 && away.Length == 0 && leader == others[0])
            return null;
        int needed = (members.Count / 2) + 1;
        return others.Length - away.Length >= needed
            ? null
            : $"{others.Length - away.Length} of the store's other members answer, and {needed} are needed to go on without this one{(away.Length == 0 ? ". Let more hosts join first" : $". Start {string.Join(", ", away.Select(StoreNames.HostOf))} again, or let hosts join in their place, first")}";
    }

    private static bool IsHeldOn(string host, IReadOnlyCollection<string> members, Dictionary<string, StoreCandidate> known) =>
        members.Any(each => known.TryGetValue(each, out StoreCandidate? at) && at.Host == host);
}
