using System.Runtime.Serialization;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Membership;
using ActorNet.Cluster.Serialization;
using ActorNet.Cluster.Stores.Hosts;
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
        ("JH1", new JoinHello("c", 1, "h", "e", true, "r"), "96 a163 01 a168 a165 c3 a172"),
        ("JA1", new JoinAnswer("c", 1, true, "", true, 7, true, "r", "h", "m", true, true, 3, "f", "i"), "9f a163 01 c3 a0 c3 07 c3 a172 a168 a16d c3 c3 03 a166 a169"),
        ("WX1", new WatchExpired("r", 5), "92 a172 05"),
        ("OE1", new ObjectEvent(5, "t", 6, 7, ObjectChangeType.Deleted, "n", []), "97 05 a174 06 07 02 a16e c400"),
        ("WF2", new WatchFrom("r", "t", 1_700_000_000_000, 7), "94 a172 a174 cf0000018bcfe56800 07"),
        ("WR2", new WatchReplay("r", 5, [new ObjectEvent(5, "t", 6, 7, ObjectChangeType.Modified, "n", Json)], 7, false), "95 a172 05 91 97 05 a174 06 07 01 a16e c4027b7d 07 c2"),
        ("LO1", new ListObjects("r", "t", 5, 7, "a"), "95 a172 a174 05 07 a161"),
        ("OP1", new ObjectPage("r", 5, 300, [new ObjectItem("n", 7, Json)], "n"), "95 a172 05 cd012c 91 93 a16e 07 c4027b7d a16e"),
        ("FO1", new FetchObject("r", "t", 5, "n", 7, 3), "96 a172 a174 05 a16e 07 03"),
        ("PC1", new ObjectPiece("r", 5, 9, 3, Json), "95 a172 05 09 03 c4027b7d"),
        ("AR1", new ApiRecovering("r", 5), "92 a172 05"),
        ("OO1", new OfferObjects("r", "h", 5, "t", 7, [new ObjectItem("n", 7, Json)], true), "97 a172 a168 05 a174 07 91 93 a16e 07 c4027b7d c3"),
        ("BM2", new Bookmark(5, 7, false, ["t"], [6], "f"), "96 05 07 c2 91a174 9106 a166"),
        ("AC1", new ApiCall("r", 5, ApiVerb.MergePatch, "m", "t", "s", "n", "", Json), "99 a172 05 04 a16d a174 a173 a16e a0 c4027b7d"),
        ("AW1", new ApiAnswer("r", 5, 200, 7, true, Json), "96 a172 05 ccc8 07 c3 c4027b7d"),
        ("OT1", new OffersTaken("r", 5, true), "93 a172 05 c3"),
        ("DH1", new DescribeHost("r"), "91 a172"),
        ("HD1", new HostDescribed("r", Json), "92 a172 c4027b7d"),
        ("AA1", new AskAuthority("r"), "91 a172"),
        ("AT1", new AuthorityTold("r", Json, true), "93 a172 c4027b7d c3"),
        ("SC1", new SignCertificate("r", "h", Json), "93 a172 a168 c4027b7d"),
        ("CS1", new CertificateSigned("r", Json), "92 a172 c4027b7d"),
        ("CX1", new CertificateRefused("r", "no", false), "93 a172 a26e6f c2"),
        ("AK1", new AskAuthorityKey("r", Json, Json, Json), "94 a172 c4027b7d c4027b7d c4027b7d"),
        ("KS1", new AuthorityKeySealed("r", Json, Json), "93 a172 c4027b7d c4027b7d"),
        ("TS1", new TellStore("m", "h", "1.2.3.4", 5, false, true, 7, ["m"], 8, 9) { IsFull = true }, "9b a16d a168 a7312e322e332e34 05 c2 c3 07 91 a16d 08 09 c3"),
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

    // What a host of an earlier version says, by the same specification: the fields that it does not know yet are missing at the end.
    [Fact]
    public void Join_messages_without_the_newest_fields_are_read()
    {
        Assert.Equal(new JoinHello("c", 1, "h", "e"), Serializer.FromBinary(Bytes("94 a163 01 a168 a165"), "JH1"));
        Assert.Equal(new JoinAnswer("c", 1, true, ""), Serializer.FromBinary(Bytes("94 a163 01 c3 a0"), "JA1"));
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Fields_that_the_next_version_adds_at_the_end_are_skipped(string manifest)
    {
        (string _, IWireMessage message, string hex) = Golden.Single(golden => golden.Manifest == manifest);
        byte[] golden = Bytes(hex);
        Assert.Equal(0x90, golden[0] & 0xF0);
        // Two fields more, a map and a text: a fixarray, or an array 16 where they are more than 15 (MessagePack specification, array format family).
        int fields = (golden[0] & 0x0F) + 2;
        byte[] grown = [.. fields < 16 ? new[] { (byte)(0x90 | fields) } : [0xdc, 0, (byte)fields], .. golden[1..], .. Bytes("81 a161 92 01 c0"), .. Bytes("a3 6e6577")];
        Assert.Equivalent(message, Serializer.FromBinary(grown, manifest), strict: true);
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
        HostDescribed large = new("r", new byte[WireLimits.MaximumMessageBytes]);
        SerializationException refused = Assert.Throws<SerializationException>(() => Serializer.ToBinary(large));
        Assert.Contains("at most 65536", refused.Message, StringComparison.Ordinal);
        // Array header 1, "r" 2, bin32 header 5: 8 bytes before 65,536, by the MessagePack specification.
        Assert.Contains("65544", refused.Message, StringComparison.Ordinal);
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
