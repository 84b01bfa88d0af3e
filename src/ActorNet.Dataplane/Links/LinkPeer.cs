using ActorNet.Packets;

namespace ActorNet.Dataplane.Links;

/// <summary>Which frames of a link with many ends are meant: those with a hardware address at an offset, as the far VTEP's in the inner header.</summary>
/// <param name="Mac">The far end's address.</param>
/// <param name="Offset">Where it stands in the frame, in bytes.</param>
public readonly record struct LinkPeer(MacAddress Mac, int Offset)
{
    /// <summary>Whether a frame goes to, or comes from, that end.</summary>
    /// <param name="frame">The frame with whatever is in front of it; one that is too short matches nobody.</param>
    public bool Matches(ReadOnlySpan<byte> frame) => frame.Length >= Offset + MacAddress.Length && MacAddress.Read(frame[Offset..]) == Mac;
}
