using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>A UDP datagram ready to be copied out many times, checksum included.</summary>
public sealed class DatagramTemplate
{
    private readonly byte[] _bytes;
    private Ipv4Address _source;
    private ushort _sourcePort;

    internal DatagramTemplate(ReadOnlySpan<byte> data, Ipv4Address source, ushort sourcePort, Ipv4Endpoint destination)
    {
        _bytes = new byte[UdpView.HeaderLength + data.Length];
        data.CopyTo(_bytes.AsSpan(UdpView.HeaderLength));
        Destination = destination;
        Write(source, sourcePort);
    }

    /// <summary>Where the copies go.</summary>
    public Ipv4Endpoint Destination { get; }

    /// <summary>Data bytes.</summary>
    public int DataLength => _bytes.Length - UdpView.HeaderLength;

    internal ReadOnlySpan<byte> Bytes => _bytes;

    internal void Refresh(Ipv4Address source, ushort sourcePort)
    {
        if (source != _source || sourcePort != _sourcePort)
            Write(source, sourcePort);
    }

    private void Write(Ipv4Address source, ushort sourcePort)
    {
        _source = source;
        _sourcePort = sourcePort;
        UdpView.Write(_bytes, source, Destination.Address, sourcePort, Destination.Port);
    }
}
