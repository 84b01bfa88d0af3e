using System.Globalization;
using ActorNet.Dataplane.Time;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Ping;

/// <summary>One run of ping: when to send, how long to wait, what to print (iputils ping/ping_common.c main_loop, pinger, schedule_exit).</summary>
internal sealed class PingSession
{
    // A payload has room for a struct timeval, which the tool's timing needs.
    private const int TimestampLength = 16;

    // Requests whose moment of sending is remembered: the tool reads it from the reply, and none of ours waits for more.
    private const int Window = 65_536;

    private readonly ProgramContext _context;
    private readonly PingOptions _options;
    private readonly EchoEndpoint _endpoint;
    private readonly string _header;
    private readonly PingStatistics _counts;
    private readonly PingNames _names;
    private readonly byte[] _data;
    private readonly Dictionary<ushort, Instant> _sent = [];
    private readonly long _start;
    private long _lastSent;
    private long? _exitAt;
    private bool _ended;

    public PingSession(ProgramContext context, PingOptions options, EchoEndpoint endpoint, string header)
    {
        _context = context;
        _options = options;
        _endpoint = endpoint;
        _header = header;
        _names = new PingNames(context, options.IsNumeric || Ipv4Address.TryParse(options.Target, out _));
        _counts = new PingStatistics(options.DataLength >= TimestampLength);
        // One byte more than fits is enough to be told that it is too long.
        _data = new byte[Math.Min(options.DataLength, DatagramSocket.MaxPayload + 1)];
        for (int i = 0; i < _data.Length; i++)
            _data[i] = (byte)i;
        _start = context.Time.GetTimestamp();
    }

