using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Interop.Tests.TcpScripts;
using ActorNet.Packets;

namespace ActorNet.Interop.Tests.Throughput;

/// <summary>An end of a path that is a kernel's TUN device. Packets get an Ethernet header on the path, which the kernel does not see.</summary>
/// <param name="tun">The device.</param>
/// <param name="frames">Frame memory.</param>
/// <param name="target">The MAC of the other end.</param>
internal sealed class TunEnd(TunDevice tun, FrameCache frames, MacAddress target) : INearEnd
{
    private const int Batch = 32;

    public IFrameSink Link { get; set; } = null!;

    public TunDevice Device => tun;

    public Instant NextDeadline => Instant.Never;

    public bool Turn(Instant now)
    {
        if (!frames.TryRentVector(out FrameVector vector))
            return false;
        while (vector.Count < Batch && tun.Read(TimeSpan.Zero) is { } packet)
        {
            if (!frames.TryRentFrame(EthernetView.HeaderLength + packet.Length, out Frame frame))
                break;
            frame.Span[..EthernetView.HeaderLength].Clear();
            target.Write(frame.Span);
            frame.Span[12] = 8;
            packet.CopyTo(frame.Span[EthernetView.HeaderLength..]);
            vector.Add(frame);
        }

        bool more = vector.Count == Batch;
        if (vector.Count > 0)
            Link.Push(vector);
        else
            frames.ReleaseEmpty(vector);
        return more;
    }

    public void Push(FrameVector vector)
    {
        foreach (ref Frame frame in vector.Frames)
            tun.Write(frame.Span[EthernetView.HeaderLength..]);
        frames.Release(vector);
    }

    public void Dispose() => tun.Dispose();
}
