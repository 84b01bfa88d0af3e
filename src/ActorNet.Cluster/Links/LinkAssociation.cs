using Akka.Remote.Transport;
using Google.Protobuf;

namespace ActorNet.Cluster.Links;

/// <summary>One association with another control system, seen through the host's <see cref="ControlLinks"/>.</summary>
internal sealed class LinkAssociation : AssociationHandle, IHandleEventListener
{
    private readonly AssociationHandle _wire;
    private readonly ControlLinks _links;
    private readonly DelayLine _line;
    private IHandleEventListener? _above;
    private bool _peeked;
    private int _hasEnded;

    /// <summary>Wraps an association.</summary>
    /// <param name="wire">The association below.</param>
    /// <param name="links">The host's faults.</param>
    /// <param name="peer">Whom this host called; null when the peer called, its handshake then tells who it is.</param>
    public LinkAssociation(AssociationHandle wire, ControlLinks links, ControlEndpoint? peer)
        : base(LinkTransport.Augmenter.AugmentScheme(wire.LocalAddress), LinkTransport.Augmenter.AugmentScheme(wire.RemoteAddress))
    {
        _wire = wire;
        _links = links;
        Peer = peer;
        _peeked = peer is not null;
        _line = new DelayLine(wire, TimeProvider.System, () => Cuts(LinkDirection.Send), () => links.CountLost(Peer), () => links.CountDelayed(Peer));
        links.Live.Add(this);
        // Reading starts below only when there is a listener above: nothing arrives that nobody could take.
        ReadHandlerSource.Task.ContinueWith(
            listener =>
            {
                _above = listener.Result;
                _wire.ReadHandlerSource.TrySetResult(this);
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously | TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default);
    }

    /// <summary>The other end, once known.</summary>
    public ControlEndpoint? Peer { get; private set; }

    /// <inheritdoc/>
    public override bool Write(ByteString payload)
    {
        ControlLinkFault? fault = _links.For(Peer);
        if (fault is not null && fault.Cut.HasFlag(LinkDirection.Send))
        {
            _links.CountLost(Peer);
            return true;
        }
        return _line.Write(payload, fault?.Delay ?? TimeSpan.Zero);
    }

    /// <inheritdoc/>
    [Obsolete("Akka's base method is obsolete, its implementation is not.")]
    public override void Disassociate() => Close();

    /// <summary>Closes the connection once what waits has left.</summary>
    public void Close()
    {
        End();
        _line.Close();
    }

    /// <inheritdoc/>
    public void Notify(IHandleEvent ev)
    {
        if (ev is InboundPayload inbound)
        {
            if (!_peeked)
            {
                _peeked = true;
                Peer = HandshakePeek.Origin(inbound.Payload);
            }
            if (Cuts(LinkDirection.Receive))
            {
                _links.CountLost(Peer);
                return;
            }
        }
        else if (ev is Disassociated)
        {
            End();
            _line.Abandon();
        }
        _above?.Notify(ev);
    }

    // Whoever never said which host he is was none.
    private void End()
    {
        _links.Live.Remove(this);
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0 && Peer is null)
            _links.CountStranger();
    }

    private bool Cuts(LinkDirection direction) => _links.For(Peer) is { } fault && fault.Cut.HasFlag(direction);
}
