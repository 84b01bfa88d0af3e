using System.Buffers;
using ActorNet.ApiServer.Spdy;
using CsCheck;

namespace ActorNet.ApiServer.Tests.Spdy;

/// <summary>Frames made by zlib itself, and whatever else may come.</summary>
public sealed class SpdyParserTests
{
    // Python: zlib.compressobj(9, DEFLATED, 15, 8, 0, dictionary), one compressor over all blocks, Z_SYNC_FLUSH behind each.
    private const string Golden =
        "80030001000000280000000100000000000078f9e3c6a7c202a62346703a2b294a4dcc851625aca9a08006000000ffff"
        + "800300010000002e0000000300000000000002a5470c295029930829b08bc079c3c2c0c2004873164122381394f0190d00000000ffff"
        + "80030001000000130000000500000000000002120c00000000ffff";

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void It_reads_headers_that_zlib_compressed(int piece)
    {
        using var parser = new SpdyParser();
        SpdyFrame[] frames = [.. Read(parser, Convert.FromHexString(Golden), piece)];
        Assert.Equal([(SpdyFrameType.SynStream, 1), (SpdyFrameType.SynStream, 3), (SpdyFrameType.SynStream, 5)], frames.Select(f => (f.Type, f.StreamId)));
        Assert.Equal("error", frames[0].Headers!["streamType"]);
        Assert.Equal(("data", "8080", "0"), (frames[1].Headers!["streamtype"], frames[1].Headers!["port"], frames[1].Headers!["requestid"]));
        Assert.Empty(frames[2].Headers!);
    }

    /// <summary>What our side writes, our parser reads; the dictionary's id is zlib's Adler-32 of it, as the draft and every implementation have it.</summary>
    [Fact]
    public void Frames_come_back_as_they_were_written()
    {
        var encoder = new SpdyHeaderEncoder();
        byte[] data = new byte[SpdyFrames.HeaderBytes + 3];
        SpdyFrames.WriteDataHeader(data, 3, 3, isLast: true);
        byte[] bytes =
        [
            .. SpdyFrames.SynStream(3, encoder.Encode([new("streamtype", "stdin")]), isLast: false), .. SpdyFrames.SynReply(3, encoder.Encode([])), .. data,
            .. SpdyFrames.RstStream(5, SpdyStatus.Cancel), .. SpdyFrames.Ping(7), .. SpdyFrames.WindowUpdate(3, 4096), .. SpdyFrames.GoAway(3, 0),
        ];
        using var parser = new SpdyParser();
        SpdyFrame[] frames = [.. Read(parser, bytes, bytes.Length)];
        Assert.Equal(
            [SpdyFrameType.SynStream, SpdyFrameType.SynReply, SpdyFrameType.Data, SpdyFrameType.RstStream, SpdyFrameType.Ping, SpdyFrameType.WindowUpdate, SpdyFrameType.GoAway],
            frames.Select(f => f.Type));
        Assert.Equal("stdin", frames[0].Headers!["streamtype"]);
        Assert.Equal((3L, true), (frames[2].Data.Length, frames[2].IsLast));
        Assert.Equal((5, 7, 4096), (frames[3].Value, frames[4].Value, frames[5].Value));
    }

    /// <summary>Any bytes: frames, a wish for more, or the end of reading; never an exception, and never more kept than one control frame.</summary>
    [Fact]
    public void Whatever_comes_is_read_or_refused()
    {
        byte[] golden = Convert.FromHexString(Golden);
        Gen<byte[]> mutated = Gen.Select(Gen.Int[0, golden.Length - 1], Gen.Byte, Gen.Int[0, golden.Length]).Array[1, 4].Select(changes =>
        {
            byte[] bytes = [.. golden];
            foreach ((int at, byte value, int _) in changes)
                bytes[at] = value;
            return bytes[..Math.Max(1, changes[0].Item3)];
        });
        Gen.OneOf(Gen.Byte.Array[0, 200], mutated, Gen.Byte.Array[0, 60].Select(tail => (byte[])[0x80, 3, 0, 1, .. tail])).Sample(
            static bytes =>
            {
                using var parser = new SpdyParser();
                var input = new ReadOnlySequence<byte>(bytes);
                long left = input.Length + 1;
                SpdyRead came;
                while ((came = parser.Read(ref input, out SpdyFrame _)) == SpdyRead.Frame)
                {
                    Assert.True(input.Length < left);
                    left = input.Length;
                }

                Assert.True(came == SpdyRead.Broken || input.Length < SpdyParser.MostControlBytes + SpdyFrames.HeaderBytes);
            },
            iter: 20_000);
    }

    /// <summary>A block that grows without end is refused: zlib makes 1 MiB of zeros out of 1 KiB.</summary>
    [Fact]
    public void Headers_that_blow_up_are_refused()
    {
        var packed = new MemoryStream();
        using (var zlib = new System.IO.Compression.ZLibStream(packed, System.IO.Compression.CompressionLevel.SmallestSize, leaveOpen: true))
        {
            zlib.Write([0, 0, 0, 1, 0, 0x10, 0, 0]);
            zlib.Write(new byte[1 << 20]);
        }

        using var parser = new SpdyParser();
        var input = new ReadOnlySequence<byte>(SpdyFrames.SynStream(1, packed.ToArray(), isLast: false));
        Assert.Equal(SpdyRead.Broken, parser.Read(ref input, out SpdyFrame _));
    }

    private static IEnumerable<SpdyFrame> Read(SpdyParser parser, byte[] bytes, int piece)
    {
        byte[] rest = [];
        for (int at = 0; at < bytes.Length; at += piece)
        {
            var input = new ReadOnlySequence<byte>([.. rest, .. bytes.AsSpan(at, Math.Min(piece, bytes.Length - at))]);
            SpdyRead came;
            while ((came = parser.Read(ref input, out SpdyFrame frame)) == SpdyRead.Frame)
                yield return frame;
            Assert.Equal(SpdyRead.NeedsMore, came);
            rest = input.ToArray();
        }
    }
}
