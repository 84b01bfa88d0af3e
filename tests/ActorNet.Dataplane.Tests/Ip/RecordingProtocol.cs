using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>A transport protocol that keeps copies of all it hears.</summary>
internal sealed class RecordingProtocol(FrameCache frames) : ITransportProtocol
{
    public List<(DeliveryInfo Info, byte[] Packet)> Received { get; } = [];

    public List<(Ipv4Address Reporter, IcmpType Type, byte Code, int Mtu, Ipv4Address Destination, byte[] Transport)> Errors { get; } = [];

    public void Receive(in DeliveryInfo info, ref Frame packet)
    {
        Received.Add((info, packet.Span.ToArray()));
        frames.Release(ref packet);
    }

    public void ReceiveError(in IcmpErrorInfo error) =>
        Errors.Add((error.Reporter, error.Type, error.Code, error.NextHopMtu, error.QuotedDestination, error.QuotedTransport.ToArray()));
}
