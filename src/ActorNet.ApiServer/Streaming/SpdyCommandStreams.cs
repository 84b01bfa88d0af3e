using System.Text;
using System.Text.Json;
using ActorNet.ApiServer.Spdy;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Streaming;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Streaming;

/// <summary>
/// The remote command protocols over SPDY: the client opens a stream for each of error, stdin, stdout, stderr and resize (kubelet
/// pkg/cri/streaming/remotecommand/httpstream.go).
/// </summary>
internal sealed class SpdyCommandStreams : ICommandChannels
{
    private const int MostOfSizes = 4096;

    // DefaultStreamCreationTimeout of the kubelet.
    private static readonly TimeSpan CreationPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(10);

    private static readonly string[] Known = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

    private readonly Dictionary<string, SpdyStream> _streams = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Stream _connection;
    private readonly string _protocol;
    private readonly CommandOptions _options;
    private readonly StreamSession _session;
    private readonly Action<TerminalSize> _resize;
    private readonly CancellationTokenSource _gone;
    private readonly SpdySession _spdy;
    private readonly Task _receiving;
    private Task _resizing = Task.CompletedTask;

    private SpdyCommandStreams(Stream connection, string protocol, CommandOptions options, Action<TerminalSize> resize, StreamSession session)
    {
        (_connection, _protocol, _options, _session, _resize) = (connection, protocol, options, session, resize);
        _gone = CancellationTokenSource.CreateLinkedTokenSource(session.Ended);
        _spdy = new SpdySession(connection, Take);
        _receiving = ReceiveAsync();
    }

    /// <inheritdoc/>
    public Stream Stdin { get; private set; } = Stream.Null;

    /// <inheritdoc/>
    public Stream Stdout { get; private set; } = Stream.Null;

    /// <inheritdoc/>
    public Stream Stderr { get; private set; } = Stream.Null;

    /// <inheritdoc/>
    public CancellationToken Gone => _gone.Token;

    private bool HasStatus => _protocol == Known[0];

    private bool HasResize => _options.HasTerminal && (HasStatus || _protocol == Known[1]);

    /// <summary>Answers the upgrade and waits until the client has opened its streams.</summary>
    /// <exception cref="ApiException">403: no protocol that both know.</exception>
    /// <exception cref="OperationCanceledException">The client went, or did not open its streams in time.</exception>
    public static async Task<ICommandChannels> AcceptAsync(HttpContext context, CommandOptions options, Action<TerminalSize> resize, StreamSession session)
    {
        string protocol = SpdyUpgrade.Negotiate(context.Request, Known, "channel.k8s.io");
        Stream connection = await SpdyUpgrade.AcceptAsync(context, protocol).ConfigureAwait(false);
        var channels = new SpdyCommandStreams(connection, protocol, options, resize, session);
        try
        {
            await channels.BeginAsync().ConfigureAwait(false);
            return channels;
        }
        catch
        {
            await channels.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task FinishAsync(CommandStatus status)
    {
        try
        {
            foreach ((string type, SpdyStream stream) in _streams)
            {
                if (type is "stdout" or "stderr")
                    await stream.EndAsync().ConfigureAwait(false);
                else if (type is "stdin")
                    stream.Ignore();
            }

            byte[] text = HasStatus ? JsonSerializer.SerializeToUtf8Bytes(status.Document) : Encoding.UTF8.GetBytes(status.Text);
            if (_streams.TryGetValue("error", out SpdyStream? error))
            {
                await error.WriteAsync(text, Gone).ConfigureAwait(false);
                await error.EndAsync().ConfigureAwait(false);
            }

            await _spdy.GoAwayAsync().ConfigureAwait(false);
            // Closing now could reset the connection before the client has read all: it still sends its input.
            await _receiving.WaitAsync(ClosePatience, _session.Time, _session.Ended).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or TimeoutException)
        {
            // It is gone, or does not close: nothing more can be said to it.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
        await _receiving.ConfigureAwait(false);
        await _resizing.ConfigureAwait(false);
        _spdy.Dispose();
        _gone.Dispose();
    }

    private async Task BeginAsync()
    {
        try
        {
            await _complete.Task.WaitAsync(CreationPatience, _session.Time, Gone).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            _session.NoteNeverOpened();
            throw new OperationCanceledException("timed out waiting for client to create streams", e);
        }

        lock (_streams)
        {
            Stdin = _streams.GetValueOrDefault("stdin") ?? Stream.Null;
            Stdout = (Stream?)_streams.GetValueOrDefault("stdout") ?? new ChannelStream(null);
            Stderr = (Stream?)_streams.GetValueOrDefault("stderr") ?? new ChannelStream(null);
            if (_streams.TryGetValue("resize", out SpdyStream? sizes))
                _resizing = ResizeAsync(sizes);
        }
    }

    // In the session's reading. A stream that is not asked for, or that is there already, is refused.
    private bool Take(SpdyStream stream)
    {
        string type = stream.Header("streamtype");
        bool isAsked = type switch
        {
            "error" => true,
            "stdin" => _options.HasStdin,
            "stdout" => _options.HasStdout,
            "stderr" => _options.HasStderr,
            "resize" => HasResize,
            _ => false,
        };
        lock (_streams)
        {
            if (!isAsked || !_streams.TryAdd(type, stream))
                return false;
            if (_streams.Count == _options.Streams + (HasResize ? 1 : 0))
                _complete.TrySetResult();
        }

        return true;
    }

    private async Task ReceiveAsync()
    {
        await _spdy.RunAsync(Gone).ConfigureAwait(false);
        await _gone.CancelAsync().ConfigureAwait(false);
    }

    // Sizes come one behind the other, as a JSON encoder of Go writes them: a line each.
    private async Task ResizeAsync(SpdyStream sizes)
    {
        byte[] buffer = new byte[MostOfSizes];
        int length = 0;
        try
        {
            int read;
            while ((read = await sizes.ReadAsync(buffer.AsMemory(length), Gone).ConfigureAwait(false)) > 0)
            {
                length += read;
                int end;
                while ((end = buffer.AsSpan(0, length).IndexOf((byte)'}')) >= 0)
                {
                    if (TerminalSizes.TryRead(buffer.AsSpan(0, end + 1), out TerminalSize size))
                        _resize(size);
                    buffer.AsSpan(end + 1, length - end - 1).CopyTo(buffer);
                    length -= end + 1;
                }

                // So long a line is no size.
                if (length == buffer.Length)
                    length = 0;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The session is over.
        }
    }
}
