using CsCheck;

namespace ActorNet.Packets.Tests;

public sealed class TcpViewTests
{
    [Fact]
    public void Reads_a_kernel_SYN_with_all_its_options()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.TcpSyn);
        Assert.Equal(ParseError.None, TcpView.TryParse(frame.AsSpan(34), out TcpView tcp));
        Assert.Equal(48596, tcp.SourcePort);
        Assert.Equal(8080, tcp.DestinationPort);
        Assert.Equal(0x9250c07fu, tcp.SequenceNumber);
        Assert.Equal(0u, tcp.AcknowledgmentNumber);
        Assert.Equal(TcpFlags.Syn, tcp.Flags);
        Assert.Equal(0, tcp.Reserved);
        Assert.Equal(64240, tcp.Window);
        Assert.Equal(0, tcp.UrgentPointer);
        Assert.Equal(40, tcp.HeaderLength);
        Assert.Equal(1, tcp.SequenceLength);
        Assert.True(tcp.Payload.IsEmpty);
        Assert.True(tcp.HasValidChecksum(KernelFrames.IpA, KernelFrames.IpB));
        Assert.Equal(ParseError.None, tcp.CheckOptions());

        TcpOptionEnumerator options = tcp.EnumerateOptions();
        Assert.True(options.MoveNext());
        Assert.True(options.Current.TryGetMaximumSegmentSize(out ushort mss));
        Assert.Equal(1460, mss);
        Assert.True(options.MoveNext());
        Assert.True(options.Current.IsSackPermitted);
        Assert.True(options.MoveNext());
        Assert.True(options.Current.TryGetTimestamps(out uint value, out uint echo));
        Assert.Equal(2072617476u, value);
        Assert.Equal(0u, echo);
        Assert.True(options.MoveNext()); // Behind the NOP.
        Assert.True(options.Current.TryGetWindowScale(out byte shift));
        Assert.Equal(10, shift);
        Assert.False(options.MoveNext());
        Assert.Equal(ParseError.None, options.Error);
    }

    [Fact]
    public void Writes_the_kernels_SYN_byte_for_byte()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.TcpSyn);
        byte[] segment = new byte[40];
        var options = new TcpOptionWriter(segment.AsSpan(20));
        Assert.True(options.MaximumSegmentSize(1460));
        Assert.True(options.SackPermitted());
        Assert.True(options.Timestamps(2072617476, 0));
        Assert.True(options.NoOperation());
        Assert.True(options.WindowScale(10));
        new TcpHeader { SourcePort = 48596, DestinationPort = 8080, SequenceNumber = 0x9250c07f, Flags = TcpFlags.Syn, Window = 64240 }
            .Write(segment, options.Finish(), KernelFrames.IpA, KernelFrames.IpB);
        Assert.Equal(frame[34..], segment);
    }

    [Fact]
    public void Reads_and_writes_a_kernel_segment_with_data()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.TcpPush);
        Assert.Equal(ParseError.None, TcpView.TryParse(frame.AsSpan(34), out TcpView tcp));
        Assert.Equal("abc"u8.ToArray(), tcp.Payload.ToArray());
        Assert.Equal(3, tcp.SequenceLength);
        Assert.Equal(TcpFlags.Psh | TcpFlags.Ack, tcp.Flags);
        Assert.True(tcp.HasValidChecksum(KernelFrames.IpA, KernelFrames.IpB));
        Assert.False(tcp.HasValidChecksum(KernelFrames.IpA, Ipv4Address.Loopback));

        byte[] segment = new byte[35];
        var options = new TcpOptionWriter(segment.AsSpan(20));
        Assert.True(options.NoOperation() && options.NoOperation() && options.Timestamps(0x7b89a204, 0xc69cbc53));
        Assert.Equal(12, options.Finish());
        "abc"u8.CopyTo(segment.AsSpan(32));
        new TcpHeader
        {
            SourcePort = 48596,
            DestinationPort = 8080,
            SequenceNumber = 0x9250c080,
            AcknowledgmentNumber = 0xba84ba5b,
            Flags = TcpFlags.Psh | TcpFlags.Ack,
            Window = 63,
        }.Write(segment, 12, KernelFrames.IpA, KernelFrames.IpB);
        Assert.Equal(frame[34..], segment);
    }

    [Fact]
    public void Names_what_is_wrong()
    {
        byte[] segment = new byte[20];
        segment[12] = 0x40;
        Assert.Equal(ParseError.BadHeaderLength, TcpView.TryParse(segment, out _));
        segment[12] = 0x60;
        Assert.Equal(ParseError.BadHeaderLength, TcpView.TryParse(segment, out _));
        Assert.Equal(ParseError.Truncated, TcpView.TryParse(segment.AsSpan(0, 19), out _));
    }

    [Theory]
    [InlineData("02")] // No room for a length byte.
    [InlineData("0200")] // Length 0 must not loop for ever.
    [InlineData("0201")]
    [InlineData("0101010205B4")] // Length 5 where 3 bytes are left.
    public void A_malformed_option_ends_the_walk(string hex)
    {
        var options = new TcpOptionEnumerator(Convert.FromHexString(hex));
        Assert.False(options.MoveNext());
        Assert.Equal(ParseError.BadOption, options.Error);
        Assert.False(options.MoveNext());
    }

    [Theory]
    [InlineData("020305")] // MSS of 3 bytes.
    [InlineData("030404040000")] // Window scale of 4 bytes.
    [InlineData("040300")] // SACK permitted of 3 bytes.
    [InlineData("0502")] // SACK without a block.
    [InlineData("05091122334455667788")] // SACK block of 7 bytes.
    [InlineData("080911223344556677")] // Timestamps of 9 bytes.
    public void An_option_of_a_length_its_kind_does_not_have_is_skipped_and_found_by_the_check(string hex)
    {
        byte[] option = Convert.FromHexString(hex);
        byte[] segment = new byte[40];
        segment[12] = 10 << 4;
        option.CopyTo(segment, 20);
        Convert.FromHexString("020405B4").CopyTo(segment, 20 + option[1]);
        Assert.Equal(ParseError.None, TcpView.TryParse(segment, out TcpView tcp));
        Assert.Equal(ParseError.BadOption, tcp.CheckOptions());

        TcpOptionEnumerator options = tcp.EnumerateOptions();
        Assert.True(options.MoveNext());
        Assert.False(options.Current.HasStandardLength);
        Assert.False(options.Current.TryGetMaximumSegmentSize(out _) || options.Current.TryGetWindowScale(out _) || options.Current.TryGetTimestamps(out _, out _));
        Assert.False(options.Current.IsSackPermitted);
        Assert.Equal(0, options.Current.SackBlockCount);
        Assert.True(options.MoveNext());
        Assert.True(options.Current.TryGetMaximumSegmentSize(out ushort mss));
        Assert.Equal(1460, mss);
    }

    [Fact]
    public void Three_SACK_blocks_fit_beside_timestamps_and_four_without()
    {
        SackBlock[] blocks = [new(1, 2), new(3, 4), new(uint.MaxValue, 5), new(6, 7), new(8, 9)];
        Span<byte> bytes = stackalloc byte[60];
        var beside = new TcpOptionWriter(bytes);
        Assert.True(beside.NoOperation() && beside.NoOperation() && beside.Timestamps(1, 2) && beside.NoOperation() && beside.NoOperation());
        Assert.Equal(3, beside.Sack(blocks)); // 12 + 2 + 26 = 40 (RFC 2018, 3).
        Assert.Equal(40, beside.Finish());
        Assert.False(beside.NoOperation());

        bytes.Clear();
        var alone = new TcpOptionWriter(bytes);
        Assert.Equal(4, alone.Sack(blocks));
        var options = new TcpOptionEnumerator(bytes[..alone.Finish()]);
        Assert.True(options.MoveNext());
        Assert.Equal(4, options.Current.SackBlockCount);
        Assert.Equal(new SackBlock(uint.MaxValue, 5), options.Current.GetSackBlock(2));
        Assert.False(options.MoveNext());
        Assert.Equal(ParseError.None, options.Error);
    }

    [Fact]
    public void An_option_that_does_not_fit_is_left_out_whole()
    {
        byte[] bytes = new byte[11];
        var options = new TcpOptionWriter(bytes);
        Assert.False(options.Timestamps(uint.MaxValue, uint.MaxValue)); // 10 bytes into two whole words.
        Assert.True(options.MaximumSegmentSize(1460));
        Assert.False(options.Sack([new(1, 2)]) > 0);
        Assert.Equal(4, options.Finish());
        Assert.Equal(new byte[7], bytes[4..]);
    }

    [Fact]
    public void A_written_header_reads_back_with_a_right_checksum() =>
        Gen.Select(Gen.UShort, Gen.UInt, Gen.UInt, Gen.Int[0, 0x1FF], Gen.UShort, Gen.Byte.Array[0, 200], Gen.Int[0, 10]).Sample((port, sequence, acknowledgment, flags, window, data, words) =>
        {
            byte[] segment = new byte[20 + (4 * words) + data.Length];
            data.CopyTo(segment, 20 + (4 * words));
            var source = new Ipv4Address(sequence);
            var destination = new Ipv4Address(acknowledgment);
            new TcpHeader
            {
                SourcePort = port,
                DestinationPort = window,
                SequenceNumber = sequence,
                AcknowledgmentNumber = acknowledgment,
                Flags = (TcpFlags)flags,
                Window = window,
                UrgentPointer = port,
            }.Write(segment, 4 * words, source, destination);
            return TcpView.TryParse(segment, out TcpView tcp) == ParseError.None
                && tcp.SourcePort == port && tcp.DestinationPort == window && tcp.SequenceNumber == sequence && tcp.AcknowledgmentNumber == acknowledgment
                && tcp.Flags == (TcpFlags)flags && tcp.Window == window && tcp.UrgentPointer == port && tcp.Options.Length == 4 * words
                && tcp.Payload.SequenceEqual(data) && tcp.HasValidChecksum(source, destination);
        });
}
