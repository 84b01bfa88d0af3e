using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text.Json;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Streaming;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Streaming;

/// <summary>
/// The channel protocols over a WebSocket: each message begins with the number of its channel (apimachinery pkg/util/remotecommand and
/// apiserver pkg/util/wsstream). Version 5 adds the message that closes a channel; version 4 has none, so standard input ends with the connection.
/// Versions before 4 say the end of the command as text. In the base64 forms messages are text.
/// </summary>
internal sealed class WebSocketChannels : ICommandChannels
{
    private const byte StdinChannel = 0;
    private const byte StdoutChannel = 1;
    private const byte StderrChannel = 2;
    private const byte ErrorChannel = 3;
    private const byte ResizeChannel = 4;
    private const byte CloseChannel = 255;

    // A message of ours; io.Copy of the real kubelet has this size too.
    private const int ChunkBytes = 32 << 10;

    // What is kept of a message that is only good as a whole: a size, or base64.
    private const int MostOfMessage = 64 << 10;

    // What standard input holds before the client is held back.
    private const int StdinBytes = 64 << 10;

    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(10);

    // The server's order of preference.
    private static readonly string[] Known =
        ["v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io", "v4.base64.channel.k8s.io", "base64.channel.k8s.io"];

    private readonly WebSocket _socket;
    private readonly string _protocol;
    private readonly Action<TerminalSize> _resize;
    private readonly StreamSession _session;
    private readonly CancellationTokenSource _gone;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Pipe _stdin = new(new PipeOptions(pauseWriterThreshold: StdinBytes, resumeWriterThreshold: StdinBytes / 2, useSynchronizationContext: false));
    private readonly Task _receiving;

    private WebSocketChannels(WebSocket socket, string protocol, CommandOptions options, Action<TerminalSize> resize, StreamSession session)
    {
        (_socket, _protocol, _resize, _session) = (socket, protocol, resize, session);
        _gone = CancellationTokenSource.CreateLinkedTokenSource(session.Ended);
        Stdin = _stdin.Reader.AsStream();
        Stdout = new ChannelStream(options.HasStdout ? data => SendAsync(StdoutChannel, data) : null);
        Stderr = new ChannelStream(options.HasStderr ? data => SendAsync(StderrChannel, data) : null);
        if (!options.HasStdin)
            _stdin.Writer.Complete();
        _receiving = ReceiveAsync(options.HasStdin);
    }

    /// <inheritdoc/>
    public Stream Stdin { get; }

    /// <inheritdoc/>
    public Stream Stdout { get; }

    /// <inheritdoc/>
    public Stream Stderr { get; }

    /// <inheritdoc/>
    public CancellationToken Gone => _gone.Token;

    private bool IsBase64 => _protocol.Contains("base64", StringComparison.Ordinal);

    private bool HasClose => _protocol.StartsWith("v5.", StringComparison.Ordinal);

    private bool HasStatus => HasClose || _protocol.StartsWith("v4.", StringComparison.Ordinal);

    /// <summary>Answers the handshake with the best protocol that both know; a client that names none gets the first version.</summary>
    /// <exception cref="ApiException">400: it names only unknown ones.</exception>
    public static async Task<ICommandChannels> AcceptAsync(HttpContext context, CommandOptions options, Action<TerminalSize> resize, StreamSession session)
    {
        IReadOnlyList<string> offered = WebSocketUpgrade.Offered(context.Request);
        string? protocol = offered.Count == 0 ? "" : Known.FirstOrDefault(offered.Contains);
        if (protocol is null)
            throw ApiErrors.BadRequest($"unable to negotiate protocol: client supports [{string.Join(' ', offered)}], server supports [{string.Join(' ', Known)}]");
        WebSocket socket = await WebSocketUpgrade.AcceptAsync(context, protocol.Length == 0 ? null : protocol).ConfigureAwait(false);
        return new WebSocketChannels(socket, protocol, options, resize, session);
    }

    /// <inheritdoc/>
    public async Task FinishAsync(CommandStatus status)
    {
        try
        {
            if (HasStatus)
                await SendAsync(ErrorChannel, JsonSerializer.SerializeToUtf8Bytes(status.Document)).ConfigureAwait(false);
            else if (status.Text.Length > 0)
                await SendAsync(ErrorChannel, System.Text.Encoding.UTF8.GetBytes(status.Text)).ConfigureAwait(false);
            await _sending.WaitAsync(Gone).ConfigureAwait(false);
            try
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Gone).ConfigureAwait(false);
            }
            finally
            {
                _sending.Release();
            }

            // What the client still sends goes nowhere; its close frame ends the connection in order.
            await _stdin.Reader.CompleteAsync().ConfigureAwait(false);
            await _receiving.WaitAsync(ClosePatience, _session.Time, Gone).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException or TimeoutException)
        {
            // It is gone, or does not answer: nothing more can be said to it.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stdin.Reader.CompleteAsync().ConfigureAwait(false);
        _socket.Abort();
        await _receiving.ConfigureAwait(false);
        _socket.Dispose();
        _gone.Dispose();
    }

    private async Task SendAsync(byte channel, ReadOnlyMemory<byte> data)
    {
        await _sending.WaitAsync(Gone).ConfigureAwait(false);
        try
        {
            for (int at = 0; at < data.Length; at += ChunkBytes)
                await ChannelMessage.SendAsync(_socket, IsBase64, channel, data.Slice(at, Math.Min(ChunkBytes, data.Length - at)), Gone).ConfigureAwait(false);
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

    private async Task ReceiveAsync(bool takesStdin)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        var message = new ChannelMessage(IsBase64, MostOfMessage);
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(buffer.AsMemory(), Gone).ConfigureAwait(false);
                if (received.MessageType == WebSocketMessageType.Close)
                    return;
                foreach ((byte channel, ReadOnlyMemory<byte> data) in message.Take(buffer.AsMemory(0, received.Count), received.EndOfMessage))
                    await TakeAsync(channel, data, takesStdin).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException or FormatException)
        {
            // The connection broke, or what came is no message of the protocol.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            if (takesStdin)
                await _stdin.Writer.CompleteAsync().ConfigureAwait(false);
            await _gone.CancelAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask TakeAsync(byte channel, ReadOnlyMemory<byte> data, bool takesStdin)
    {
        switch (channel)
        {
            case StdinChannel when takesStdin && !data.IsEmpty:
                await _stdin.Writer.WriteAsync(data, Gone).ConfigureAwait(false);
                break;
            case ResizeChannel when TerminalSizes.TryRead(data.Span, out TerminalSize size):
                _resize(size);
                break;
            case CloseChannel when HasClose && takesStdin && data.Length == 1 && data.Span[0] == StdinChannel:
                await _stdin.Writer.CompleteAsync().ConfigureAwait(false);
                break;
        }
    }
}
