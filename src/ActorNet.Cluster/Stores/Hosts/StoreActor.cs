using ActorNet.Cluster.Membership;
using Akka.Actor;
using Akka.Cluster;

namespace ActorNet.Cluster.Stores.Hosts;

/// <summary>Tells the other hosts of this one's store, hears of theirs, and has the leader look after its members once a second. One in each control system.</summary>
internal sealed class StoreActor(HostStore store, ControlSystem control) : UntypedActor, IWithTimers
{
    internal const string Name = "store";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly HashSet<(string Host, int Uid)> _answered = [];

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(Look.Instance, Look.Instance, TimeSpan.Zero, Interval);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Look:
                LookAfter();
                break;
            case TellStore told:
                Hear(told);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private IEnumerable<ControlMember> Others => control.Snapshot.Members.Where(member => member.Name != control.HostName && member is { IsReachable: true, Status: MemberStatus.Up or MemberStatus.Leaving });

    // A leader is heard each time: whoever was taken out while it was away has to learn of it.
    private void LookAfter()
    {
        store.Keep(control.Snapshot);
        if (store.Telling(isAnswer: false) is not { } own)
            return;
        foreach (ControlMember other in Others.Where(each => own.LeadsTerm > 0 || own.IsLeaving || !_answered.Contains((each.Name, each.Uid))))
            Tell(other, own);
    }

    private void Hear(TellStore told)
    {
        if (control.Snapshot.Find(told.Host) is not { } from || !store.Hear(told, from.Endpoint))
            return;
        _answered.Add((from.Name, from.Uid));
        if (told.IsLeaving)
            store.Keep(control.Snapshot);
        if (!told.IsAnswer && store.Telling(isAnswer: true) is { } own)
            Tell(from, own);
    }

    private void Tell(ControlMember to, TellStore own) => control.SelectOn(to.Endpoint, Name).Tell(own);

    /// <summary>Time to look after the store, or to tell of what changed.</summary>
    internal sealed class Look
    {
        public static readonly Look Instance = new();

        private Look()
        {
        }
    }
}
