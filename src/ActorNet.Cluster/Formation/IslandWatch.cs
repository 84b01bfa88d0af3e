using ActorNet.Cluster.Links;
using ActorNet.Cluster.Membership;

namespace ActorNet.Cluster.Formation;

/// <summary>
/// Finds out that the cluster that this host is in is an island: that another one, which a host that was a member once is in, has the store's leader. Then this host's
/// control system ends, and the next one joins there. Two clusters know nothing of each other and would stay two. A host that listens and joins nobody is asked as by one
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
                control.Cluster.Down(control.Cluster.SelfAddress);
                return;
            }
        }
    }

    /// <summary>Whether a member of another cluster leads the store, as far as a host's own knowledge of it goes: in no older term than it knows of.</summary>
    /// <param name="answer">What the other one says.</param>
    /// <param name="own">What this host knows.</param>
    internal static bool IsElsewhere(JoinAnswer answer, StoreStanding own) => answer.IsMember && answer.LeadsTerm > 0 && own.LeadsTerm == 0 && answer.LeadsTerm >= own.Term;

    private async Task<bool> IsElsewhereAsync(ControlEndpoint peer)
    {
        (int looks, int needed) = _listening.GetValueOrDefault(peer, (0, FirstLooks));
        bool listens = await PortProbe.AskAsync(peer, Patience, control.Links).ConfigureAwait(false) == PortState.Listens;
        bool isAsked = listens && looks + 1 >= needed;
        _listening[peer] = isAsked ? (0, Math.Min(2 * needed, MostLooks)) : (listens ? looks + 1 : 0, needed);
        return isAsked && await control.ScoutAsync(peer).ConfigureAwait(false) is { } answer && control.Options.Standing?.Invoke() is { } own && IsElsewhere(answer, own);
    }
}
