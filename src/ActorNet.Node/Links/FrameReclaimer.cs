using ActorNet.Dataplane.Frames;
using Akka.Actor;
using Akka.Event;

namespace ActorNet.Node.Links;

/// <summary>
/// Takes back the vectors that nobody will handle any more: those in the mailbox of an actor that stopped, and those told to it afterwards.
/// Akka publishes both as dead letters, each once. Their memory goes back to the pool, their place to the link's window, and their frames are
/// counted as dropped.
/// </summary>
/// <remarks>
/// It is no actor, but deals with each dead letter on the thread that publishes it. An actor would be stopped with its system, and what then lay in its own
/// mailbox would be lost: a node that ends under load has thousands of them at once.
/// </remarks>
internal sealed class FrameReclaimer : MinimalActorRef
{
    private readonly FramePool _pool;
    private readonly DropLedger _drops;

    private FrameReclaimer(ExtendedActorSystem system, FramePool pool, DropLedger drops)
    {
        (_pool, _drops) = (pool, drops);
        Provider = system.Provider;
        Path = system.Provider.RootPath / "frame-reclaimer";
    }

    /// <inheritdoc/>
    public override ActorPath Path { get; }

    /// <inheritdoc/>
    public override IActorRefProvider Provider { get; }

    /// <summary>Starts it in a system.</summary>
    /// <param name="system">The system.</param>
    /// <param name="pool">The pool of all frames in that system.</param>
    /// <param name="drops">Where the frames are counted.</param>
    public static void Start(ActorSystem system, FramePool pool, DropLedger drops) =>
        system.EventStream.Subscribe(new FrameReclaimer((ExtendedActorSystem)system, pool, drops), typeof(DeadLetter));

    /// <inheritdoc/>
    protected override void TellInternal(object message, IActorRef sender)
    {
        if (message is not DeadLetter { Message: FrameVector vector })
            return;
        LinkCredit credit = vector.TakeCredit();
        _drops.Count(DropReason.ReceiverGone, vector.WireCount);
        // A cache has one owner: each letter has one of its own, for they come from any thread, and seldom.
        using (FrameCache frames = _pool.CreateCache("reclaimer"))
            frames.Release(vector);
        credit.Return();
    }
}
