using ActorNet.Dataplane.Frames;

namespace ActorNet.Netstack;

/// <summary>Large frames with little in them: what waits long is copied into small ones, so that it holds no more memory than it needs.</summary>
internal static class SparseFrames
{
    /// <summary>Bytes of data that a small frame takes.</summary>
    public const int SmallCapacity = FramePool.SmallLength - FramePool.Headroom;

    /// <summary>Whether a frame is a large one of which less than half is used.</summary>
    public static bool IsSparse(in Frame frame) => ReceiveQueue.TrueSize(frame) > FramePool.SmallLength && frame.Length * 2 < ReceiveQueue.TrueSize(frame);

    /// <summary>
    /// Moves a segment that shares a large buffer with others, as one of a train does, into a small frame: it would keep the whole buffer
    /// from the pool, and is charged for its own bytes only.
    /// </summary>
    /// <param name="frames">Memory.</param>
    /// <param name="data">The frame; unchanged when it is none of those or there is no memory.</param>
    public static void Detach(FrameCache frames, ref Frame data)
    {
        if (data.Buffer.Size != FrameSize.Large || ReceiveQueue.TrueSize(data) > FramePool.SmallLength || data.Length > SmallCapacity
            || !frames.TryRentFrame(data.Length, out Frame own))
        {
            return;
        }

        data.Span.CopyTo(own.Span);
        frames.Release(ref data);
        data = own;
    }

    /// <summary>Moves the first bytes of a sparse frame into a small one; a frame that is empty by then is released.</summary>
    /// <param name="frames">Memory.</param>
    /// <param name="data">The frame; without a buffer when all of it was moved.</param>
    /// <param name="piece">The small frame.</param>
    /// <returns>False when the frame is not sparse or there is no memory: it stays as it is.</returns>
    public static bool TryCut(FrameCache frames, ref Frame data, out Frame piece)
    {
        piece = default;
        if (data.Buffer is null || !IsSparse(data) || !frames.TryRentFrame(Math.Min(data.Length, SmallCapacity), out piece))
            return false;
        data.Span[..piece.Length].CopyTo(piece.Span);
        data.Pull(piece.Length);
        if (data.Length > 0)
            return true;
        frames.Release(ref data);
        data = default;
        return true;
    }
}
