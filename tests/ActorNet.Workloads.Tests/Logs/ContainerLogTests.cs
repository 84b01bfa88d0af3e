using System.Globalization;
using System.Text;
using ActorNet.Workloads.Logs;

namespace ActorNet.Workloads.Tests.Logs;

/// <summary>
/// A container's log: what a container runtime makes of streams (lines, pieces of 16 KiB, both streams in the order of time) and what a
/// kubelet answers of it (tail, since, timestamps, limit, follow).
/// </summary>
public class ContainerLogTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SetTime _time = new(DateTimeOffset.Parse("2026-01-02T03:04:05.0060007Z", CultureInfo.InvariantCulture));

    [Fact]
    public async Task Lines_of_both_streams_come_in_the_order_in_which_they_ended()
    {
        var log = new ContainerLog(_time);
        await WriteAsync(log.Output, "one ");
        await WriteAsync(log.Error, "wrong\n");
        await WriteAsync(log.Output, "line\ntwo\n\nnot en");
        Assert.Equal("wrong\none line\ntwo\n\n", await ReadAsync(log));
        log.Complete();
        Assert.Equal("wrong\none line\ntwo\n\nnot en\n", await ReadAsync(log));
    }

    [Fact]
    public async Task A_line_longer_than_a_piece_is_whole_for_its_reader()
    {
        var log = new ContainerLog(_time, new ContainerLogLimits(LineBytes: 10));
        string line = new('x', 95);
        await WriteAsync(log.Output, line + "\n" + line[..20] + "\nshort\n");
        Assert.Equal($"{line}\n{line[..20]}\nshort\n", await ReadAsync(log));
        // The time stands before the first piece only.
        Assert.Equal(
            $"2026-01-02T03:04:05.006000700Z {line}\n2026-01-02T03:04:05.006000700Z {line[..20]}\n2026-01-02T03:04:05.006000700Z short\n",
            await ReadAsync(log, new ContainerLogOptions { Timestamps = true }));
        // A kubelet counts pieces: 10 of the first line, 2 of the second, 1 of the last.
        Assert.Equal($"{line[..20]}\nshort\n", await ReadAsync(log, new ContainerLogOptions { TailLines = 3 }));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "c\n")]
    [InlineData(3, "a\nb\nc\n")]
    [InlineData(99, "a\nb\nc\n")]
    public async Task The_tail_is_counted_from_the_end(int lines, string expected)
    {
        var log = new ContainerLog(_time, new ContainerLogLimits(PartBytes: 20));
        await WriteAsync(log.Output, "a\nb\nc\n");
        Assert.Equal(expected, await ReadAsync(log, new ContainerLogOptions { TailLines = lines }));
    }

    [Fact]
    public async Task What_is_older_than_asked_for_is_left_out()
    {
        var log = new ContainerLog(_time);
        await WriteAsync(log.Output, "old\n");
        _time.Now += TimeSpan.FromSeconds(10);
        DateTimeOffset since = _time.Now;
        await WriteAsync(log.Output, "at\n");
        _time.Now += TimeSpan.FromSeconds(10);
        await WriteAsync(log.Error, "after\n");
        Assert.Equal("at\nafter\n", await ReadAsync(log, new ContainerLogOptions { Since = since }));
        Assert.Equal("after\n", await ReadAsync(log, new ContainerLogOptions { Since = since, TailLines = 1 }));
    }

    [Theory]
    [InlineData(1, "o")]
    [InlineData(4, "one\n")]
    [InlineData(6, "one\ntw")]
    [InlineData(100, "one\ntwo\n")]
    public async Task A_limit_of_bytes_cuts(int bytes, string expected)
    {
        var log = new ContainerLog(_time);
        await WriteAsync(log.Output, "one\ntwo\n");
        Assert.Equal(expected, await ReadAsync(log, new ContainerLogOptions { LimitBytes = bytes }));
        Assert.Equal(expected, await ReadAsync(log, new ContainerLogOptions { LimitBytes = Math.Min(bytes, 8), Follow = true }));
    }

    [Fact]
    public async Task Its_memory_is_bounded_and_the_newest_lines_stay()
    {
        var limits = new ContainerLogLimits(PartBytes: 4096, Parts: 3);
        var log = new ContainerLog(_time, limits);
        for (int i = 0; i < 10_000; i++)
            await WriteAsync(log.Output, $"line {i}\n");
        Assert.InRange(log.Bytes, 2 * 4096, 3 * 4096);
        string[] lines = (await ReadAsync(log)).TrimEnd('\n').Split('\n');
        Assert.InRange(lines.Length, 200, 600);
        Assert.Equal(Enumerable.Range(10_000 - lines.Length, lines.Length).Select(static i => $"line {i}"), lines);
        Assert.Equal("line 9999\n", await ReadAsync(log, new ContainerLogOptions { TailLines = 1 }));
    }

    [Fact]
    public async Task Output_without_a_line_end_is_bounded_too()
    {
        var log = new ContainerLog(_time);
        byte[] block = new byte[1 << 20];
        for (int i = 0; i < 64; i++)
            await log.Output.WriteAsync(block);
        // A part that is full has room left for less than a piece.
        Assert.InRange(log.Bytes, 4 * (240 << 10), 5 * (256 << 10) + 2 * (16 << 10));
    }

    [Fact]
    public async Task Who_follows_gets_what_comes_and_ends_with_the_container()
    {
        var log = new ContainerLog(_time);
        await WriteAsync(log.Output, "before\n");
        var seen = new SeenStream();
        Task following = log.CopyToAsync(seen, new ContainerLogOptions { Follow = true }, CancellationToken.None);
        await seen.ReachesAsync("before\n");
        await WriteAsync(log.Error, "after\nlast");
        await seen.ReachesAsync("before\nafter\n");
        Assert.False(following.IsCompleted);
        log.Complete();
        await following.WaitAsync(Patience);
        await seen.ReachesAsync("before\nafter\nlast\n");
        await WriteAsync(log.Output, "too late\n");
        Assert.Equal("before\nafter\nlast\n", await ReadAsync(log, new ContainerLogOptions { Follow = true }));
    }

    [Fact]
    public async Task A_follower_can_leave()
    {
        var log = new ContainerLog(_time);
        using var leave = new CancellationTokenSource();
        Task following = log.CopyToAsync(Stream.Null, new ContainerLogOptions { Follow = true }, leave.Token);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following).WaitAsync(Patience);
    }

    [Fact]
    public async Task Writers_at_the_same_time_lose_no_line_and_break_none()
    {
        const int count = 5_000;
        var log = new ContainerLog(TimeProvider.System, new ContainerLogLimits(PartBytes: 1 << 20));
        var seen = new MemoryStream();
        Task following = log.CopyToAsync(seen, new ContainerLogOptions { Follow = true }, CancellationToken.None);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            for (int i = 0; i < count; i++)
                await WriteAsync(w % 2 == 0 ? log.Output : log.Error, $"{w} {i}\n");
        })));
        log.Complete();
        await following.WaitAsync(Patience);
        string all = await ReadAsync(log);
        Assert.Equal(all, Encoding.UTF8.GetString(seen.ToArray()));
        ILookup<string, string> byWriter = all.TrimEnd('\n').Split('\n').ToLookup(static l => l.Split(' ')[0], static l => l.Split(' ')[1]);
        Assert.All(Enumerable.Range(0, 4), w => Assert.Equal(Enumerable.Range(0, count).Select(static i => $"{i}"), byWriter[$"{w}"]));
    }

    private static ValueTask WriteAsync(Stream stream, string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text));

    private static async Task<string> ReadAsync(ContainerLog log, ContainerLogOptions? options = null)
    {
        var text = new MemoryStream();
        await log.CopyToAsync(text, options ?? new ContainerLogOptions(), CancellationToken.None).WaitAsync(Patience);
        return Encoding.UTF8.GetString(text.ToArray());
    }

    private sealed class SetTime(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    /// <summary>Keeps what is written and says when it is as much as wanted.</summary>
    private sealed class SeenStream : MemoryStream
    {
        private readonly SemaphoreSlim _written = new(0);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            _written.Release();
            return ValueTask.CompletedTask;
        }

        public async Task ReachesAsync(string text)
        {
            while (Length < text.Length)
                Assert.True(await _written.WaitAsync(Patience));
            Assert.Equal(text, Encoding.UTF8.GetString(ToArray()));
        }

        protected override void Dispose(bool disposing)
        {
            _written.Dispose();
            base.Dispose(disposing);
        }
    }
}
