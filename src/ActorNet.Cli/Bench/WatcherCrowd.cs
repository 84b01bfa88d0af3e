using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace ActorNet.Cli.Bench;

/// <summary>Many watchers, each on its own HTTPS connection, as that many machines would have.</summary>
/// <param name="http">A client of the API; HTTP/1.1, so that no two watches share a connection.</param>
/// <param name="path">What they watch.</param>
internal sealed class WatcherCrowd(HttpClient http, string path)
{
    // Handshakes at a time; each costs both sides some milliseconds.
    private const int OpeningAtOnce = 16;

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<int, WatchCounts> _phases = [];
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Opens the watches; they are read until the cancellation.</summary>
    /// <param name="count">How many.</param>
    /// <param name="ct">Ends them.</param>
    public Task OpenAsync(int count, CancellationToken ct) => Parallel.ForEachAsync(
        Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = OpeningAtOnce, CancellationToken = ct }, async (number, cancel) =>
        {
            HttpResponseMessage answer = await http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode)
                throw new UsageException($"a watch was answered with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancel).ConfigureAwait(false)}");
            _ = FollowAsync(answer, ct);
        });

    /// <summary>Waits until all events of a phase have come, or nothing has come for a while.</summary>
    /// <param name="phase">The phase.</param>
    /// <param name="expected">How many, all watchers together.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">A watch ended.</exception>
    public async Task<WatchersSaw> ResultAsync(int phase, long expected, CancellationToken ct)
    {
        WatchCounts counts = Counts(phase);
        (long before, long since) = (-1, TimeProvider.System.GetTimestamp());
        while (counts.Delivered < expected && TimeProvider.System.GetElapsedTime(since) < Silence)
        {
            if (_failed.Task.IsCompletedSuccessfully)
                throw new UsageException($"a watch ended: {(await _failed.Task.ConfigureAwait(false)).Message}");
            if (counts.Delivered != before)
                (before, since) = (counts.Delivered, TimeProvider.System.GetTimestamp());
            await Task.Delay(Look, ct).ConfigureAwait(false);
        }

        return counts.Result();
    }

    private WatchCounts Counts(int phase) => _phases.GetOrAdd(phase, static _ => new WatchCounts());

    private async Task FollowAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        try
        {
            using (answer)
            {
                Stream body = await answer.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
                var reader = PipeReader.Create(body);
                while (true)
                {
                    ReadResult read = await reader.ReadAsync(ct).ConfigureAwait(false);
                    reader.AdvanceTo(Take(read.Buffer), read.Buffer.End);
                    if (read.IsCompleted)
                        throw new EndOfStreamException("the server closed it");
                }
            }
        }
        catch (Exception e)
        {
            if (!ct.IsCancellationRequested)
                _failed.TrySetResult(e);
        }
    }

    private SequencePosition Take(ReadOnlySequence<byte> buffer)
    {
        long now = TimeProvider.System.GetTimestamp();
        while (buffer.PositionOf((byte)'\n') is { } end)
        {
            ReadOnlySequence<byte> line = buffer.Slice(0, end);
            if (WatchStamp.TryFind(line.IsSingleSegment ? line.FirstSpan : line.ToArray(), out WatchStamp stamp))
                Counts(stamp.Phase).Add(TimeProvider.System.GetElapsedTime(stamp.Ticks, now));
            buffer = buffer.Slice(buffer.GetPosition(1, end));
        }

        return buffer.Start;
    }
}
