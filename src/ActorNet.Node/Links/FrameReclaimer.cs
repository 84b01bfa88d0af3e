using ActorNet.Dataplane.Frames;
using Akka.Actor;
using Akka.Event;

namespace ActorNet.Node.Links;

/// <summary>
/// Takes back the vectors that nobody will handle any more: those in the mailbox of an actor that stopped, and those told to it afterwards.
/// Akka publishes both as dead letters, each once. Their memory goes back to the pool, their place to the link's window, and their frames are
/// counted as dropped.
/// </summary>
internal sealed class FrameReclaimer : UntypedActor
{
    private readonly FrameCache _frames;

    private readonly DropLedger _drops;

    public FrameReclaimer(FramePool pool, DropLedger drops)
    {
        _frames = pool.CreateCache("reclaimer");
        _drops = drops;
    }

    /// <summary>Starts it in a system. It is a system actor, so that it outlives every actor that handles frames.</summary>
    /// <param name="system">The system.</param>
    /// <param name="pool">The pool of all frames in that system.</param>
    /// <param name="drops">Where the frames are counted.</param>
    public static void Start(ActorSystem system, FramePool pool, DropLedger drops)
    {
        IActorRef reclaimer = ((ExtendedActorSystem)system).SystemActorOf(Props.Create(() => new FrameReclaimer(pool, drops)), "frame-reclaimer");
        system.EventStream.Subscribe(reclaimer, typeof(DeadLetter));
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        if (message is not DeadLetter { Message: FrameVector vector })
            return;
        LinkCredit credit = vector.TakeCredit();
        _drops.Count(DropReason.ReceiverGone, vector.WireCount);
        _frames.Release(vector);
        credit.Return();
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _frames.Dispose();
        base.PostStop();
    }
}
