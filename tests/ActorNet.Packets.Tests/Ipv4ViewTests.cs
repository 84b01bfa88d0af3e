using CsCheck;

namespace ActorNet.Packets.Tests;

public sealed class Ipv4ViewTests
{
    [Fact]
    public void Reads_a_kernel_header()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.TcpSyn);
        Assert.Equal(ParseError.None, Ipv4View.TryParse(frame.AsSpan(14), out Ipv4View ip));
        Assert.Equal(KernelFrames.IpA, ip.Source);
        Assert.Equal(KernelFrames.IpB, ip.Destination);
        Assert.Equal(IpProtocol.Tcp, ip.Protocol);
        Assert.Equal(60, ip.TotalLength);
        Assert.Equal(20, ip.HeaderLength);
        Assert.Equal(0xf298, ip.Identification);
        Assert.Equal(64, ip.TimeToLive);
        Assert.Equal(0, ip.TypeOfService);
        Assert.True(ip.DontFragment);
        Assert.False(ip.MoreFragments);
        Assert.False(ip.IsFragment);
        Assert.True(ip.HasValidChecksum);
        Assert.True(ip.Options.IsEmpty);
        Assert.Equal(40, ip.Payload.Length);
    }

    [Fact]
    public void Writes_the_kernels_header_byte_for_byte()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.TcpSyn);
        byte[] written = new byte[20];
        new Ipv4Header
        {
            Source = KernelFrames.IpA,
            Destination = KernelFrames.IpB,
            Protocol = IpProtocol.Tcp,
            TotalLength = 60,
            Identification = 0xf298,
            TimeToLive = 64,
            DontFragment = true,
        }.Write(written);
        Assert.Equal(frame[14..34], written);
    }

    [Fact]
    public void Cuts_the_padding_of_a_short_ethernet_frame()
    {
        byte[] padded = new byte[60];
        KernelFrames.Bytes(KernelFrames.UdpHello).CopyTo(padded.AsSpan());
        Assert.Equal(ParseError.None, Ipv4View.TryParse(padded.AsSpan(14), out Ipv4View ip));
        Assert.Equal(33, ip.Packet.Length);
        Assert.Equal(13, ip.Payload.Length);
    }

    [Fact]
    public void Lowering_the_TTL_equals_the_computation_anew_for_every_checksum()
    {
        byte[] bytes = new byte[20];
        byte[] anew = new byte[20];
        bool sawTheCorner = false;
        for (int identification = 0; identification <= 0xFFFF; identification++)
        {
            var header = new Ipv4Header
            {
                Source = new Ipv4Address(0x0AF4_0102),
                Destination = new Ipv4Address(0x0AF4_0202),
                Protocol = IpProtocol.Udp,
                TotalLength = 20,
                Identification = (ushort)identification,
                TimeToLive = (byte)(1 + (identification % 255)),
            };
            header.Write(bytes);
            (header with { TimeToLive = (byte)(header.TimeToLive - 1) }).Write(anew);
            Assert.Equal(ParseError.None, Ipv4View.TryParse(bytes, out Ipv4View view));
            sawTheCorner |= view.Checksum == 0xFEFF;
            view.DecrementTimeToLive();
            Assert.True(bytes.AsSpan().SequenceEqual(anew), $"identification {identification:x4}");
        }

        Assert.True(sawTheCorner, "the checksum fe ff, whose successor is 0000 and not ffff, was among the headers");
    }

    [Fact]
    public void Lowering_the_TTL_under_a_checksum_of_ones_carries_round()
    {
        byte[] bytes = Header();
        bytes[10] = 0xFF;
        bytes[11] = 0xFF;
        Assert.Equal(ParseError.None, Ipv4View.TryParse(bytes, out Ipv4View view));
        view.DecrementTimeToLive();
        Assert.Equal(0x0100, view.Checksum);
    }

    [Fact]
    public void New_addresses_keep_the_checksum_right() =>
        Gen.Select(Gen.UInt, Gen.UInt, Gen.UInt, Gen.UInt).Sample((source, destination, newSource, newDestination) =>
        {
            byte[] bytes = new byte[20];
            byte[] anew = new byte[20];
            var header = new Ipv4Header { Source = new(source), Destination = new(destination), Protocol = IpProtocol.Tcp, TotalLength = 20, TimeToLive = 64 };
            header.Write(bytes);
            (header with { Source = new(newSource), Destination = new(newDestination) }).Write(anew);
            Ipv4View.TryParse(bytes, out Ipv4View view);
            view.SetSource(new(newSource));
            view.SetDestination(new(newDestination));
            return bytes.AsSpan().SequenceEqual(anew);
        });

    [Fact]
    public void A_written_header_reads_back() =>
        Gen.Select(Gen.UInt, Gen.UInt, Gen.Byte, Gen.UShort, Gen.Int[0, 8191], Gen.Int[0, 3]).Sample((source, destination, octet, identification, units, flags) =>
        {
            byte[] bytes = new byte[20];
            var header = new Ipv4Header
            {
                Source = new(source),
                Destination = new(destination),
                Protocol = (IpProtocol)octet,
                TotalLength = 20,
                Identification = identification,
                TypeOfService = octet,
                TimeToLive = (byte)~octet,
                DontFragment = (flags & 1) != 0,
                MoreFragments = (flags & 2) != 0,
                FragmentOffset = units * 8,
            };
            header.Write(bytes);
            if (Ipv4View.TryParse(bytes, out Ipv4View ip) != ParseError.None || !ip.HasValidChecksum)
                return false;
            return header == new Ipv4Header
            {
                Source = ip.Source,
                Destination = ip.Destination,
                Protocol = ip.Protocol,
                TotalLength = ip.TotalLength,
                Identification = ip.Identification,
                TypeOfService = ip.TypeOfService,
                TimeToLive = ip.TimeToLive,
                DontFragment = ip.DontFragment,
                MoreFragments = ip.MoreFragments,
                FragmentOffset = ip.FragmentOffset,
            } && ip.IsFragment == (units != 0 || (flags & 2) != 0);
        });

    [Fact]
    public void Names_what_is_wrong()
    {
        Assert.Equal(ParseError.Truncated, Ipv4View.TryParse(new byte[19], out _));
        Assert.Equal(ParseError.BadVersion, Ipv4View.TryParse(Header(0, 0x65), out _));
        Assert.Equal(ParseError.BadHeaderLength, Ipv4View.TryParse(Header(0, 0x44), out _));
        Assert.Equal(ParseError.BadHeaderLength, Ipv4View.TryParse(Header(0, 0x46), out _)); // 24 bytes of header in 20.
        Assert.Equal(ParseError.BadLength, Ipv4View.TryParse(Header(3, 19), out _));
        Assert.Equal(ParseError.BadLength, Ipv4View.TryParse(Header(3, 21), out _));
    }

    [Fact]
    public void Walks_the_options_of_ping_with_record_route()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.PingRecordRoute);
        Assert.Equal(ParseError.None, Ipv4View.TryParse(frame.AsSpan(14), out Ipv4View ip));
        Assert.Equal(60, ip.HeaderLength);
        Assert.True(ip.HasValidChecksum);
        Ipv4OptionEnumerator options = ip.EnumerateOptions();
        Assert.True(options.MoveNext());
        Assert.Equal(Ipv4OptionType.RecordRoute, options.Current.Type);
        Assert.Equal(1, options.Current.Offset); // Behind the NOP.
        Assert.Equal(37, options.Current.Data.Length);
        Assert.Equal(8, options.Current.Data[0]); // The pointer: the sender has taken the first slot.
        Assert.Equal(KernelFrames.IpA, Ipv4Address.Read(options.Current.Data[1..]));
        Assert.False(options.Current.IsCopied);
        Assert.False(options.Current.IsSourceRoute);
        Assert.False(options.MoveNext());
        Assert.Equal(ParseError.None, options.Error);
    }

    [Theory]
    [InlineData("01010783", 2)] // Record route whose length byte says 131.
    [InlineData("01070100", 1)] // Length 1 would not even cover itself.
    [InlineData("01010107", 3)] // No room for a length byte.
    [InlineData("83000000", 0)] // Length 0 must not loop for ever.
    public void A_malformed_option_ends_the_walk_with_its_offset(string hex, int offset)
    {
        var options = new Ipv4OptionEnumerator(Convert.FromHexString(hex));
        Assert.False(options.MoveNext());
        Assert.Equal(ParseError.BadOption, options.Error);
        Assert.Equal(offset, options.ErrorOffset);
        Assert.False(options.MoveNext());
    }

    [Fact]
    public void What_came_before_a_malformed_option_stands_and_the_end_of_list_hides_the_rest()
    {
        var options = new Ipv4OptionEnumerator(Convert.FromHexString("8307040a00000189" + "01000000"));
        Assert.True(options.MoveNext());
        Assert.Equal(Ipv4OptionType.LooseSourceRoute, options.Current.Type);
        Assert.True(options.Current.IsCopied);
        Assert.True(options.Current.IsSourceRoute);
        Assert.Equal(5, options.Current.Data.Length);
        Assert.False(options.MoveNext());
        Assert.Equal(ParseError.BadOption, options.Error);

        var ended = new Ipv4OptionEnumerator(Convert.FromHexString("0007FFFF"));
        Assert.False(ended.MoveNext());
        Assert.Equal(ParseError.None, ended.Error);
    }

    private static byte[] Header(int at = -1, byte value = 0)
    {
        byte[] bytes = new byte[20];
        new Ipv4Header { Source = new(1), Destination = new(2), Protocol = IpProtocol.Udp, TotalLength = 20, TimeToLive = 64 }.Write(bytes);
        if (at >= 0)
            bytes[at] = value;
        return bytes;
    }
}
