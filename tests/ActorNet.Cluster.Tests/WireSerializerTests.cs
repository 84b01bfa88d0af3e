using System.Runtime.Serialization;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Membership;
using ActorNet.Cluster.Nodes;
using ActorNet.Cluster.Serialization;
using CsCheck;

namespace ActorNet.Cluster.Tests;

public sealed class WireSerializerTests
{
    private static readonly WireSerializer Serializer = new(null);
    private static readonly byte[] Json = "{}"u8.ToArray();

    /// <summary>
    /// Bytes derived by hand from the MessagePack specification (github.com/msgpack/msgpack/blob/master/spec.md): 9N is an array of
    /// N fields in key order, 00-7f a small integer, cd a uint16 and cf a uint64 (big endian), aN a string of N UTF-8 bytes, c4 N
    /// binary of N bytes ({} is 7b 7d), c2 false, c3 true.
    /// </summary>
    private static readonly (string Manifest, IWireMessage Message, string Bytes)[] Golden =
    [
        ("JH1", new JoinHello("c", 1, "h", "e"), "94 a163 01 a168 a165"),
        ("JA1", new JoinAnswer("c", 1, true, ""), "94 a163 01 c3 a0"),
        ("RN1", new RegisterNode("r", "h", 5, Json), "94 a172 a168 05 c4027b7d"),
        ("NA1", new NodeRegistered("r", 5, 7, Json), "94 a172 05 07 c4027b7d"),
        ("NX1", new NodeRefused("r", "no"), "92 a172 a26e6f"),
        ("DN1", new DeleteNode("r", 5, "n"), "93 a172 05 a16e"),
        ("ND1", new NodeDeleted("r", 5, 300), "93 a172 05 cd012c"),
        ("LN1", new ListNodes("r", 5, 7, "a"), "94 a172 05 07 a161"),
        ("NL1", new NodeList("r", 5, 7, [Json], "n"), "95 a172 05 07 91c4027b7d a16e"),
        ("WF1", new WatchFrom("r", 1_700_000_000_000, 7), "93 a172 cf0000018bcfe56800 07"),
        ("WR1", new WatchReplay("r", 5, [new NodeEvent(5, 6, 7, NodeEventType.Modified, "n", Json)], false), "94 a172 05 91 96 05 06 07 01 a16e c4027b7d c2"),
        ("WX1", new WatchExpired("r", 5), "92 a172 05"),
        ("RR1", new RegistryRecovering("r", 5), "92 a172 05"),
        ("ON1", new OfferNodes("r", "h", 5, 7, [Json], [], true), "97 a172 a168 05 07 91c4027b7d 90 c3"),
        ("OT1", new OffersTaken("r", 5, true), "93 a172 05 c3"),
        ("BM1", new Bookmark(5, 7, false), "93 05 07 c2"),
        ("NE1", new NodeEvent(5, 6, 7, NodeEventType.Deleted, "n", Json), "96 05 06 07 02 a16e c4027b7d"),
        ("DH1", new DescribeHost("r"), "91 a172"),
        ("HD1", new HostDescribed("r", Json), "92 a172 c4027b7d"),
        ("AA1", new AskAuthority("r"), "91 a172"),
        ("AT1", new AuthorityTold("r", Json, true), "93 a172 c4027b7d c3"),
        ("SC1", new SignCertificate("r", "h", Json), "93 a172 a168 c4027b7d"),
        ("CS1", new CertificateSigned("r", Json), "92 a172 c4027b7d"),
        ("CX1", new CertificateRefused("r", "no", false), "93 a172 a26e6f c2"),
    ];

    public static TheoryData<string> Manifests => [.. Golden.Select(golden => golden.Manifest)];

    [Fact]
    public void Every_message_between_hosts_has_golden_bytes() =>
        Assert.Equal(
            typeof(IWireMessage).Assembly.GetTypes().Where(type => type.IsClass && type.IsAssignableTo(typeof(IWireMessage))).Select(type => type.Name).Order(),
            Golden.Select(golden => golden.Message.GetType().Name).Order());

