using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>A device whose link is the test: it keeps what was transmitted, or gives it to a peer, or loops it back as lo does.</summary>
internal sealed class TestDevice : NetworkDevice
{
    private readonly FrameCache _frames;

    public TestDevice(FrameCache frames, string name, int ifIndex, string mac = "00:00:00:00:00:00", int mtu = 1500, bool up = true)
        : base(name, ifIndex, MacAddress.Parse(mac), mtu)
    {
        _frames = frames;
        IsUp = up;
        HasCarrier = true;
    }

    public override string Kind => Name == "lo" ? "loopback" : "test";

    /// <summary>Copies of every frame transmitted, unless there is a peer.</summary>
    public List<byte[]> Sent { get; } = [];

    /// <summary>The other end of the cable; lo is its own.</summary>
    public TestDevice? Peer { get; set; }

    /// <summary>Counts and releases instead of keeping copies.</summary>
    public bool Discard { get; set; }

    public long Transmitted { get; private set; }

    public int TransmittedVectors { get; private set; }

    public override void Transmit(FrameVector frames)
    {
        TransmittedVectors++;
        Transmitted += frames.Count;
        if (!Discard && Peer is null)
        {
            foreach (ref Frame frame in frames.Frames)
                Sent.Add(frame.Span.ToArray());
        }

        if (Peer is { IsUp: true, Upper: not null } && IsUp)
            Peer.Receive(frames);
        else
            _frames.Release(frames);
    }

    public override void Receive(FrameVector frames)
    {
        if (Upper is null)
            _frames.Release(frames);
        else
            Upper.Push(frames);
    }

    public override void SetUp(bool up) => IsUp = up;

    public void SetCarrier(bool carrier) => HasCarrier = carrier;

    /// <summary>Lets frames arrive in one vector.</summary>
    public void Arrive(params byte[][] frames)
    {
        Assert.True(_frames.TryRentVector(out FrameVector vector));
        foreach (byte[] bytes in frames)
        {
            Assert.True(_frames.TryRentFrame(bytes.Length, out Frame frame));
            bytes.CopyTo(frame.Span);
            vector.Add(frame);
        }

        Receive(vector);
    }

    /// <summary>Takes what was transmitted so far.</summary>
    public List<byte[]> TakeSent()
    {
        List<byte[]> sent = [.. Sent];
        Sent.Clear();
        return sent;
    }
}
