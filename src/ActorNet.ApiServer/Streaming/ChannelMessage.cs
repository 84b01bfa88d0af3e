using System.Buffers;
using System.Buffers.Text;
using System.Net.WebSockets;

namespace ActorNet.ApiServer.Streaming;

/// <summary>
/// Cuts the messages of a channel protocol into channel and data. What belongs to standard input is passed on as it comes; what is only good as
/// a whole is kept up to a bound. Bytes in, pieces out.
/// </summary>
/// <param name="isBase64">Whether messages are text: a digit and base64.</param>
/// <param name="most">The longest message that is kept, in bytes.</param>
internal sealed class ChannelMessage(bool isBase64, int most)
{
    private readonly List<byte> _kept = [];
    private int? _channel;

    /// <summary>Sends a message.</summary>
    /// <param name="socket">Where to; nobody else sends at the time.</param>
    /// <param name="isBase64">Whether messages are text.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="data">The data.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task SendAsync(WebSocket socket, bool isBase64, byte channel, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        byte[] message = ArrayPool<byte>.Shared.Rent(1 + Base64.GetMaxEncodedToUtf8Length(data.Length));
        try
        {
            int length = 1 + data.Length;
            message[0] = isBase64 ? (byte)('0' + channel) : channel;
            if (isBase64)
            {
                Base64.EncodeToUtf8(data.Span, message.AsSpan(1), out _, out length);
                length++;
            }
            else
            {
                data.CopyTo(message.AsMemory(1));
            }

            await socket.SendAsync(message.AsMemory(0, length), isBase64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, cancel).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    /// <summary>Takes a piece of a message.</summary>
    /// <param name="piece">The bytes, used only until the result is used up.</param>
    /// <param name="isEnd">Whether the message ends with it.</param>
    /// <exception cref="FormatException">It is too long or no base64.</exception>
    public IEnumerable<(byte Channel, ReadOnlyMemory<byte> Data)> Take(ReadOnlyMemory<byte> piece, bool isEnd)
    {
        if (_channel is null && !piece.IsEmpty)
        {
            _channel = isBase64 ? piece.Span[0] - '0' : piece.Span[0];
            piece = piece[1..];
        }

        if (_channel == 0 && !isBase64)
        {
            if (!piece.IsEmpty)
                yield return (0, piece);
        }
        else
        {
            if (_kept.Count + piece.Length > most)
                throw new FormatException($"a message of more than {most} bytes");
            _kept.AddRange(piece.Span);
            // An empty message says nothing: clients send one for each channel as they start.
            if (isEnd && _channel is >= 0 and <= byte.MaxValue)
                yield return ((byte)_channel, isBase64 ? Decode() : _kept.ToArray());
        }

        if (!isEnd)
            yield break;
        _channel = null;
        _kept.Clear();
    }

    private byte[] Decode()
    {
        byte[] data = new byte[Base64.GetMaxDecodedFromUtf8Length(_kept.Count)];
        return Base64.DecodeFromUtf8(_kept.ToArray(), data, out _, out int written) == OperationStatus.Done
            ? data[..written]
            : throw new FormatException("not base64");
    }
}
