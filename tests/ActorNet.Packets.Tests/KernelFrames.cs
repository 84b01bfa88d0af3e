namespace ActorNet.Packets.Tests;

/// <summary>
/// Frames that Linux 6.18 sent over a veth pair with checksum offload off, captured with tcpdump: nothing here was made by this project.
/// The sender is 192.0.2.1 at 02:00:00:00:00:0a, the other end 192.0.2.2 at 02:00:00:00:00:0b.
/// </summary>
internal static class KernelFrames
{
    public static readonly MacAddress MacA = MacAddress.Parse("02:00:00:00:00:0a");
    public static readonly MacAddress MacB = MacAddress.Parse("02:00:00:00:00:0b");
    public static readonly Ipv4Address IpA = Ipv4Address.Parse("192.0.2.1");
    public static readonly Ipv4Address IpB = Ipv4Address.Parse("192.0.2.2");

    public const string ArpRequest = "ffffffffffff02000000000a0806000108000604000102000000000ac0000201000000000000c0000202";

    public const string ArpReply = "02000000000a02000000000b0806000108000604000202000000000bc000020202000000000ac0000201";

    /// <summary>Port 4000 to 5000, "hello".</summary>
    public const string UdpHello = "02000000000b02000000000a080045000021d28c40004011e43bc0000201c00002020fa01388000d14d668656c6c6f";

    public const string IcmpPortUnreachable =
        "02000000000a02000000000b080045c0003d4ce500004001a917c0000202c00002010303811f0000000045000021d28c40004011e43bc0000201c00002020fa01388000d14d668656c6c6f";

    /// <summary>tcpdump and tshark print: 48596 to 8080, win 64240, MSS 1460, SACK_PERM, TSval 2072617476, TSecr 0, WS 1024.</summary>
    public const string TcpSyn =
        "02000000000b02000000000a08004500003cf29840004006c41fc0000201c0000202bdd41f909250c07f00000000a002faf07b450000020405b40402080a7b89a204000000000103030a";

    public const string TcpPush =
        "02000000000b02000000000a080045000037f29a40004006c422c0000201c0000202bdd41f909250c080ba84ba5b8018003fe87700000101080a7b89a204c69cbc53616263";

    /// <summary>An echo request with the record route option, as "ping -R" makes it: NOP, type 7, length 39, pointer 8.</summary>
    public const string PingRecordRoute =
        "02000000000b02000000000a08004f00007cf2f640004001cf75c0000201c000020201072708c00002010000000000000000000000000000000000000000000000000000000000000000080087a6339a00014229046b000000003657010000000000101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637";

    /// <summary>
    /// A kernel VTEP's datagram from its outer IPv4 header on, flannel.1 to flannel.1, pod 10.244.1.2 to 10.244.2.2; the capture was kept up to
    /// the inner IPv4 header, so the inner UDP datagram of 9 bytes is zeros here and the outer UDP checksum cannot be verified.
    /// </summary>
    public const string VxlanFromOuterIp =
        "4500004ff6f700004011923ec0a8380bc0a8380cad642118003bbea508000000000001005ef468837d025ef468837d01080" +
        "04500001da63a40003f117caa0af401020af40202000000000000000000";

    public static byte[] Bytes(string hex) => Convert.FromHexString(hex);
}
