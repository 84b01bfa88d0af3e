using CsCheck;

namespace ActorNet.Packets.Tests;

/// <summary>Ethernet, 802.1Q and ARP.</summary>
public sealed class LinkViewTests
{
    [Fact]
    public void Reads_and_writes_the_kernels_ARP_request_and_reply()
    {
        byte[] request = KernelFrames.Bytes(KernelFrames.ArpRequest);
        Assert.Equal(ParseError.None, EthernetView.TryParse(request, out EthernetView ethernet));
        Assert.Equal(MacAddress.Broadcast, ethernet.Destination);
        Assert.Equal(KernelFrames.MacA, ethernet.Source);
        Assert.Equal(EtherType.Arp, ethernet.EtherType);
        Assert.Equal(ParseError.None, ArpView.TryParse(ethernet.Payload, out ArpView arp));
        Assert.Equal(ArpOperation.Request, arp.Operation);
        Assert.Equal(KernelFrames.MacA, arp.SenderMac);
        Assert.Equal(KernelFrames.IpA, arp.SenderIp);
        Assert.Equal(MacAddress.Zero, arp.TargetMac);
        Assert.Equal(KernelFrames.IpB, arp.TargetIp);

        byte[] reply = new byte[42];
        EthernetView.Write(reply, KernelFrames.MacA, KernelFrames.MacB, EtherType.Arp);
        ArpView.Write(reply.AsSpan(14), ArpOperation.Reply, KernelFrames.MacB, KernelFrames.IpB, KernelFrames.MacA, KernelFrames.IpA);
        Assert.Equal(KernelFrames.Bytes(KernelFrames.ArpReply), reply);
    }

    [Fact]
    public void Names_what_is_wrong()
    {
        Assert.Equal(ParseError.Truncated, EthernetView.TryParse(new byte[13], out _));
        Assert.Equal(ParseError.Truncated, Dot1QView.TryParse(new byte[3], out _));
        byte[] arp = KernelFrames.Bytes(KernelFrames.ArpRequest)[14..];
        Assert.Equal(ParseError.Truncated, ArpView.TryParse(arp.AsSpan(0, 27), out _));
        foreach ((int at, byte value, ParseError expected) in new[]
        {
            (1, (byte)6, ParseError.None), // IEEE 802 networks, which Linux takes on Ethernet.
            (1, (byte)7, ParseError.Unsupported),
            (2, (byte)0x86, ParseError.Unsupported),
            (4, (byte)8, ParseError.Unsupported),
            (5, (byte)16, ParseError.Unsupported),
        })
        {
            byte[] changed = [.. arp];
            changed[at] = value;
            Assert.Equal(expected, ArpView.TryParse(changed, out _));
        }
    }

    /// <summary>IEEE 802.1Q-2018, 9.6: three bits of priority, one of drop eligibility, twelve of VLAN, most significant first.</summary>
    [Fact]
    public void A_tag_has_its_parts_where_the_standard_puts_them()
    {
        byte[] payload = [0xB0, 0x05, 0x08, 0x00, 0x45];
        Assert.Equal(ParseError.None, Dot1QView.TryParse(payload, out Dot1QView view));
        Assert.Equal(5, view.Tag.Priority);
        Assert.True(view.Tag.DropEligible);
        Assert.Equal(5, view.Tag.Vid);
        Assert.Equal(EtherType.Ipv4, view.EtherType);
        Assert.Equal(0x45, view.Payload[0]);
        Assert.Equal(0xB005, new Dot1QTag(5, true, 5).Tci);
        view.Tag = new Dot1QTag(0, false, 4094);
        Assert.Equal([0x0F, 0xFE, 0x08, 0x00, 0x45], payload);
    }

    [Fact]
    public void Pushing_a_tag_gives_the_tagged_frame_and_pulling_gives_the_frame_back()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.UdpHello);
        byte[] bytes = [0xEE, 0xEE, 0xEE, 0xEE, .. frame];
        Assert.Equal(ParseError.None, Dot1QView.Push(bytes, new Dot1QTag(3, false, 100)));
        byte[] expected = [.. frame[..12], 0x81, 0x00, 0x60, 0x64, .. frame[12..]];
        Assert.Equal(expected, bytes);
        Assert.Equal(ParseError.None, Dot1QView.Pull(bytes, out Dot1QTag tag));
        Assert.Equal(new Dot1QTag(3, false, 100), tag);
        Assert.Equal(frame, bytes[4..]);
    }

    [Fact]
    public void A_frame_that_cannot_be_tagged_or_untagged_stays_as_it_is()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.UdpHello);
        byte[] before = [.. frame];
        Assert.Equal(ParseError.Unsupported, Dot1QView.Pull(frame, out _));
        Assert.Equal(before, frame);
        byte[] cut = [.. frame[..12], 0x81, 0x00, 0x00];
        Assert.Equal(ParseError.Truncated, Dot1QView.Pull(cut, out _));
        Assert.Equal(ParseError.Truncated, Dot1QView.Pull(cut.AsSpan(0, 13), out _));
        Assert.Equal(ParseError.Truncated, Dot1QView.Push(cut, new Dot1QTag(1)));
    }

    [Fact]
    public void Tags_that_do_not_fit_their_bits_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dot1QTag(8, false, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dot1QTag(0, false, 4096));
        Gen.UShort.Sample(tci => new Dot1QTag(new Dot1QTag(tci).Priority, new Dot1QTag(tci).DropEligible, new Dot1QTag(tci).Vid).Tci == tci);
    }

    [Fact]
    public void Addresses_print_and_parse_back() =>
        Gen.Select(Gen.ULong, Gen.UInt, Gen.Int[0, 32]).Sample((bits, address, length) =>
        {
            var mac = new MacAddress(bits & 0xFFFF_FFFF_FFFF);
            var prefix = new Ipv4Prefix(new Ipv4Address(address), length);
            return MacAddress.Parse(mac.ToString()) == mac && Ipv4Address.Parse(new Ipv4Address(address).ToString()).Value == address && Ipv4Prefix.Parse(prefix.ToString()) == prefix
                && MacAddress.FromRandom(bits).IsValidUnicast && new Ipv4Address(address).ToIPAddress().ToString() == new Ipv4Address(address).ToString();
        });

    [Theory]
    [InlineData("10.0.0")]
    [InlineData("10.0.0.0.1")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.0.010")] // inet_aton would read 8.
    [InlineData(" 10.0.0.1")]
    [InlineData("10.0.0.-1")]
    [InlineData("10..0.1")]
    [InlineData("")]
    public void What_is_no_address_is_refused(string text)
    {
        Assert.False(Ipv4Address.TryParse(text, out _));
        Assert.False(Ipv4Prefix.TryParse(text + "/24", out _));
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/2/4")]
    public void What_is_no_prefix_is_refused(string text) => Assert.False(Ipv4Prefix.TryParse(text, out _));
}
