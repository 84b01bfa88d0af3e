using System.Buffers;
using ActorNet.ApiServer.Spdy;

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
