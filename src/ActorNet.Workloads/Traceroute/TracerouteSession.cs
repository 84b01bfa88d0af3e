using System.Globalization;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Traceroute;

/// <summary>One run: up to -N probes are under way at once, and each is printed when it and all before it are done (traceroute.c do_it).</summary>
internal sealed class TracerouteSession(ProgramContext context, TracerouteOptions options, TracerouteProber prober)
{
    // DEF_WAIT_PREC: what is added to another's round trip before the factor.
    private const double Precision = 0.001;

    private readonly TracerouteProbe[] _probes = [.. Enumerable.Range(0, options.MaxHops * options.Queries).Select(static _ => new TracerouteProbe())];
    private long? _lastSent;

    /// <summary>Runs to the end of the way.</summary>
    public async Task RunAsync()
    {
        int start = (options.FirstHop - 1) * options.Queries;
        int end = _probes.Length;
        while (start < end)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            // What has come is a reply, however late this program gets its turn: only then is it asked whose time is over.
            TakeReplies();
            TimeSpan? wait = null;
            int underWay = 0;
            for (int i = start; i < end && underWay < options.Simultaneous; i++)
            {
                TracerouteProbe probe = _probes[i];
                if (!probe.IsDone && probe.SentAt is not null && Left(i) <= TimeSpan.Zero)
                    probe.IsDone = true;
                if (probe.IsDone)
                {
                    if (i == start)
                        await PrintAsync(start++).ConfigureAwait(false);
                    if (probe.Reply?.IsFinal == true)
                        end = Math.Min(end, ((i / options.Queries) + 1) * options.Queries);
                    continue;
                }

                if (probe.SentAt is null)
                {
                    TimeSpan pause = _lastSent is { } last ? options.SendWait - context.Time.GetElapsedTime(last) : TimeSpan.Zero;
                    if (pause > TimeSpan.Zero)
                    {
                        wait = Sooner(wait, pause);
                        break;
                    }

                    await SendAsync(i).ConfigureAwait(false);
                }

                wait = Sooner(wait, Left(i));
                underWay++;
            }

            if (wait is { } until)
                await ReceiveAsync(until).ConfigureAwait(false);
        }

        await context.Stdout.WriteAsync("\n").ConfigureAwait(false);
    }

    private static TimeSpan Sooner(TimeSpan? one, TimeSpan other) => one is { } span && span < other ? span : other;

    private async Task SendAsync(int index)
    {
        TracerouteProbe probe = _probes[index];
        probe.SentTimestamp = context.Time.GetTimestamp();
        _lastSent = probe.SentTimestamp;
        probe.SentAt = await prober.SendAsync(index, (byte)((index / options.Queries) + 1)).ConfigureAwait(false);
    }

    // get_timeout: three times what another probe of this hop took, else ten times what one of a next hop took, at most five seconds.
    private TimeSpan Left(int index)
    {
        double seconds = options.Wait.Most;
        int hop = index - (index % options.Queries);
        double? here = options.Wait.Here > 0 ? FirstRoundTrip(hop, hop + options.Queries, false) : null;
        double? near = here is null && options.Wait.Near > 0 ? FirstRoundTrip(index + 1, _probes.Length, true) : null;
        if (here is { } own)
            seconds = Math.Min(seconds, (own + Precision) * options.Wait.Here);
        else if (near is { } next)
            seconds = Math.Min(seconds, (next + Precision) * options.Wait.Near);
        return TimeSpan.FromSeconds(seconds) - context.Time.GetElapsedTime(_probes[index].SentTimestamp);
    }

    private double? FirstRoundTrip(int from, int to, bool stopsAtUnsent)
    {
        for (int i = from; i < to && !(stopsAtUnsent && _probes[i].SentAt is null); i++)
        {
            if (_probes[i].RoundTrip is { } time && time > TimeSpan.Zero)
                return time.TotalSeconds;
        }

        return null;
    }

    private async Task ReceiveAsync(TimeSpan wait)
    {
        // Timers count whole milliseconds.
        using var over = new CancellationTokenSource(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(wait.TotalMilliseconds))), context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, context.Cancellation, context.Namespace.Closed);
        try
        {
            await prober.Replies.WaitToReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested && !context.Cancellation.IsCancellationRequested && !context.Namespace.Closed.IsCancellationRequested)
        {
            // Nothing came.
        }
    }

    private void TakeReplies()
    {
        while (prober.Replies.TryRead(out ProbeReply? reply))
        {
            if (reply.Index >= _probes.Length || _probes[reply.Index] is not { IsDone: false, SentAt: not null } probe)
                continue;
            probe.Reply = reply;
            probe.IsDone = true;
        }
    }

    private async Task PrintAsync(int index)
    {
        TracerouteProbe probe = _probes[index];
        string text = index % options.Queries == 0 ? string.Create(CultureInfo.InvariantCulture, $"\n{(index / options.Queries) + 1,2} ") : "";
        if (probe.Reply is not { } reply)
        {
            await context.Stdout.WriteAsync(text + " *").ConfigureAwait(false);
            return;
        }

        if (PreviousFrom(index) != reply.From)
            text += options.Numeric ? $" {reply.From}" : $" {context.FindName(reply.From) ?? reply.From.ToString()} ({reply.From})";
        text += string.Create(CultureInfo.InvariantCulture, $"  {probe.RoundTrip!.Value.TotalMilliseconds:F3} ms");
        await context.Stdout.WriteAsync(reply.Mark.Length > 0 ? $"{text} {reply.Mark}" : text).ConfigureAwait(false);
    }

    // Who answered the last probe of this hop that was answered.
    private Ipv4Address? PreviousFrom(int index)
    {
        for (int i = index - 1; i >= 0 && i / options.Queries == index / options.Queries; i--)
        {
            if (_probes[i].Reply is { } reply)
                return reply.From;
        }

        return null;
    }
}
