using System.Runtime.Serialization;
using System.Text;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Serialization;
using CsCheck;

namespace ActorNet.Cluster.Tests;

public sealed class FaultOrderSerializerTests
{
    private static readonly FaultOrderSerializer Serializer = new(null);

    private static readonly IFaultOrder[] Orders =
    [
        new CutControlLink("h2", LinkDirection.Send),
        new HealControlLink("h2"),
        new DelayControlLink("h2", TimeSpan.FromMilliseconds(200)),
        new ClearControlLinks(),
        new FaultOrderDone(),
        new FaultOrderRefused("no"),
        new FaultOrderRefused(new string('x', 1000)),
    ];

    [Fact]
    public void Every_order_comes_back()
    {
        Assert.Equal(
            typeof(IFaultOrder).Assembly.GetTypes().Where(type => type.IsClass && type.IsAssignableTo(typeof(IFaultOrder))).Select(type => type.Name).Order(),
            Orders.Select(order => order.GetType().Name).Distinct().Order());
        foreach (IFaultOrder order in Orders)
            Assert.Equal(order, Serializer.FromBinary(Serializer.ToBinary(order), typeof(IFaultOrder)));
    }

    /// <summary>
    /// The bytes by Hyperion's wire format (Hyperion README and src/Hyperion/ValueSerializers): ff is a manifest, then the length of
    /// the type's short name as an int32 (little endian) and the name; 00 follows nothing; the fields come in order of name: a string is its
    /// length + 1 (one byte when it is short) and UTF-8.
    /// </summary>
    [Fact]
    public void A_heal_order_has_its_golden_bytes()
    {
        byte[] name = Encoding.UTF8.GetBytes("ActorNet.Cluster.Links.HealControlLink, ActorNet.Cluster");
        byte[] bytes = Serializer.ToBinary(new HealControlLink("h2"));
        Assert.Equal([0xff, (byte)name.Length, 0, 0, 0, .. name], bytes[..(5 + name.Length)]);
        Assert.Equal([3, (byte)'h', (byte)'2'], bytes[(5 + name.Length)..]);
    }

    [Fact]
    public void A_type_that_is_not_on_the_list_is_neither_written_nor_made()
    {
        Assert.Throws<SerializationException>(() => Serializer.ToBinary(new Smuggled("x")));
        foreach (object other in new object[] { new Smuggled("x"), new Version(1, 2), new List<string> { "x" }, "text", 5 })
        {
            using MemoryStream stream = new();
            new Hyperion.Serializer(new Hyperion.SerializerOptions(false, true, null, null, null, true, null, true, Hyperion.DisabledTypeFilter.Instance)).Serialize(other, stream);
            Assert.Throws<SerializationException>(() => Serializer.FromBinary(stream.ToArray(), typeof(IFaultOrder)));
        }
    }

    [Fact]
    public void Truncated_and_random_bytes_are_refused_without_memory()
    {
        foreach (IFaultOrder order in Orders)
        {
            byte[] golden = Serializer.ToBinary(order);
            for (int length = 0; length < golden.Length; length++)
                Refuse(golden[..length]);
        }
        Gen.Byte.Array[0, 200].Sample(Refuse, iter: 3_000, threads: 1);
        foreach (IFaultOrder order in Orders)
        {
            byte[] golden = Serializer.ToBinary(order);
            for (int place = 0; place < golden.Length; place++)
            {
                foreach (byte value in new byte[] { 0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff })
                {
                    byte[] mutated = [.. golden];
                    mutated[place] = value;
                    Refuse(mutated);
                }
            }
        }
        Refuse(new byte[WireLimits.MaximumMessageBytes + 1]);
        Refuse([0xff, 0xff, 0xff, 0xff, 0x7f, 0x41]);
    }

    private static void Refuse(byte[] bytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Assert.IsAssignableFrom<IFaultOrder>(Serializer.FromBinary(bytes, typeof(IFaultOrder)));
        }
        catch (SerializationException)
        {
            // The only allowed way to refuse.
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    private sealed record Smuggled(string Text) : IFaultOrder;
}