    public async Task<int> RunAsync()
    {
        Task<IReadOnlyList<EchoEvent>>? events = null;
        try
        {
            if (!await SendFirstAsync().ConfigureAwait(false))
                return 2;
            while (!IsDone())
            {
                if (MaySend() && Elapsed(_lastSent) >= _options.Interval)
                    await SendAsync().ConfigureAwait(false);
                ScheduleExit();
                events ??= _endpoint.ReceiveAsync(_context.Cancellation);
                if (!await WaitAsync(events).ConfigureAwait(false))
                    continue;
                await HandleAsync(await events.ConfigureAwait(false)).ConfigureAwait(false);
                events = null;
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C, or the namespace went: the statistics are still told.
        }

        return await FinishAsync().ConfigureAwait(false);
    }

    // main_loop's exit conditions.
    private bool IsDone()
    {
        if (_ended || (_options.Count > 0 && _counts.Received + _counts.Errors >= _options.Count))
            return true;
        if (_options.Deadline > 0 && (_counts.Errors > 0 || Elapsed(_start) >= TimeSpan.FromSeconds(_options.Deadline)))
            return true;
        return _exitAt is { } exit && _context.Time.GetTimestamp() >= exit;
    }

    private bool MaySend() => _options.Count == 0 || _options.Deadline > 0 || _counts.Transmitted < _options.Count;

    // Everything was sent: wait twice the longest round trip, at least an interval; or, without any reply, the linger time.
    private void ScheduleExit()
    {
        if (_exitAt is not null || MaySend())
            return;
        TimeSpan wait = _options.Linger;
        if (_counts.Received > 0)
        {
            wait = TimeSpan.FromMicroseconds(2 * _counts.Max);
            if (wait < _options.Interval)
                wait = _options.Interval;
        }

        _exitAt = After(_context.Time.GetTimestamp(), wait);
    }

    private async Task<bool> WaitAsync(Task events)
    {
        long now = _context.Time.GetTimestamp();
        long until = _exitAt ?? long.MaxValue;
        if (MaySend())
            until = Math.Min(until, After(_lastSent, _options.Interval));
        if (_options.Deadline > 0)
            until = Math.Min(until, After(_start, TimeSpan.FromSeconds(_options.Deadline)));
        TimeSpan wait = until <= now ? TimeSpan.Zero : _context.Time.GetElapsedTime(now, until);
        // Timers count whole milliseconds and Task.Delay has a bound.
        wait = TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling(wait.TotalMilliseconds), int.MaxValue));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_context.Cancellation);
        Task first = await Task.WhenAny(events, Task.Delay(wait, _context.Time, over.Token)).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        _context.Cancellation.ThrowIfCancellationRequested();
        return first == events;
    }

    private async Task<bool> SendFirstAsync()
    {
        (SocketResult result, Instant sentAt) = await TransmitAsync().ConfigureAwait(false);
        if (result == SocketResult.AccessDenied)
        {
            await _context.Stderr.WriteAsync("ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules\n").ConfigureAwait(false);
            return false;
        }

        await _context.Stdout.WriteAsync(_header).ConfigureAwait(false);
        await NoteSentAsync(result, sentAt).ConfigureAwait(false);
        return true;
    }

    private async Task SendAsync()
    {
        (SocketResult result, Instant sentAt) = await TransmitAsync().ConfigureAwait(false);
        await NoteSentAsync(result, sentAt).ConfigureAwait(false);
    }

    private Task<(SocketResult Result, Instant SentAt)> TransmitAsync()
    {
        _lastSent = _context.Time.GetTimestamp();
        return _endpoint.SendAsync((ushort)(_counts.Transmitted + 1), _data);
    }

    private async Task NoteSentAsync(SocketResult result, Instant sentAt)
    {
        _counts.CountSent();
        if (_sent.Count >= Window)
            _sent.Clear();
        _sent[(ushort)_counts.Transmitted] = sentAt;
        // "Too long" comes back through the error queue, with the MTU.
        if (result is not (SocketResult.Ok or SocketResult.MessageTooLong) && !_options.Quiet)
            await _context.Stderr.WriteAsync($"ping: sendmsg: {result.Describe()}\n").ConfigureAwait(false);
    }

    private async Task HandleAsync(IReadOnlyList<EchoEvent> events)
    {
        // The socket is closed: nothing will come any more.
        _ended = events.Count == 0;
        foreach (EchoEvent e in events)
        {
            if (e.Error is { } error)
                await HandleErrorAsync(error).ConfigureAwait(false);
            else
                await HandleReplyAsync(e).ConfigureAwait(false);
        }

        await _context.Stdout.FlushAsync().ConfigureAwait(false);
    }

    private async Task HandleErrorAsync(SocketErrorRecord error)
    {
        if (error.Origin == SocketErrorOrigin.Icmp)
            _counts.Acknowledge(error.EchoSequence);
        // Quiet errors are not counted either, as the tool's output on a raw socket shows.
        if (_options.Quiet)
            return;
        _counts.Errors++;
        if (error.Origin == SocketErrorOrigin.Local)
            await _context.Stderr.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"ping: local error: message too long, mtu={error.Mtu}\n")).ConfigureAwait(false);
        else
            await _context.Stdout.WriteAsync(Stamp() + PingText.Error(error, await _names.DescribeAsync(error.Offender).ConfigureAwait(false))).ConfigureAwait(false);
    }

    private async Task HandleReplyAsync(EchoEvent e)
    {
        long? time = null;
        if (_counts.IsTiming && e.Data.Length >= TimestampLength && _sent.TryGetValue(e.Sequence, out Instant sentAt))
            time = Math.Max(0, (e.Info.ReceivedAt.Nanoseconds - sentAt.Nanoseconds) / 1000);
        bool duplicate = _counts.CountReply(e.Sequence, time);
        if (_options.Quiet)
            return;
        bool truncated = e.Data.Length < _options.DataLength;
        string line = PingText.Reply(e.Data.Length + 8, await _names.DescribeAsync(e.Info.Sender.Address).ConfigureAwait(false), e.Sequence, e.Info.TimeToLive, time, duplicate, truncated);
        await _context.Stdout.WriteAsync(Stamp() + line).ConfigureAwait(false);
    }

    private async Task<int> FinishAsync()
    {
        _counts.ElapsedMilliseconds = (long)Math.Round(_context.Time.GetElapsedTime(_start, _lastSent).TotalMilliseconds);
        await _context.Stdout.WriteAsync(PingText.Statistics(_options.Target, _counts)).ConfigureAwait(false);
        bool missed = _options.Deadline > 0 && _counts.Received < _options.Count;
        return _counts.Received == 0 || missed ? 1 : 0;
    }

    // -D: seconds of the Unix epoch with six digits.
    private string Stamp()
    {
        if (!_options.Timestamps)
            return "";
        long microseconds = (_context.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10;
        return string.Create(CultureInfo.InvariantCulture, $"[{microseconds / 1_000_000}.{microseconds % 1_000_000:000000}] ");
    }

    private TimeSpan Elapsed(long since) => _context.Time.GetElapsedTime(since);

    private long After(long timestamp, TimeSpan span) =>
        timestamp + (long)((Int128)span.Ticks * _context.Time.TimestampFrequency / TimeSpan.TicksPerSecond);
}
