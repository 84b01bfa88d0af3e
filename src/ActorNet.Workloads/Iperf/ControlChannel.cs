using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using ActorNet.Sockets;

namespace ActorNet.Workloads.Iperf;

/// <summary>
/// The control connection: state bytes, and JSON texts behind their length in four bytes, most significant first (esnet/iperf
/// src/iperf_api.c JSON_write and JSON_read).
/// </summary>
internal sealed class ControlChannel(TcpDuplexPipe connection) : IAsyncDisposable
{
    // 128 streams' results are about 30 KB.
    private const int MaxJson = 1 << 20;

    private readonly TcpStream _stream = new(connection);

    public TcpDuplexPipe Connection => connection;

    /// <summary>The next state, or null when the peer has closed.</summary>
    public async Task<ControlState?> ReadStateAsync(CancellationToken cancellation)
    {
        byte[] one = new byte[1];
        try
        {
            return await _stream.ReadAsync(one, cancellation).ConfigureAwait(false) == 0 ? null : (ControlState)(sbyte)one[0];
        }
        catch (Exception e) when (e is IOException or Microsoft.AspNetCore.Connections.ConnectionAbortedException)
        {
            return null;
        }
    }

    /// <summary>Waits until the peer has said something or has closed, and takes nothing.</summary>
    public async Task WaitForInputAsync(CancellationToken cancellation)
    {
        try
        {
            ReadResult read = await connection.Input.ReadAsync(cancellation).ConfigureAwait(false);
            connection.Input.AdvanceTo(read.Buffer.Start);
        }
        catch (Exception e) when (e is IOException or Microsoft.AspNetCore.Connections.ConnectionAbortedException)
        {
            // The next read says so too.
        }
    }

    public Task SendStateAsync(ControlState state, CancellationToken cancellation) => SendAsync(new byte[] { (byte)state }, cancellation);

    /// <summary>Two integers behind <see cref="ControlState.ServerError"/>.</summary>
    public async Task<(int Error, int Errno)> ReadErrorAsync(CancellationToken cancellation)
    {
        byte[] pair = await ReadExactlyAsync(8, "error", cancellation).ConfigureAwait(false);
        return (BinaryPrimitives.ReadInt32BigEndian(pair), BinaryPrimitives.ReadInt32BigEndian(pair.AsSpan(4)));
    }

    public Task SendErrorAsync(int error, CancellationToken cancellation)
    {
        byte[] message = new byte[9];
        message[0] = unchecked((byte)(sbyte)ControlState.ServerError);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), error);
        return SendAsync(message, cancellation);
    }

    public Task SendCookieAsync(string cookie, CancellationToken cancellation) => SendAsync(Cookie.ToBytes(cookie), cancellation);

    public async Task<JsonElement> ReadJsonAsync(string what, CancellationToken cancellation)
    {
        uint length = BinaryPrimitives.ReadUInt32BigEndian(await ReadExactlyAsync(4, what, cancellation).ConfigureAwait(false));
        if (length is 0 or > MaxJson)
            throw new IperfException($"unable to receive {what}: the peer announces {length} bytes, 1 to {MaxJson} are expected");
        byte[] text = await ReadExactlyAsync((int)length, what, cancellation).ConfigureAwait(false);
        try
        {
            // iperf counts the terminating NUL of a C string in some versions.
            using var document = JsonDocument.Parse(text.AsMemory().TrimEnd((byte)0));
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new JsonException();
        }
        catch (JsonException)
        {
            throw new IperfException($"unable to receive {what}: {length} bytes that are no JSON object");
        }
    }

    public Task SendJsonAsync(string json, CancellationToken cancellation)
    {
        byte[] message = new byte[4 + Encoding.UTF8.GetByteCount(json)];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length - 4);
        Encoding.UTF8.GetBytes(json, message.AsSpan(4));
        return SendAsync(message, cancellation);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        try
        {
            await _stream.WriteAsync(message, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or Microsoft.AspNetCore.Connections.ConnectionAbortedException)
        {
            throw new IperfException($"unable to send control message: {e.Message}");
        }
    }

    private async Task<byte[]> ReadExactlyAsync(int length, string what, CancellationToken cancellation)
    {
        byte[] bytes = new byte[length];
        try
        {
            await _stream.ReadExactlyAsync(bytes, cancellation).ConfigureAwait(false);
            return bytes;
        }
        catch (Exception e) when (e is IOException or Microsoft.AspNetCore.Connections.ConnectionAbortedException)
        {
            throw new IperfException($"unable to receive {what}: control socket has closed unexpectedly");
        }
    }
}