    [Theory]
    [MemberData(nameof(Manifests))]
    public void A_message_has_its_golden_bytes_and_comes_back(string manifest)
    {
        (string _, IWireMessage message, string hex) = Golden.Single(golden => golden.Manifest == manifest);
        byte[] golden = Bytes(hex);

        Assert.Equal(manifest, Serializer.Manifest(message));
        Assert.Equal(golden, Serializer.ToBinary(message));
        object back = Serializer.FromBinary(golden, manifest);
        Assert.IsType(message.GetType(), back);
        Assert.Equivalent(message, back, strict: true);
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Truncated_extended_and_mistyped_bytes_are_refused(string manifest)
    {
        byte[] golden = Bytes(Golden.Single(one => one.Manifest == manifest).Bytes);
        for (int length = 0; length < golden.Length; length++)
            Assert.Throws<SerializationException>(() => Serializer.FromBinary(golden[..length], manifest));
        Assert.Throws<SerializationException>(() => Serializer.FromBinary([.. golden, 0xc0], manifest));
        Assert.Throws<SerializationException>(() => Serializer.FromBinary([0xc0], manifest));
        Assert.Throws<SerializationException>(() => Serializer.FromBinary([0x80], manifest));
        // An array whose every field is a map: no field of any message is one.
        Assert.Throws<SerializationException>(() => Serializer.FromBinary([golden[0], .. Enumerable.Repeat((byte)0x80, golden[0] & 0x0f)], manifest));
        // Fields missing at the end come from an older version: what a message cannot do without is refused by name.
        if (golden[1] == 0xa1)
            Assert.Throws<SerializationException>(() => Serializer.FromBinary([0x90], manifest));
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Deep_nesting_and_huge_lengths_are_refused_without_memory(string manifest)
    {
        byte first = Bytes(Golden.Single(one => one.Manifest == manifest).Bytes)[0];
        byte[][] hostile =
        [
            [.. Enumerable.Repeat((byte)0x91, 60_000)],
            [first, .. Enumerable.Repeat((byte)0x91, 60_000)],
            [0xdd, 0xff, 0xff, 0xff, 0xff],
            [first, 0xdb, 0xff, 0xff, 0xff, 0xff, 0x61],
            [first, 0xc6, 0x7f, 0xff, 0xff, 0xff, 0x61],
            [first, 0xa1, 0x61, 0x05, 0xdd, 0x7f, 0xff, 0xff, 0xff],
            [first, 0xa1, 0x61, 0x05, 0x07, 0xdd, 0x7f, 0xff, 0xff, 0xff],
            new byte[WireLimits.MaximumMessageBytes + 1],
        ];
        foreach (byte[] bytes in hostile)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<SerializationException>(() => Serializer.FromBinary(bytes, manifest));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        }
    }

    [Fact]
    public void Any_bytes_give_a_well_formed_message_or_a_refusal() =>
        Gen.Select(Gen.OneOfConst([.. Golden.Select(golden => golden.Manifest)]), Gen.Byte.Array[0, 64], Gen.Int[0, 63]).Sample((manifest, noise, place) =>
        {
            byte[] golden = Bytes(Golden.Single(one => one.Manifest == manifest).Bytes);
            byte[] mutated = [.. golden];
            if (noise.Length > 0)
                mutated[place % mutated.Length] = noise[0];
            foreach (byte[] bytes in new[] { noise, mutated })
            {
                try
                {
                    Assert.Null(((IWireMessage)Serializer.FromBinary(bytes, manifest)).Defect());
                }
                catch (SerializationException)
                {
                    // The only allowed way to refuse.
                }
            }
        }, iter: 20_000);

    [Fact]
    public void An_unknown_manifest_is_refused() => Assert.Throws<SerializationException>(() => Serializer.FromBinary([0x90], "XX9"));

    [Fact]
    public void A_message_above_64_KB_is_refused_with_its_size()
    {
        NodeRegistered large = new("r", 1, 1, new byte[WireLimits.MaximumMessageBytes]);
        SerializationException refused = Assert.Throws<SerializationException>(() => Serializer.ToBinary(large));
        Assert.Contains("at most 65536", refused.Message, StringComparison.Ordinal);
        // Array header 1, "r" 2, two small integers 2, bin32 header 5: 10 bytes before 65,536, by the MessagePack specification.
        Assert.Contains("65546", refused.Message, StringComparison.Ordinal);
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
