using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using ActorNet.Workloads.Nginx;

namespace ActorNet.Workloads.Tests.Nginx;

/// <summary>The content of /generated/BYTES against its formula written out with string formatting, and what writing it costs.</summary>
public class GeneratedTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("100", 100)]
    [InlineData("3k", 3 << 10)]
    [InlineData("2M", 2 << 20)]
    [InlineData("7G", 7L << 30)]
    [InlineData("7g", 7L << 30)]
    [InlineData("1000000000000000", 1_000_000_000_000_000)]
    public void A_length_may_have_nginxs_suffixes(string text, long length)
    {
        Assert.True(GeneratedText.TryParse(text, out GeneratedText? content));
        Assert.Equal(length, content!.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("k")]
    [InlineData("-1")]
    [InlineData("1.5M")]
    [InlineData("1Mk")]
    [InlineData("10/x")]
    [InlineData("1000000000000001")]
    [InlineData("99999999999999999999999")]
    [InlineData("9223372036854775807G")]
    public void Anything_else_is_no_length(string text) => Assert.False(GeneratedText.TryParse(text, out _));

    [Theory]
    [InlineData(0, 5000)]
    [InlineData(1, 40)]
    [InlineData(15, 1)]
    [InlineData(16, 16)]
    [InlineData(99_990, 777)]
    [InlineData(999_999_990, 100)]
    [InlineData(12_345_678_901_230, 4096)]
    public void Each_line_is_its_own_offset(long position, int count)
    {
        Assert.True(GeneratedText.TryParse("100000000000000", out GeneratedText? content));
        byte[] actual = new byte[count];
        Assert.Equal(count, content!.Read(position, actual));
        var expected = new StringBuilder();
        for (long line = position / 16; line * 16 < position + count; line++)
            expected.Append((line * 16).ToString("000000000000000", CultureInfo.InvariantCulture)).Append('\n');
        Assert.Equal(expected.ToString((int)(position % 16), count), Encoding.ASCII.GetString(actual));
    }

    [Fact]
    public void It_ends_at_its_length()
    {
        Assert.True(GeneratedText.TryParse("20", out GeneratedText? content));
        byte[] buffer = new byte[64];
        Assert.Equal(20, content!.Read(0, buffer));
        Assert.Equal("000000000000000\n0000", Encoding.ASCII.GetString(buffer, 0, 20));
        Assert.Equal(0, content.Read(20, buffer));
        Assert.Equal(0, content.Read(1L << 60, buffer));
    }

    [Fact]
    public async Task Nothing_is_allocated_for_a_piece()
    {
        // The reader takes each piece away at once, on the same thread: what is allocated is the writer's.
        // The pipe has memory of its own: the shared pool gives arrays up at collections, of which other tests make many.
        using var memory = new KeptMemory();
        var pipe = new Pipe(new PipeOptions(memory, pauseWriterThreshold: 0, readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline));
        var sink = new DrainingWriter(pipe);
        Assert.True(GeneratedText.TryParse("1G", out GeneratedText? content));
        await ContentWriter.WriteAsync(sink, content!, new ByteRange(0, 1 << 20), CancellationToken.None);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ValueTask<(long Sent, bool IsCut)> run = new(ContentWriter.WriteAsync(sink, content!, new ByteRange(0, 256 << 20), CancellationToken.None));
        Assert.True(run.IsCompleted);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal((256 << 20, false), await run);
        // No object is smaller than 24 bytes.
        Assert.InRange(allocated, 0, (256 << 20) / (32 << 10) * 12);
    }

    /// <summary>Memory that is used again and given up never; of one thread.</summary>
    private sealed class KeptMemory : MemoryPool<byte>
    {
        private readonly Stack<Piece> _free = new();

        public override int MaxBufferSize => 1 << 20;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) =>
            _free.TryPeek(out Piece? kept) && kept.Memory.Length >= minBufferSize ? _free.Pop() : new Piece(this, Math.Max(minBufferSize, 32 << 10));

        protected override void Dispose(bool disposing)
        {
            // There is nothing to give back.
        }

        private sealed class Piece(KeptMemory pool, int length) : IMemoryOwner<byte>
        {
            public Memory<byte> Memory { get; } = new byte[length];

            public void Dispose() => pool._free.Push(this);
        }
    }

    /// <summary>A pipe's writer whose flushes read everything at once.</summary>
    private sealed class DrainingWriter(Pipe pipe) : PipeWriter
    {
        public override void Advance(int bytes) => pipe.Writer.Advance(bytes);

        public override void CancelPendingFlush() => pipe.Writer.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => pipe.Writer.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            ValueTask<FlushResult> flushed = pipe.Writer.FlushAsync(cancellationToken);
            Assert.True(pipe.Reader.TryRead(out ReadResult read));
            pipe.Reader.AdvanceTo(read.Buffer.End);
            return flushed;
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => pipe.Writer.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => pipe.Writer.GetSpan(sizeHint);
    }
}
