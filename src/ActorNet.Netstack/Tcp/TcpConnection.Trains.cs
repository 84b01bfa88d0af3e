using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <content>
/// Segmentation offload: the data segments of a turn that follow each other leave as one train (linux tcp_write_xmit with tso_segs, and
/// tcp_collapse_retrans' like). The scoreboard knows every segment of its own, so loss recovery does not see the difference.
/// </content>
internal sealed partial class TcpConnection
{
    private bool _gathers;
    private int _gathered;
    private uint _gatheredStart;
    private int _gatheredLength;
    private int _lastGatheredLength;
    private TcpFlags _lastGatheredFlags;

    // Sends a segment, or keeps it in mind to leave with those that follow in this turn.
    private void Gather(uint sequence, int length, TcpFlags flags, Instant now)
    {
        if (_gathered > 0)
        {
            if (MayFollow(sequence, length))
            {
                _gathered++;
                (_lastGatheredLength, _lastGatheredFlags) = (length, flags);
                return;
            }

            SendGathered(now);
        }

        if (!_gathers || length == 0)
        {
            SendSegment(sequence, length, flags, now);
            return;
        }

        _gathered = 1;
        _gatheredStart = sequence;
        _gatheredLength = length;
        (_lastGatheredLength, _lastGatheredFlags) = (length, flags);
    }

    private bool MayFollow(uint sequence, int length) =>
        sequence == _gatheredStart + (uint)(_gathered * _gatheredLength) && _lastGatheredFlags == TcpFlags.Ack && _lastGatheredLength == _gatheredLength
        && length > 0 && length <= _gatheredLength && _gathered < FrameTrain.Limit(_gatheredLength + HeadersInTrain);

    private int HeadersInTrain => TcpView.MinHeaderLength + (_hasTimestamps ? TimestampsLength : 0) + SackOptionLength;

    // Sends what was gathered.
    private void SendGathered(Instant now)
    {
        int count = _gathered;
        _gathered = 0;
        if (count == 0)
            return;
        uint lastStart = _gatheredStart + (uint)((count - 1) * _gatheredLength);
        if (count > 1 && TrySendTrain(count, now))
            return;
        for (uint at = _gatheredStart; at != lastStart; at += (uint)_gatheredLength)
            SendSegment(at, _gatheredLength, TcpFlags.Ack, now);
        SendSegment(lastStart, _lastGatheredLength, _lastGatheredFlags, now);
    }

    // False when there is no memory for all in one: they go one by one.
    private bool TrySendTrain(int count, Instant now)
    {
        Span<byte> space = stackalloc byte[MaxOptionsLength];
        ReadOnlySpan<byte> options = space[..WriteOptions(space, TcpFlags.Ack, now)];
        int headerLength = TcpView.MinHeaderLength + options.Length;
        if (!FrameTrain.TryRent(_host.Frames, headerLength + _gatheredLength, count, _gatheredLength - _lastGatheredLength, out Frame train))
            return false;
        ushort window = TakeWindow(TcpFlags.Ack);
        for (int i = 0; i < count; i++)
        {
            bool last = i == count - 1;
            int length = last ? _lastGatheredLength : _gatheredLength;
            CountSent(length);
            Write(FrameTrain.SpanOf(train, i), options, _gatheredStart + (uint)(i * _gatheredLength), length, last ? _lastGatheredFlags : TcpFlags.Ack, window);
        }

        AckSent();
        Pass(ref train);
        return true;
    }
}
