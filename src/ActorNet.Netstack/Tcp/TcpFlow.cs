using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <summary>An entry of the table of connections: a connection, or what is left of it in TIME-WAIT.</summary>
internal abstract class TcpFlow(Ipv4Endpoint local, Ipv4Endpoint remote) : TimedEntry
{
    public Ipv4Endpoint Local { get; } = local;

    public Ipv4Endpoint Remote { get; } = remote;

    public abstract TcpState State { get; }

    /// <summary>Takes a segment. The frame's bytes are its data; what is kept of them is taken out of the frame.</summary>
    public abstract void Receive(in TcpSegment segment, ref Frame data, Instant now);

    /// <summary>Runs what is due.</summary>
    public abstract void RunTimers(Instant now);
}
