using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>Who found an error (SO_EE_ORIGIN).</summary>
public enum SocketErrorOrigin : byte
{
    /// <summary>The namespace itself, before anything was sent.</summary>
    Local,

    /// <summary>An ICMP message.</summary>
    Icmp,
}

/// <summary>One entry of the error queue that IP_RECVERR asks for (struct sock_extended_err).</summary>
public readonly record struct SocketErrorRecord
{
    /// <summary>The errno.</summary>
    public required SocketResult Result { get; init; }

    /// <summary>Who found it.</summary>
    public required SocketErrorOrigin Origin { get; init; }

    /// <summary>ICMP type.</summary>
    public IcmpType Type { get; init; }

    /// <summary>ICMP code.</summary>
    public byte Code { get; init; }

    /// <summary>ee_info: the MTU for "message too long", else 0.</summary>
    public int Mtu { get; init; }

    /// <summary>Who reported it; 0.0.0.0 when local.</summary>
    public Ipv4Address Offender { get; init; }

    /// <summary>Where the packet in error was going.</summary>
    public Ipv4Endpoint Destination { get; init; }

    /// <summary>When it was queued.</summary>
    public Instant ReceivedAt { get; init; }

    /// <summary>Sequence number of the quoted echo request; 0 for UDP.</summary>
    public ushort EchoSequence { get; init; }
}

/// <summary>A ring of error records; the newest is refused when it is full, as Linux refuses what does not fit into the receive buffer.</summary>
internal sealed class SocketErrorQueue
{
    public const int Capacity = 64;

    private SocketErrorRecord[]? _ring;
    private int _head;

    public int Count { get; private set; }

    public bool TryEnqueue(in SocketErrorRecord record)
    {
        if (Count == Capacity)
            return false;
        _ring ??= new SocketErrorRecord[Capacity];
        _ring[(_head + Count) % Capacity] = record;
        Count++;
        return true;
    }

    public bool TryDequeue(out SocketErrorRecord record)
    {
        record = default;
        if (Count == 0)
            return false;
        record = _ring![_head];
        _head = (_head + 1) % Capacity;
        Count--;
        return true;
    }
}
