using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Tests.Devices;
using ActorNet.Dataplane.Time;
using ActorNet.Dataplane.Tunnels;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Tunnels;

public sealed class TunnelProbesTests
{
    private static readonly Guid Known = new("00112233-4455-6677-8899-aabbccddeeff");
    private static readonly UnderlayEndpoint Asker = new(Ipv4Address.Parse("192.168.56.99"), 8472);

    private static readonly Instant Start = new(0);

    private readonly FrameRig _rig = new();

    [Fact]
    public void Probes_of_a_known_number_go_back_as_they_came_and_all_else_goes_on_in_its_order()
    {
        var back = new Collector(_rig.Cache);
        var probes = new TunnelProbes(_rig.Cache);
        Assert.False(probes.IsExpecting);
        probes.Expect(Known, "a", Start);
        FrameVector came = _rig.Vector(_rig.Raw([8, 0, 0, 0, 0, 0, 1, 0, 1]), Probe(Known, 32), Probe(Guid.NewGuid(), 40), Probe(Known, 1472), _rig.Raw([2]));
        for (int i = 0; i < came.Count; i++)
            came[i].Remote = Asker;

        probes.Answer(came, back, Start);

        Assert.Equal([32, 1472], back.Frames.Select(static frame => frame.Length));
        Assert.All(back.Metadata, sent => Assert.Equal(Asker, sent.Remote));
        Assert.All(back.Frames, bytes => Assert.True(TunnelProbe.TryRead(bytes, out Guid number) && number == Known));
        Assert.Equal([9, 40, 1], came.Frames.ToArray().Select(static frame => frame.Length));
        Assert.Equal((2, 0), (probes.Heard(Known), probes.Heard(Guid.NewGuid())));
        _rig.Cache.Release(came);
        _rig.AssertIdle();
    }

    [Fact]
    public void A_number_is_answered_so_often_and_no_oftener()
    {
        var back = new Collector(_rig.Cache);
        var probes = new TunnelProbes(_rig.Cache);
        probes.Expect(Known, "a", Start);
        for (int i = 0; i < TunnelProbes.MostAnswers + 10; i++)
            Release(Answered(probes, back, Known));
        Assert.Equal(TunnelProbes.MostAnswers, back.Count);
        _rig.AssertIdle();
    }

    [Fact]
    public void Who_asks_often_loses_his_own_numbers_and_nobody_elses()
    {
        var back = new Collector(_rig.Cache);
        var probes = new TunnelProbes(_rig.Cache);
        Guid first = Guid.NewGuid();
        probes.Expect(Known, "a", Start);
        probes.Expect(first, "b", Start);
        for (int i = 0; i < TunnelProbes.MostNumbers; i++)
            probes.Expect(Guid.NewGuid(), "b", Start);
        Release(Answered(probes, back, Known));
        Release(Answered(probes, back, first));
        Assert.Equal((1, 0, 1), (probes.Heard(Known), probes.Heard(first), back.Count));

        // With more askers than there is room for, one with several gives way before one with a single number does.
        for (int i = 0; i < TunnelProbes.MostNumbers - 5; i++)
            probes.Expect(Guid.NewGuid(), $"c{i}", Start);
        for (int i = 0; i < 3; i++)
            probes.Expect(Guid.NewGuid(), $"d{i}", Start);
        Release(Answered(probes, back, Known));
        Assert.Equal(2, probes.Heard(Known));
        _rig.AssertIdle();
    }

    [Fact]
    public void A_number_that_is_two_minutes_old_is_forgotten_and_then_a_vector_costs_one_test_again()
    {
        var back = new Collector(_rig.Cache);
        var probes = new TunnelProbes(_rig.Cache);
        probes.Expect(Known, "a", Start);
        FrameVector came = _rig.Vector(Probe(Known, TunnelProbe.MinLength));
        probes.Answer(came, back, Start + TunnelProbes.Lifetime);
        Release(came);
        Assert.Equal((0, false), (back.Count, probes.IsExpecting));
        _rig.AssertIdle();
    }

    /// <summary>RFC 7348, section 5: a datagram without the I flag is no tunnel's. A kernel drops it, and so does a host that expects nothing.</summary>
    [Fact]
    public void A_probe_is_no_tunnels_datagram()
    {
        byte[] probe = new byte[TunnelProbe.MinLength];
        TunnelProbe.Write(probe, Known);
        Assert.Equal(0, probe[0] & 0x08);
        Assert.False(TunnelProbe.TryRead(probe.AsSpan(0, probe.Length - 1), out _));
        probe[0] = 0x08;
        Assert.False(TunnelProbe.TryRead(probe, out _));
    }

    private FrameVector Answered(TunnelProbes probes, Collector back, Guid number)
    {
        FrameVector came = _rig.Vector(Probe(number, TunnelProbe.MinLength));
        probes.Answer(came, back, Start);
        return came;
    }

    private void Release(FrameVector left) => _rig.Cache.Release(left);

    private Frame Probe(Guid number, int length)
    {
        byte[] bytes = new byte[length];
        TunnelProbe.Write(bytes, number);
        return _rig.Raw(bytes);
    }
}
