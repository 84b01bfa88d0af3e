using ActorNet.Dataplane.Frames;

namespace ActorNet.Node.Uplink;

/// <summary>
/// Fills vectors with received datagrams and hands them up. Owned by the receive thread. Nothing waits for a vector to fill: the receive
/// loop flushes after each batch that the socket had ready.
/// <para>Memory is bounded twice: the window bounds the vectors under way, and a vector stands in at most <see cref="LargePerVector"/> large
/// buffers, so a slow consumer holds at most window x 4 of them.</para>
/// </summary>
internal sealed class ReceivedVectors(FrameCache cache, IFrameSink sink, CreditWindow window, ReceiveTally tally, Action<string>? notice)
{
    /// <summary>Large buffers that the frames of one vector may stand in.</summary>
    public const int LargePerVector = 4;

    private FrameVector? _vector;
    private int _large;
    private bool _sinkFailed;

    /// <summary>Says that the frames added next stand in a further large buffer.</summary>
    public void CountLargeBuffer()
    {
        if (_large == LargePerVector)
            Flush();
        _large++;
    }

    /// <summary>Takes a frame over.</summary>
    public void Add(ref Frame frame)
    {
        if (_vector is null && !cache.TryRentVector(out _vector))
        {
            _vector = null;
            tally.Drops.Count(DropReason.NoBuffer);
            cache.Release(ref frame);
            return;
        }

        _vector.Add(frame);
        if (!_vector.IsFull)
            return;
        // What comes next may stand in the last buffer of this vector.
        int large = Math.Min(_large, 1);
        Flush();
        _large = large;
    }

    /// <summary>Hands up what is there.</summary>
    public void Flush()
    {
        _large = 0;
        FrameVector? vector = _vector;
        if (vector is null)
            return;
        _vector = null;
        if (!window.TryTake(1))
        {
            tally.Drops.Count(DropReason.QueueFull, vector.Count);
            cache.Release(vector);
            return;
        }

        vector.Credit = new LinkCredit(window, 1);
        try
        {
            sink.Push(vector);
        }
        catch (Exception e)
        {
            // The sink took ownership; what it did with the vector is unknown. The thread must live on.
            if (!_sinkFailed)
                notice?.Invoke($"The consumer of received datagrams failed: {e.Message}");
            _sinkFailed = true;
        }
    }
}
