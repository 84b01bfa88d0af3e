using ActorNet.Cluster.Links;
using ActorNet.Cluster.Membership;

namespace ActorNet.Cluster.Formation;

/// <summary>
/// Finds out that the cluster that this host is in is an island: that another one, which a host that was a member once is in, has the store's leader, or, where no disk of a
/// host has the store, is the larger one (<see cref="ClusterSide"/>). Then this host's control system ends, and the next one joins there. Two clusters know nothing of each other and would stay two. A host that listens and joins nobody is asked as by one
/// that wants to join: by a control system of its own, as Akka may have quarantined it, and asking it from this one would end a healthy member.
/// </summary>
/// <param name="control">The control system that is in the cluster.</param>
/// <param name="peers">Hosts that have been members.</param>
internal sealed class IslandWatch(ControlSystem control, Func<IEnumerable<ControlEndpoint>> peers)
{
    /// <summary>Looks after which a host that listens and is no member is asked, at first; twice as many after each answer.</summary>
    private const int FirstLooks = 4, MostLooks = 128;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3), Patience = TimeSpan.FromSeconds(1);

    private readonly Dictionary<ControlEndpoint, (int Looks, int Needed)> _listening = [];

    /// <summary>A host of the cluster beside which this one was an island; null: it was none.</summary>
    public ControlEndpoint? Elsewhere { get; private set; }

    /// <summary>Watches until the control system has ended, or ends it.</summary>
    public async Task RunAsync()
    {
        while (await Task.WhenAny(control.Ended, Task.Delay(Interval)).ConfigureAwait(false) != control.Ended)
        {
            ControlEndpoint[] absent = [.. peers().Except(control.Snapshot.Members.Select(static member => member.Endpoint))];
            foreach (ControlEndpoint back in _listening.Keys.Except(absent).ToArray())
                _listening.Remove(back);
            foreach (ControlEndpoint peer in absent)
            {
                if (!await IsElsewhereAsync(peer).ConfigureAwait(false))
                    continue;
                Elsewhere = peer;
                control.Cluster.Down(control.Cluster.SelfAddress);
                return;
            }
        }
    }

    /// <summary>
    /// Whether a member of another cluster leads the store, as far as a host's own knowledge of it goes: in no older term than it knows of. Without a store on hosts' disks:
    /// whether that cluster is the one that lives. A cluster of which this host is a member is no other one, it has only not been heard of here that the peer came.
    /// </summary>
    /// <param name="answer">What the other one says.</param>
    /// <param name="store">What this host knows of the store; null: it is on no host's disk.</param>
    /// <param name="own">The cluster that this host is in.</param>
    internal static bool IsElsewhere(JoinAnswer answer, StoreStanding? store, ClusterSide own) => answer is { IsMember: true, HasAsker: false }
        && (store is null ? ClusterSide.Of(answer) is { } other && own.YieldsTo(other) : answer.LeadsTerm > 0 && store.LeadsTerm == 0 && answer.LeadsTerm >= store.Term);

    private async Task<bool> IsElsewhereAsync(ControlEndpoint peer)
    {
        (int looks, int needed) = _listening.GetValueOrDefault(peer, (0, FirstLooks));
        bool listens = await PortProbe.AskAsync(peer, Patience, control.Links).ConfigureAwait(false) == PortState.Listens;
        bool isAsked = listens && looks + 1 >= needed;
        _listening[peer] = isAsked ? (0, Math.Min(2 * needed, MostLooks)) : (listens ? looks + 1 : 0, needed);
        return isAsked && await control.ScoutAsync(peer).ConfigureAwait(false) is { } answer
            && IsElsewhere(answer, control.Options.Standing?.Invoke(), ClusterSide.Of(control.Snapshot, control.Options.Identity?.Invoke() ?? ""));
    }
}
