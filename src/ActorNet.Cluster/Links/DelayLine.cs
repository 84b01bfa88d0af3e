using Akka.Event;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace ActorNet.Cluster.Links;

/// <summary>
/// What one association sends, leaving a fixed time later and in order. Bounded by bytes: a full line refuses the write, which
/// makes Akka's endpoint writer keep the message and try again. Without delay and with nothing waiting it adds nothing.
/// </summary>
internal sealed class DelayLine(AssociationHandle wire, TimeProvider time, Func<bool> isCut, Action onLost, Action onDelayed)
{
    /// <summary>What may wait in one line.</summary>
    internal const int MaximumBytes = 16 << 20;

    /// <summary>How long to wait when the socket below takes no more.</summary>
    private static readonly TimeSpan WireRetry = TimeSpan.FromMilliseconds(5);

    private readonly Lock _gate = new();
    private readonly Queue<(ByteString Payload, long Due)> _waiting = new();
    private long _waitingBytes;
    private long _lastDue;
    private bool _draining;
    private bool _closing;
    private bool _dead;

    public bool Write(ByteString payload, TimeSpan delay)
    {
        lock (_gate)
        {
            if (!_draining && delay == TimeSpan.Zero)
                return wire.Write(payload);
            if (_dead || _closing || _waitingBytes + payload.Length > MaximumBytes)
                return false;
            // A shorter delay must not let a later message overtake an earlier one.
            long due = Math.Max(_lastDue, time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency));
            _lastDue = due;
            _waiting.Enqueue((payload, due));
            _waitingBytes += payload.Length;
            onDelayed();
            if (!_draining)
            {
                _draining = true;
                _ = DrainAsync();
            }
            return true;
        }
    }

    /// <summary>Closes the association once everything that waits has left.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closing = true;
            if (_draining)
                return;
        }
        wire.Disassociate("closed by the layer above", NoLogger.Instance);
    }

    /// <summary>The association below is gone: nothing can leave any more.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _dead = true;
            _waiting.Clear();
            _waitingBytes = 0;
        }
    }

    private async Task DrainAsync()
    {
        while (true)
        {
            TimeSpan pause = SendDue(out bool empty);
            if (empty)
                break;
            await Task.Delay(pause, time).ConfigureAwait(false);
        }
    }

    /// <summary>Sends what is due; returns how long until there is more to do.</summary>
    private TimeSpan SendDue(out bool empty)
    {
        bool close;
        lock (_gate)
        {
            while (_waiting.TryPeek(out (ByteString Payload, long Due) head))
            {
                empty = false;
                long ahead = head.Due - time.GetTimestamp();
                if (ahead > 0)
                    return TimeSpan.FromMilliseconds(Math.Max(1, ahead * 1000.0 / time.TimestampFrequency));
                if (isCut())
                    onLost();
                else if (!wire.Write(head.Payload))
                    return WireRetry;
                _waiting.Dequeue();
                _waitingBytes -= head.Payload.Length;
            }
            _draining = false;
            empty = true;
            close = _closing && !_dead;
        }
        if (close)
            wire.Disassociate("closed by the layer above", NoLogger.Instance);
        return TimeSpan.Zero;
    }
}
