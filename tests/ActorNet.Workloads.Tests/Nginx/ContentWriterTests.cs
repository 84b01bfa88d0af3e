using System.IO.Pipelines;
using ActorNet.Workloads.Nginx;

namespace ActorNet.Workloads.Tests.Nginx;

/// <summary>What is counted as sent when the reader goes at the worst moment.</summary>
public sealed class ContentWriterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_reader_got_before_it_left_is_counted_though_the_flush_still_waited_for_room(bool readerEnds)
    {
        // Holds one byte before its writer has to wait: every flush waits for the reader.
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        using var left = new CancellationTokenSource();
        Task<(long Sent, bool IsCut)> written = ContentWriter.WriteAsync(pipe.Writer, new GeneratedText(1L << 40), new ByteRange(0, 1L << 40), left.Token);

        ReadResult got = await pipe.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        long length = got.Buffer.Length;
        Assert.True(length > 0);
        Assert.False(written.IsCompleted);
        if (readerEnds)
            await pipe.Reader.CompleteAsync();
        else
            await left.CancelAsync();

        Assert.Equal((length, false), await written.WaitAsync(Patience));
    }

    [Fact]
    public async Task Nothing_is_given_to_a_connection_whose_client_is_gone()
    {
        var pipe = new Pipe();
        Assert.Equal((0L, false), await ContentWriter.WriteAsync(pipe.Writer, new GeneratedText(100), new ByteRange(0, 100), new CancellationToken(true)));
    }
}
