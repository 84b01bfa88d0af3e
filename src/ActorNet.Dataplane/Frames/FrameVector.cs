using System.Runtime.CompilerServices;

namespace ActorNet.Dataplane.Frames;

/// <summary>
/// Up to 64 frames that travel together: the unit that actors send each other. A vector has exactly one owner; sending it away, or pushing
/// it into an <see cref="IFrameSink"/>, hands over the vector and every frame in it.
/// </summary>
public sealed class FrameVector
{
    /// <summary>The most frames in a vector: what one segmented send carries (Linux UDP_MAX_SEGMENTS was 64 before 6.9).</summary>
    public const int Capacity = 64;

    private readonly Frame[] _frames = new Frame[Capacity];

    internal FrameVector()
    {
    }

    /// <summary>How many frames it holds, 0 to 64.</summary>
    public int Count { get; private set; }

    /// <summary>How many frames it holds on the wire: those of trains each.</summary>
    public int WireCount
    {
        get
        {
            int count = Count;
            foreach (ref Frame frame in Frames)
                count += frame.Followers;
            return count;
        }
    }

    /// <summary>Whether there is no room for another.</summary>
    public bool IsFull => Count == Capacity;

    /// <summary>Which port of the receiving actor this vector is for: the receiver's number, written by the sender's end of the link.</summary>
    public int Port { get; set; }

    /// <summary>The places that this vector occupies in a link's window. The receiver gives them back when it has dealt with the vector.</summary>
    public LinkCredit Credit { get; set; }

    /// <summary>Set while a bridge asks its namespace's rules about the frames, and on the way back.</summary>
    public BridgePassage Passage { get; set; }

    /// <summary>The frame at an index, for reading and changing in place.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public ref Frame this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _frames[index];
    }

    /// <summary>The frames.</summary>
    public Span<Frame> Frames => _frames.AsSpan(0, Count);

    /// <summary>Puts a frame at the end; the vector owns it from here.</summary>
    /// <param name="frame">The frame, moved.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in Frame frame) => _frames[Count++] = frame;

    /// <summary>Forgets the frames without releasing them: every one was moved elsewhere.</summary>
    public void Clear() => Count = 0;

    /// <summary>Keeps the first frames only, after the caller moved or released the others.</summary>
    /// <param name="count">How many stay.</param>
    public void Truncate(int count) => Count = count;

    /// <summary>
    /// Who is dealing with the vector now, or null while it is under way, being filled or in the pool. It tells a shell whose object failed
    /// whether the vector is still its own to release.
    /// </summary>
    public object? Holder { get; set; }

    /// <summary>Gives the occupied places of the link's window back, once.</summary>
    public void ReturnCredit() => TakeCredit().Return();

    /// <summary>Takes the credit off the vector: who deals with it gives it back.</summary>
    public LinkCredit TakeCredit()
    {
        LinkCredit credit = Credit;
        Credit = default;
        return credit;
    }
}

/// <summary>What takes a vector over: the far end of a link, a device, a socket, a queue to an actor.</summary>
public interface IFrameSink
{
    /// <summary>Takes ownership of the vector and its frames, whatever it does with them.</summary>
    /// <param name="frames">A vector with at least one frame.</param>
    void Push(FrameVector frames);
}
