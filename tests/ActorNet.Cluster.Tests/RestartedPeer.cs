using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;

namespace ActorNet.Cluster.Tests;

/// <summary>
/// A control system's peer that does what the test says, over plain TCP in Akka's classic protocol: a 4-byte little-endian length, then an
/// AkkaProtocolMessage (akka.net src/protobuf/WireFormats.proto: instruction = 2, of it commandType = 1 with ASSOCIATE = 1 and handshakeInfo = 2,
/// of it origin = 1 and uid = 2; AddressData system = 1, hostname = 2, port = 3, protocol = 4).
/// </summary>
internal sealed class RestartedPeer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _sockets = [];

    public RestartedPeer(string address)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        _listener.Listen();
        Endpoint = new ControlEndpoint(address, ((IPEndPoint)_listener.LocalEndPoint!).Port);
    }

    public ControlEndpoint Endpoint { get; }

    /// <summary>Connects to a control system, as incarnation <paramref name="uid"/>, and returns when the handshake is answered.</summary>
    public async Task<Socket> ConnectAsync(ControlEndpoint host, uint uid, CancellationToken ct)
    {
        Socket socket = Keep(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await socket.ConnectAsync(host.Host, host.Port, ct);
        await AssociateAsync(socket, uid, ct);
        await ReadFrameAsync(socket, ct);
        return socket;
    }

    /// <summary>The next connection the control system makes, with its half of the handshake read and not answered.</summary>
    public async Task<Socket> AcceptAsync(CancellationToken ct)
    {
        Socket socket = Keep(await _listener.AcceptAsync(ct));
        await ReadFrameAsync(socket, ct);
        return socket;
    }

    public async Task AssociateAsync(Socket socket, uint uid, CancellationToken ct)
    {
        byte[] address = Message(o =>
        {
            Text(o, 1, ControlConfiguration.SystemName);
            Text(o, 2, Endpoint.Host);
            o.WriteTag(3, WireFormat.WireType.Varint);
            o.WriteUInt32((uint)Endpoint.Port);
            Text(o, 4, "links.tcp");
        });
        byte[] handshake = Message(o =>
        {
            Bytes(o, 1, address);
            o.WriteTag(2, WireFormat.WireType.Fixed64);
            o.WriteFixed64(uid);
        });
        byte[] control = Message(o =>
        {
            o.WriteTag(1, WireFormat.WireType.Varint);
            o.WriteEnum(1);
            Bytes(o, 2, handshake);
        });
        byte[] message = Message(o => Bytes(o, 2, control));
        byte[] frame = new byte[4 + message.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, message.Length);
        message.CopyTo(frame, 4);
        await socket.SendAsync(frame, ct);
    }

    /// <summary>Reads until the control system closes the connection.</summary>
    public static async Task ClosedAsync(Socket socket, CancellationToken ct)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, ct) > 0)
            {
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (Socket socket in _sockets)
            socket.Dispose();
    }

    private static async Task ReadFrameAsync(Socket socket, CancellationToken ct)
    {
        byte[] length = new byte[4];
        await FillAsync(socket, length, ct);
        await FillAsync(socket, new byte[BinaryPrimitives.ReadInt32LittleEndian(length)], ct);
    }

    private static async Task FillAsync(Socket socket, Memory<byte> buffer, CancellationToken ct)
    {
        while (!buffer.IsEmpty)
        {
            int read = await socket.ReceiveAsync(buffer, ct);
            Assert.True(read > 0, "The control system closed the connection in the middle of the handshake.");
            buffer = buffer[read..];
        }
    }

    private Socket Keep(Socket socket)
    {
        _sockets.Add(socket);
        return socket;
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using MemoryStream stream = new();
        using (CodedOutputStream output = new(stream, leaveOpen: true))
            write(output);
        return stream.ToArray();
    }

    private static void Text(CodedOutputStream output, int field, string value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(value);
    }

    private static void Bytes(CodedOutputStream output, int field, byte[] value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(value));
    }
}
