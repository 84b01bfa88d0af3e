using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;
using CsCheck;
using static ActorNet.Dataplane.Tests.Bridging.BridgeRig;

namespace ActorNet.Dataplane.Tests.Bridging;

public sealed class BridgePropertyTests
{
    private const int Ports = 4;

    /// <summary>One step: frames (destination, source) that arrive in one vector at a port. Destination 6 is broadcast, 7 the bridge.</summary>
    private static readonly Gen<(int Port, (int Destination, int Source)[] Frames)> Step =
        Gen.Select(Gen.Int[0, Ports - 1], Gen.Select(Gen.Int[0, 7], Gen.Int[0, 5]).Array[1, 64]);

    [Fact]
    public void It_agrees_with_a_switch_written_frame_by_frame_from_the_standard()
    {
        // The model is IEEE 802.1D-2004, 7.7 and 7.8, one frame at a time with a dictionary; ours works on vectors with run caches.
        Step.Array[1, 20].Sample(steps =>
        {
            var rig = new BridgeRig(Ports);
            var model = new Dictionary<int, int>();
            var expected = new List<int>[Ports + 1];
            for (int i = 0; i <= Ports; i++)
                expected[i] = [];
            int number = 0;
            foreach ((int port, (int Destination, int Source)[] frames) in steps)
            {
                var vector = new List<Frame>();
                foreach ((int destination, int source) in frames)
                {
                    number++;
                    MacAddress to = destination switch { 6 => MacAddress.Broadcast, 7 => BridgeMac, _ => Station(destination) };
                    vector.Add(rig.Rig.Frame(to, Station(source), 64, (EtherType)number));
                    model[source] = port;
                    if (destination == 7)
                        expected[Ports].Add(number);
                    else if (destination != 6 && model.TryGetValue(destination, out int known))
                        Add(expected, known, port, number);
                    else
                        Flood(expected, port, destination, number);
                }

                rig.Arrive(port, [.. vector]);
            }

            for (int i = 0; i < Ports; i++)
                Assert.Equal(expected[i], rig.Far[i].Frames.Select(Number));
            Assert.Equal(expected[Ports], rig.Up.Frames.Select(Number));
            rig.Rig.AssertIdle();
        }, iter: 200);
    }

    [Fact]
    public void Every_frame_is_delivered_or_counted_as_dropped()
    {
        Step.Array[1, 20].Sample(steps =>
        {
            var rig = new BridgeRig(Ports);
            long arrived = 0;
            foreach ((int port, (int Destination, int Source)[] frames) in steps)
            {
                // Unicast to stations that are all known: one outcome per frame.
                for (int s = 0; s < 6; s++)
                    rig.Bridge.SetEntry(Station(s), rig.Port(s % Ports), permanent: false);
                arrived += frames.Length;
                rig.Arrive(port, [.. frames.Select(f => rig.Rig.Frame(Station(f.Destination % 6), Station(100 + f.Source)))]);
            }

            Assert.Equal(arrived, rig.Counts().Sum() + rig.Bridge.Device.Counters.Drops.Total);
            rig.Rig.AssertIdle();
        }, iter: 100);
    }

    [Fact]
    public void The_table_finds_what_was_added_and_nothing_that_was_removed()
    {
        Gen.Select(Gen.Int[0, 40], Gen.Bool).Array[1, 300].Sample(operations =>
        {
            var rig = new BridgeRig(1);
            var model = new HashSet<int>();
            foreach ((int station, bool add) in operations)
            {
                if (add)
                {
                    rig.Bridge.SetEntry(Station(station), rig.Port(0), permanent: false);
                    model.Add(station);
                }
                else
                {
                    Assert.Equal(model.Remove(station), rig.Bridge.RemoveEntry(Station(station)));
                }
            }

            for (int s = 0; s <= 40; s++)
                Assert.Equal(model.Contains(s), rig.Bridge.FindEntry(Station(s)) is not null);
            Assert.Equal(model.Count + 2, rig.Bridge.GetEntries().Count);
        }, iter: 300);
    }

    [Fact]
    public void A_million_random_frames_harm_nobody()
    {
        var rig = new BridgeRig(Ports, keepBytes: false);
        rig.Port(2).Hairpin = true;
        ulong state = 1;
        for (int v = 0; v < 1_000_000 / 64; v++)
        {
            Assert.True(rig.Rig.Cache.TryRentVector(out FrameVector vector));
            for (int i = 0; i < 64; i++)
            {
                ulong random = Next(ref state);
                Assert.True(rig.Rig.Cache.TryRentFrame((int)(random % 80), out Frame frame));
                for (int b = 0; b + 8 <= frame.Length; b += 8)
                    BitConverter.TryWriteBytes(frame.Span[b..], Next(ref state));
                // Half of the frames carry addresses of a few stations, so that every path is met.
                if ((random & (1UL << 40)) != 0 && frame.Length >= 14)
                    EthernetView.Write(frame.Span, Pick(random >> 41), Pick(random >> 44), EtherType.Ipv4);
                vector.Add(frame);
            }

            if ((v & 7) == 0)
                rig.Bridge.Device.Transmit(vector);
            else if ((v & 7) == 1)
                rig.Port(v % Ports).Push(vector);
            else
                rig.Devices[v % Ports].Receive(vector);
            rig.Rig.Time.Advance(TimeSpan.FromMilliseconds(50));
            rig.Bridge.Poll(rig.Rig.Clock.Now);
        }

        Assert.True(rig.Bridge.LearnedCount <= Bridge.DefaultMaxLearned);
        Assert.All(rig.Far, far => Assert.NotEqual(0, far.Count));
        Assert.True(rig.Drops(DropReason.BadEthernet) > 1000);
        rig.Rig.AssertIdle();
    }

    private static MacAddress Pick(ulong random) => (random & 7) switch
    {
        0 => MacAddress.Broadcast,
        1 => BridgeMac,
        2 => PortMac(1),
        3 => MacAddress.Zero,
        ulong n => Station((int)n),
    };

    private static ulong Next(ref ulong state)
    {
        // splitmix64 (Steele, Lea, Flood 2014).
        ulong z = state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    private static void Add(List<int>[] expected, int port, int ingress, int number)
    {
        if (port != ingress)
            expected[port].Add(number);
    }

    private static void Flood(List<int>[] expected, int ingress, int destination, int number)
    {
        for (int p = 0; p < Ports; p++)
            Add(expected, p, ingress, number);
        if (destination == 6)
            expected[Ports].Add(number);
    }

    private static int Number(byte[] frame) => (frame[12] << 8) | frame[13];
}
