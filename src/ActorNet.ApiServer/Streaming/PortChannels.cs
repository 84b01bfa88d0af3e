using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;

namespace ActorNet.ApiServer.Streaming;

/// <summary>
/// Port forwarding in the older form over a WebSocket, which the C# and JavaScript clients use: the ports stand in the query, and for port i
/// channel 2i is data and channel 2i + 1 errors. Each port has one connection (kubelet pkg/cri/streaming/portforward/websocket.go).
/// </summary>
/// <param name="forward">Connects.</param>
/// <param name="ports">The ports.</param>
/// <param name="protocol">The sub-protocol that was chosen.</param>
/// <param name="session">The stream.</param>
internal sealed class PortChannels(PortForward forward, IReadOnlyList<int> ports, string protocol, StreamSession session) : IDisposable
{
    /// <summary>Its sub-protocols, the best first.</summary>
    public static readonly IReadOnlyList<string> Protocols = ["v4.channel.k8s.io", "v4.base64.channel.k8s.io"];

    private const int ChunkBytes = 32 << 10;
    private const int MostUnread = 64 << 10;

    private readonly SemaphoreSlim _sending = new(1, 1);

    /// <summary>Serves until the client goes or every connection has ended.</summary>
    /// <param name="socket">The WebSocket; not disposed.</param>
    public async Task RunAsync(WebSocket socket)
    {
        bool isBase64 = protocol == Protocols[1];
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(session.Ended);
        Pipe[] inputs = [.. ports.Select(static _ => new Pipe(new PipeOptions(pauseWriterThreshold: MostUnread, resumeWriterThreshold: MostUnread / 2, useSynchronizationContext: false)))];
        try
        {
            Task[] forwards = [.. ports.Select((port, i) => ForwardAsync(socket, isBase64, i, port, inputs[i], gone.Token))];
            Task receiving = ReceiveAsync(socket, isBase64, inputs, gone.Token);
            await Task.WhenAny(Task.WhenAll(forwards), receiving).ConfigureAwait(false);
            await gone.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll([receiving, .. forwards]).ConfigureAwait(false);
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, session.Ended).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException)
        {
            // The client is gone.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _sending.Dispose();

    private async Task ForwardAsync(WebSocket socket, bool isBase64, int index, int port, Pipe input, CancellationToken stop)
    {
        byte data = (byte)(2 * index);
        byte error = (byte)((2 * index) + 1);
        try
        {
            byte[] number = new byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(number, (ushort)port);
            await SendAsync(socket, isBase64, data, number, stop).ConfigureAwait(false);
            await SendAsync(socket, isBase64, error, number, stop).ConfigureAwait(false);
            var client = new DuplexStream(input.Reader.AsStream(), new ChannelStream(bytes => SendAsync(socket, isBase64, data, bytes, stop)));
            string failure = await forward.ConnectAsync(port, client, stop).ConfigureAwait(false);
            if (failure.Length > 0)
                await SendAsync(socket, isBase64, error, Encoding.UTF8.GetBytes(failure), stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client is gone.
        }
        finally
        {
            await input.Reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static async Task ReceiveAsync(WebSocket socket, bool isBase64, Pipe[] inputs, CancellationToken stop)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        var message = new ChannelMessage(isBase64, MostUnread);
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), stop).ConfigureAwait(false);
                if (received.MessageType == WebSocketMessageType.Close)
                    return;
                foreach ((byte channel, ReadOnlyMemory<byte> data) in message.Take(buffer.AsMemory(0, received.Count), received.EndOfMessage))
                {
                    if (channel % 2 == 0 && channel / 2 < inputs.Length)
                        await inputs[channel / 2].Writer.WriteAsync(data, stop).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException or FormatException)
        {
            // The connection broke, or what came is no message of the protocol.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            foreach (Pipe input in inputs)
                await input.Writer.CompleteAsync().ConfigureAwait(false);
        }
    }

    private async Task SendAsync(WebSocket socket, bool isBase64, byte channel, ReadOnlyMemory<byte> data, CancellationToken stop)
    {
        await _sending.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            for (int at = 0; at < data.Length; at += ChunkBytes)
                await ChannelMessage.SendAsync(socket, isBase64, channel, data.Slice(at, Math.Min(ChunkBytes, data.Length - at)), stop).ConfigureAwait(false);
        }
        catch (WebSocketException e)
        {
            throw new IOException("Broken pipe", e);
        }
        finally
        {
            _sending.Release();
        }
    }
}
