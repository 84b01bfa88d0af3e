using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <summary>What a connection needs around it: the namespace's TCP in life, a virtual wire in a simulation.</summary>
internal interface ITcpHost
{
    /// <summary>Settings.</summary>
    TcpSettings Settings { get; }

    /// <summary>Counters.</summary>
    TcpCounters Counters { get; }

    /// <summary>Frame memory.</summary>
    FrameCache Frames { get; }

    /// <summary>Send memory.</summary>
    SendMemory SendMemory { get; }

    /// <summary>Receive memory.</summary>
    ReceiveMemory ReceiveMemory { get; }

    /// <summary>Time, for what the user calls.</summary>
    Instant Now { get; }

    /// <summary>Sends a segment, header and data with its checksum; takes the frame.</summary>
    SendError Send(TcpConnection connection, ref Frame segment);

    /// <summary>The MTU towards the peer in bytes; 0 without a route.</summary>
    int PathMtu(TcpConnection connection);

    /// <summary>The connection has something to send or its deadline moved: <see cref="TcpConnection.Transmit"/> is to be called at the end of the turn.</summary>
    void Changed(TcpConnection connection);

    /// <summary>A handshake that a listener began is finished.</summary>
    /// <returns>False when the queue of finished connections is full.</returns>
    bool TryAccept(TcpConnection connection);

    /// <summary>The connection is over; in <see cref="TcpState.TimeWait"/> its place is to be kept.</summary>
    void Ended(TcpConnection connection);

    /// <summary>The user of a connection that may have ended with unread data let go of it.</summary>
    void Forget(TcpConnection connection);

    /// <summary>The user of a connection closed it, and it goes on without one.</summary>
    /// <returns>False when there are too many of these.</returns>
    bool TryOrphan();

    /// <summary>Answers a segment that fits no connection with a reset (RFC 9293, 3.10.7.1).</summary>
    void Refuse(TcpConnection connection, in TcpSegment segment);

    /// <summary>Whether the namespace's limit lets another challenge ACK out (RFC 5961, 7).</summary>
    bool TakeChallenge(Instant now);
}
