using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using ActorNet.Dataplane.Frames;

namespace ActorNet.Node.Uplink.Linux;

/// <summary>
/// Sends vectors with one sendmmsg per source socket, whose messages are runs of datagrams of one length to one peer (UDP_SEGMENT), straight
/// from the pinned slabs. A train is such a run already, and its bytes lie in one piece. Frames of different source sockets are of different flows, so sorting a vector by socket keeps each flow's order.
/// Owned by the underlay's owner; nothing here allocates after construction.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class SegmentedSender : IDisposable
{
    /// <summary>A frame of this length is not sent: it was counted as dropped.</summary>
    public const int Skip = -1;

    /// <summary>UDP_MAX_SEGMENTS before Linux 6.9.</summary>
    private const int MaxSegments = 64;

    /// <summary>Runs sent one by one before a refused length is tried again.</summary>
    private const int RetryAfter = 4096;

    private readonly SourcePorts _sources;
    private readonly PeerTable _peers;
    private readonly TransmitTally _tally;
    private readonly Action<string>? _notice;
    private readonly int[] _handles;
    private readonly byte[] _choice = new byte[FrameVector.Capacity];
    private readonly Run[] _runs = new Run[FrameVector.Capacity];
    private readonly MessageVector* _messages;
    private readonly IoVector* _vectors;
    private readonly SocketAddressIn* _addresses;
    private readonly byte* _control;
    private int _runCount;
    private int _vectorCount;
    private bool _refusalTold;

    public SegmentedSender(SourcePorts sources, PeerTable peers, TransmitTally tally, Action<string>? notice, bool segments)
    {
        _sources = sources;
        _peers = peers;
        _tally = tally;
        _notice = notice;
        Segments = segments;
        _handles = new int[sources.Count];
        for (int i = 0; i < _handles.Length; i++)
            _handles[i] = (int)sources[i].Handle;
        _messages = (MessageVector*)NativeMemory.AllocZeroed(FrameVector.Capacity, (nuint)sizeof(MessageVector));
        // One more for a datagram of a run that is sent singly.
        _vectors = (IoVector*)NativeMemory.AllocZeroed(FrameVector.Capacity + 1, (nuint)sizeof(IoVector));
        _addresses = (SocketAddressIn*)NativeMemory.AllocZeroed(FrameVector.Capacity, (nuint)sizeof(SocketAddressIn));
        _control = (byte*)NativeMemory.AllocZeroed(FrameVector.Capacity, ControlMessages.Capacity);
    }

    /// <summary>Whether runs are segmented by the kernel.</summary>
    public bool Segments { get; private set; }

    /// <summary>Sends the frames; each was sent or its drop counted when this returns.</summary>
    public void Send(ReadOnlySpan<Frame> frames)
    {
        ulong used = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            int source = SourcePorts.Choose(frames[i].FlowHash, _handles.Length);
            _choice[i] = (byte)source;
            used |= 1UL << source;
        }

        while (used != 0)
        {
            int source = System.Numerics.BitOperations.TrailingZeroCount(used);
            used &= used - 1;
            Gather(frames, source);
            Flush(_handles[source]);
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_addresses);
        NativeMemory.Free(_control);
    }

    /// <summary>Makes runs of the frames of one socket, in their order.</summary>
    private void Gather(ReadOnlySpan<Frame> frames, int source)
    {
        _runCount = 0;
        _vectorCount = 0;
        bool open = false;
        for (int i = 0; i < frames.Length; i++)
        {
            ref readonly Frame frame = ref frames[i];
            if (_choice[i] != source || frame.Length == Skip)
                continue;
            open &= !FlushIfFull(source);
            if (open && _runs[_runCount - 1].Accepts(frame))
            {
                ref Run run = ref _runs[_runCount - 1];
                run.Count += frame.Count;
                run.Bytes += frame.TotalLength;
                run.VectorCount++;
                open = frame.Length - frame.LastShort == run.Segment && run.Count < MaxSegments;
            }
            else if (frame.IsTrain && !MaySegment(frame))
            {
                open = false;
                AddParts(frame, source);
                continue;
            }
            else
            {
                Open(frame);
                open = frame.LastShort == 0 && frame.Length > 0 && frame.Count < MaxSegments && (frame.IsTrain || MaySegment(frame));
            }

            AddVector(frame, 0, frame.TotalLength);
        }
    }

    /// <summary>Begins a run with a frame or a train.</summary>
    private void Open(in Frame frame) => _runs[_runCount++] = new Run
    {
        FirstVector = _vectorCount,
        VectorCount = 1,
        Count = frame.Count,
        Bytes = frame.TotalLength,
        Segment = frame.Length,
        Remote = frame.Remote,
        TypeOfService = frame.OuterTypeOfService,
        Peer = _peers.Find(frame.Remote),
    };

    /// <summary>The datagrams of trains may be more than a call takes: sends what there is then.</summary>
    private bool FlushIfFull(int source)
    {
        if (_vectorCount < FrameVector.Capacity)
            return false;
        Flush(_handles[source]);
        _runCount = 0;
        _vectorCount = 0;
        return true;
    }

    /// <summary>Makes a run of each datagram of a train, which the kernel does not cut for us.</summary>
    private void AddParts(in Frame train, int source)
    {
        for (int i = 0; i < train.Count; i++)
        {
            FlushIfFull(source);
            Open(FrameTrain.Part(train, i));
            AddVector(train, i * train.Stride, FrameTrain.SpanOf(train, i).Length);
        }
    }

    /// <summary>Whether the kernel may be asked to cut a run of this length to this peer. One that was refused is tried again from time to time.</summary>
    private bool MaySegment(in Frame frame)
    {
        if (!Segments || frame.Length == 0)
            return false;
        PeerRecord peer = _peers.Find(frame.Remote);
        if (frame.Length <= peer.SegmentLimit)
            return true;
        if (++peer.SinceRefusal < RetryAfter)
            return false;
        peer.SinceRefusal = 0;
        peer.SegmentLimit = PeerTable.LongestDatagram;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddVector(in Frame frame, int offset, int length)
    {
        ref IoVector vector = ref _vectors[_vectorCount++];
        vector.Base = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(frame.Buffer.Slab)) + frame.Start + offset;
        vector.Length = (nuint)length;
    }

    private void Flush(int socket)
    {
        for (int i = 0; i < _runCount; i++)
            Write(i, _runs[i], _runs[i].FirstVector, _runs[i].VectorCount, _runs[i].Count > 1);
        int next = 0;
        while (next < _runCount)
        {
            _tally.Calls++;
            int sent = LinuxNative.SendMessages(socket, _messages + next, (uint)(_runCount - next), LinuxNative.MsgDontWait | LinuxNative.MsgNoSignal);
            if (sent > 0)
            {
                for (int end = next + sent; next < end; next++)
                    CountSent(_runs[next]);
                continue;
            }

            next = Failed(socket, next, Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Deals with the first run that the kernel did not take.</summary>
    /// <returns>The run to go on with.</returns>
    private int Failed(int socket, int at, int error)
    {
        ref Run run = ref _runs[at];
        if (error == LinuxNative.Eintr)
            return at;
        if (error is LinuxNative.Eagain or LinuxNative.Enobufs)
        {
            // The send buffer or the device's queue is full, as a NIC's ring is: the rest has no place either.
            for (; at < _runCount; at++)
                _tally.CountDropped(_runs[at].Peer, DropReason.UnderlaySendFailed, _runs[at].Count);
            return at;
        }

        if (run.Count > 1 && error is LinuxNative.Einval or LinuxNative.Eio or LinuxNative.Emsgsize or LinuxNative.Enoprotoopt or LinuxNative.Eopnotsupp)
        {
            Refused(run, error);
            SendSingly(socket, at, run);
        }
        else
        {
            _tally.CountDropped(run.Peer, DropReason.UnderlaySendFailed, run.Count);
        }

        return at + 1;
    }

    /// <summary>
    /// Remembers that the kernel did not segment a run. EMSGSIZE (EINVAL before 6.x) says that a segment does not fit the path's MTU, which
    /// concerns this peer and this length; EIO says that the device has no checksum offload, ENOPROTOOPT that the kernel is too old: those
    /// concern all (linux net/ipv4/udp.c udp_send_skb).
    /// </summary>
    private void Refused(in Run run, int error)
    {
        _tally.Refused++;
        if (error is LinuxNative.Emsgsize or LinuxNative.Einval)
        {
            run.Peer.SegmentLimit = Math.Min(run.Peer.SegmentLimit, run.Segment - 1);
            run.Peer.SinceRefusal = 0;
        }
        else
        {
            Segments = false;
        }

        if (_refusalTold)
            return;
        _refusalTold = true;
        string consequence = Segments ? $"Datagrams of {run.Segment} bytes and more to {run.Remote}" : "All datagrams";
        _notice?.Invoke($"The kernel refused to segment {run.Count} datagrams of {run.Segment} bytes to {run.Remote} (errno {error}, {Marshal.GetPInvokeErrorMessage(error)}). {consequence} leave one by one from now on, which is slower.");
    }

    /// <summary>Sends the datagrams of a run each by a call of its own; the run's message is written over.</summary>
    private void SendSingly(int socket, int message, in Run run)
    {
        for (int i = 0; i < run.VectorCount; i++)
        {
            IoVector whole = _vectors[run.FirstVector + i];
            for (nuint at = 0; at < whole.Length; at += (nuint)run.Segment)
                SendOne(socket, message, run, whole.Base + at, Math.Min(run.Segment, (int)(whole.Length - at)));
        }
    }

    private void SendOne(int socket, int message, in Run run, byte* datagram, int length)
    {
        ref IoVector vector = ref _vectors[FrameVector.Capacity];
        vector.Base = datagram;
        vector.Length = (nuint)length;
        Write(message, run, FrameVector.Capacity, 1, segments: false);
        int sent;
        do
        {
            _tally.Calls++;
            sent = LinuxNative.SendMessages(socket, _messages + message, 1, LinuxNative.MsgDontWait | LinuxNative.MsgNoSignal);
        }
        while (sent < 0 && Marshal.GetLastPInvokeError() == LinuxNative.Eintr);
        if (sent == 1)
            _tally.CountSent(run.Peer, 1, length);
        else
            _tally.CountDropped(run.Peer, DropReason.UnderlaySendFailed, 1);
    }

    /// <summary>Writes one message of sendmmsg.</summary>
    private void Write(int message, in Run run, int firstVector, int vectors, bool segments)
    {
        ref SocketAddressIn address = ref _addresses[message];
        address.Family = LinuxNative.AfInet;
        address.Port = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(run.Remote.Port) : run.Remote.Port;
        address.Address = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(run.Remote.Address.Value) : run.Remote.Address.Value;
        byte* control = _control + (message * ControlMessages.Capacity);
        int length = 0;
        if (segments)
            length = ControlMessages.Append(control, length, LinuxNative.SolUdp, LinuxNative.UdpSegment, run.Segment, sizeof(ushort));
        if (run.TypeOfService != 0)
            length = ControlMessages.Append(control, length, LinuxNative.IpProtoIp, LinuxNative.IpTos, run.TypeOfService, sizeof(int));
        ref MessageHeader header = ref _messages[message].Header;
        header.Name = _addresses + message;
        header.NameLength = (uint)sizeof(SocketAddressIn);
        header.Vectors = _vectors + firstVector;
        header.VectorCount = (nuint)vectors;
        header.Control = length == 0 ? null : control;
        header.ControlLength = (nuint)length;
        header.Flags = 0;
    }

    private void CountSent(in Run run)
    {
        _tally.CountSent(run.Peer, run.Count, run.Bytes);
        if (run.Count > 1)
            _tally.Segmented++;
    }

    /// <summary>Datagrams that leave as one message: all of <see cref="Segment"/> bytes, the last perhaps shorter.</summary>
    private struct Run
    {
        public int FirstVector;
        public int VectorCount;
        public int Count;
        public int Bytes;
        public int Segment;
        public UnderlayEndpoint Remote;
        public byte TypeOfService;
        public PeerRecord Peer;

        /// <summary>Whether an open run may take the frame.</summary>
        public readonly bool Accepts(in Frame frame) =>
            frame.Length > 0 && (frame.IsTrain ? frame.Length == Segment : frame.Length <= Segment)
            && Count + frame.Count <= MaxSegments && Bytes + frame.TotalLength <= PeerTable.LongestDatagram
            && frame.Remote == Remote && frame.OuterTypeOfService == TypeOfService;
    }
}
