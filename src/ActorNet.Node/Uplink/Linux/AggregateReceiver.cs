using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Node.Uplink.Linux;

/// <summary>
/// Receives with recvmmsg and UDP_GRO. Each slot has a large buffer, because nobody knows before whether a lone datagram or an aggregate
/// comes. What is small is copied into a small buffer and the slot's is used again; a long aggregate is cut into frames where it stands,
/// and the slot gets a new buffer first. When the pool has none, the datagrams are dropped and the slot keeps its own, as NIC drivers do:
/// a slot is never without memory. Owned by the receive thread.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class AggregateReceiver : IDisposable
{
    private const int MaxSlots = 8;
    private const int SmallRoom = FramePool.SmallLength - FramePool.Headroom;

    private readonly int _socket;
    private readonly FrameCache _cache;
    private readonly ReceivedVectors _up;
    private readonly ReceiveTally _tally;
    private readonly FrameBuffer[] _buffers = new FrameBuffer[MaxSlots];
    private readonly int _slots;
    private readonly MessageVector* _messages;
    private readonly IoVector* _vectors;
    private readonly SocketAddressIn* _addresses;
    private readonly byte* _control;
    private uint _lastOverflow;

    /// <summary>Rents the slots' buffers.</summary>
    /// <exception cref="UnderlayException">The pool has not even one.</exception>
    public AggregateReceiver(Socket socket, FrameCache cache, ReceivedVectors up, ReceiveTally tally)
    {
        _socket = (int)socket.Handle;
        _cache = cache;
        _up = up;
        _tally = tally;
        while (_slots < MaxSlots && cache.TryRentBuffer(FrameSize.Large, out _buffers[_slots]))
            _slots++;
        if (_slots == 0)
            throw new UnderlayException("The frame pool has no large buffer to receive into: it is at its bound. Raise the bound of the pool or stop what holds its buffers.");
        _messages = (MessageVector*)NativeMemory.AllocZeroed((nuint)_slots, (nuint)sizeof(MessageVector));
        _vectors = (IoVector*)NativeMemory.AllocZeroed((nuint)_slots, (nuint)sizeof(IoVector));
        _addresses = (SocketAddressIn*)NativeMemory.AllocZeroed((nuint)_slots, (nuint)sizeof(SocketAddressIn));
        _control = (byte*)NativeMemory.AllocZeroed((nuint)_slots, ControlMessages.Capacity);
        for (int i = 0; i < _slots; i++)
        {
            Point(i);
            Rearm(i);
        }
    }

    /// <summary>Messages that one call can take: as many buffers stand ready.</summary>
    public int Slots => _slots;

    /// <summary>Blocks until something comes, then takes what is there, up to all slots.</summary>
    /// <returns>False when the system call failed.</returns>
    public bool TryReceive()
    {
        int count = LinuxNative.ReceiveMessages(_socket, _messages, (uint)_slots, LinuxNative.MsgWaitForOne, null);
        if (count < 0)
            return Marshal.GetLastPInvokeError() is LinuxNative.Eintr or LinuxNative.Eagain;
        _tally.Calls++;
        for (int i = 0; i < count; i++)
        {
            Take(i);
            Rearm(i);
        }

        return true;
    }

    public void Dispose()
    {
        for (int i = 0; i < _slots; i++)
            _cache.Release(_buffers[i]);
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_addresses);
        NativeMemory.Free(_control);
    }

    private void Point(int slot)
    {
        FrameBuffer buffer = _buffers[slot];
        // Slabs are pinned arrays: the address stays good while the buffer is rented.
        byte* slab = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(buffer.Slab));
        _vectors[slot].Base = slab + buffer.Offset + FramePool.Headroom;
        _vectors[slot].Length = (nuint)(buffer.Length - FramePool.Headroom);
    }

    private void Rearm(int slot)
    {
        ref MessageHeader header = ref _messages[slot].Header;
        header.Name = _addresses + slot;
        header.NameLength = (uint)sizeof(SocketAddressIn);
        header.Vectors = _vectors + slot;
        header.VectorCount = 1;
        header.Control = _control + (slot * ControlMessages.Capacity);
        header.ControlLength = ControlMessages.Capacity;
        header.Flags = 0;
    }

    private void Take(int slot)
    {
        // A receive that a shutdown ended has no sender.
        if (_messages[slot].Header.NameLength < sizeof(SocketAddressIn) || _addresses[slot].Family != LinuxNative.AfInet)
            return;
        int bytes = (int)_messages[slot].Length;
        int segment = ReadControl(slot, out byte typeOfService);
        if (segment <= 0 || segment > bytes)
            segment = bytes;
        int count = bytes <= segment ? 1 : (bytes + segment - 1) / segment;
        _tally.Datagrams += count;
        _tally.Bytes += bytes;
        if (count > 1)
            _tally.Aggregated++;
        if (!TryTakeBytes(slot, bytes, out FrameBuffer buffer))
        {
            _tally.Drops.Count(DropReason.NoBuffer, count);
            return;
        }

        Cut(buffer, bytes, segment, count, new Frame { Remote = Sender(slot), OuterTypeOfService = typeOfService });
    }

    private UnderlayEndpoint Sender(int slot)
    {
        SocketAddressIn address = _addresses[slot];
        if (BitConverter.IsLittleEndian)
            return new UnderlayEndpoint(new Ipv4Address(BinaryPrimitives.ReverseEndianness(address.Address)), BinaryPrimitives.ReverseEndianness(address.Port));
        return new UnderlayEndpoint(new Ipv4Address(address.Address), address.Port);
    }

    /// <summary>Finds a buffer for what the slot received: a small copy, or the slot's own in exchange for a new one.</summary>
    private bool TryTakeBytes(int slot, int bytes, out FrameBuffer buffer)
    {
        if (bytes <= SmallRoom)
        {
            if (!_cache.TryRentBuffer(FrameSize.Small, out buffer))
                return false;
            new ReadOnlySpan<byte>(_vectors[slot].Base, bytes).CopyTo(buffer.Slab.AsSpan(buffer.Offset + FramePool.Headroom));
            return true;
        }

        if (!_cache.TryRentBuffer(FrameSize.Large, out FrameBuffer replacement))
        {
            buffer = null!;
            return false;
        }

        buffer = _buffers[slot];
        _buffers[slot] = replacement;
        Point(slot);
        _up.CountLargeBuffer();
        return true;
    }

    /// <summary>Makes the frames of an aggregate. Each has the region of its own bytes: headroom is the header that the tunnel strips; only the first has the buffer's headroom and the last its tail.</summary>
    private void Cut(FrameBuffer buffer, int bytes, int segment, int count, Frame frame)
    {
        if (count > 1)
            buffer.AddReferences(count - 1);
        int start = buffer.Offset + FramePool.Headroom;
        int end = start + bytes;
        for (int i = 0; i < count; i++)
        {
            int length = Math.Min(segment, end - start);
            frame.Buffer = buffer;
            frame.RegionStart = i == 0 ? buffer.Offset : start;
            frame.RegionEnd = i == count - 1 ? buffer.Offset + buffer.Length : start + length;
            frame.Start = start;
            frame.Length = length;
            _up.Add(ref frame);
            start += length;
        }
    }

    private int ReadControl(int slot, out byte typeOfService)
    {
        typeOfService = 0;
        int segment = 0;
        ref MessageHeader header = ref _messages[slot].Header;
        int at = 0;
        while (ControlMessages.TryRead(header.Control, header.ControlLength, ref at, out int level, out int type, out int value))
        {
            switch (level, type)
            {
                case (LinuxNative.IpProtoIp, LinuxNative.IpTos):
                    typeOfService = (byte)value;
                    break;
                case (LinuxNative.SolUdp, LinuxNative.UdpGro):
                    segment = value;
                    break;
                case (LinuxNative.SolSocket, LinuxNative.SoRxqOvfl):
                    // A running count of 32 bits that wraps.
                    _tally.KernelDrops += (uint)value - _lastOverflow;
                    _lastOverflow = (uint)value;
                    break;
            }
        }

        return segment;
    }
}
