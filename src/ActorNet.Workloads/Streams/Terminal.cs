using System.Threading.Channels;
using ActorNet.Sockets;

namespace ActorNet.Workloads.Streams;

/// <summary>How a terminal treats what is typed and shown (termios(3)): the flags that tools ask for.</summary>
/// <param name="IsCanonical">Input comes line by line, and can be corrected until its end (ICANON).</param>
/// <param name="HasEcho">What is typed is shown (ECHO).</param>
/// <param name="HasSignals">^C interrupts (ISIG).</param>
/// <param name="MapsReturn">The return key ends a line (ICRNL).</param>
/// <param name="MapsNewline">A line's end is shown as return and new line (OPOST, ONLCR).</param>
public sealed record TerminalMode(bool IsCanonical = true, bool HasEcho = true, bool HasSignals = true, bool MapsReturn = true, bool MapsNewline = true)
{
    /// <summary>Everything passes as it is: stty raw.</summary>
    public static TerminalMode Raw { get; } = new(false, false, false, false, false);
}

/// <summary>
/// A pseudo-terminal with the line discipline of Linux (drivers/tty/n_tty.c) as far as a shell needs it: echo, erase (^H, DEL), kill (^U), end of
/// file (^D), interrupt (^C). On one side a client types and looks, on the other programs read and write.
/// </summary>
public sealed class Terminal
{
    // N_TTY_BUF_SIZE: no line is longer; what is typed beyond is lost.
    private const int MostOfLine = 4096;

    // Lines typed ahead; more holds the client back.
    private const int MostLines = 64;

    private const byte Interrupt = 3;
    private const byte EndOfFile = 4;
    private const byte Backspace = 8;
    private const byte Return = 13;
    private const byte Kill = 21;
    private const byte Delete = 127;

    private readonly Channel<byte[]> _lines = Channel.CreateBounded<byte[]>(MostLines);
    private readonly Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> _show;
    private readonly Action _flush;
    private readonly List<byte> _line = [];
    private readonly List<byte> _echo = [];
    private volatile TerminalMode _mode = new();
    private volatile Action? _interrupted;
    private long _size;

    /// <summary>Makes a terminal.</summary>
    /// <param name="screen">Takes what is shown.</param>
    public Terminal(Stream screen)
    {
        var output = new WriteSide(this, screen);
        (Output, _show) = (output, output.ShowAsync);
        var input = new ReadSide(_lines.Reader);
        (Input, _flush) = (input, input.Drop);
    }

    /// <summary>What programs read.</summary>
    public Stream Input { get; }

    /// <summary>What programs write to, as standard output and error.</summary>
    public Stream Output { get; }

    /// <summary>How it works now.</summary>
    public TerminalMode Mode
    {
        get => _mode;
        set => _mode = value;
    }

    /// <summary>Width and height of its window in characters; zeros while nobody has told.</summary>
    public (int Columns, int Rows) Size
    {
        get => ((int)(Interlocked.Read(ref _size) >> 32), (int)(Interlocked.Read(ref _size) & uint.MaxValue));
        set => Interlocked.Exchange(ref _size, ((long)value.Columns << 32) | (uint)value.Rows);
    }

    /// <summary>What ^C does: SIGINT to the foreground, whoever that is now.</summary>
    public Action? Interrupted
    {
        get => _interrupted;
        set => _interrupted = value;
    }

    /// <summary>Takes what the client types until it ends; then programs that read see the end too.</summary>
    /// <param name="keyboard">What is typed.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task PumpAsync(Stream keyboard, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(keyboard);
        byte[] keys = new byte[1024];
        try
        {
            int count;
            while ((count = await keyboard.ReadAsync(keys, cancel).ConfigureAwait(false)) > 0)
            {
                var done = new List<byte[]>();
                for (int i = 0; i < count; i++)
                    Press(keys[i], done);
                if (!_mode.IsCanonical && _line.Count > 0)
                    Finish(done);
                await EchoAsync(cancel).ConfigureAwait(false);
                foreach (byte[] line in done)
                    await _lines.Writer.WriteAsync(line, cancel).ConfigureAwait(false);
            }

            if (_line.Count > 0)
                await _lines.Writer.WriteAsync([.. _line], cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client is gone.
        }
        finally
        {
            _lines.Writer.TryComplete();
        }
    }

    private void Press(byte key, List<byte[]> done)
    {
        TerminalMode mode = _mode;
        if (key == Return && mode.MapsReturn)
            key = (byte)'\n';
        if (mode.HasSignals && key == Interrupt)
        {
            // What was typed ahead is lost (without NOFLSH).
            _line.Clear();
            done.Clear();
            _flush();
            Show(key, mode);
            _interrupted?.Invoke();
            return;
        }

        if (!mode.IsCanonical)
        {
            if (_line.Count < MostOfLine)
                _line.Add(key);
            Show(key, mode);
            return;
        }

        switch (key)
        {
            case Delete or Backspace:
                Erase(mode);
                break;
            case Kill:
                while (_line.Count > 0)
                    Erase(mode);
                break;
            case EndOfFile:
                Finish(done);
                break;
            case (byte)'\n':
                _line.Add(key);
                Show(key, mode);
                Finish(done);
                break;
            default:
                // Room for the end of the line is kept.
                if (_line.Count >= MostOfLine - 1)
                    break;
                _line.Add(key);
                Show(key, mode);
                break;
        }
    }

    // An empty piece is the end of file; reading goes on after it.
    private void Finish(List<byte[]> done)
    {
        done.Add([.. _line]);
        _line.Clear();
    }

    // A character of UTF-8 goes as a whole (IUTF8).
    private void Erase(TerminalMode mode)
    {
        if (_line.Count == 0)
            return;
        while (_line.Count > 1 && (_line[^1] & 0xC0) == 0x80)
            _line.RemoveAt(_line.Count - 1);
        bool isControl = _line[^1] < ' ' && _line[^1] != '\t';
        _line.RemoveAt(_line.Count - 1);
        if (mode.HasEcho)
            _echo.AddRange(isControl ? "\b \b\b \b"u8 : "\b \b"u8);
    }

    // ECHOCTL: control characters are shown as ^X.
    private void Show(byte key, TerminalMode mode)
    {
        if (!mode.HasEcho)
            return;
        if (key == '\n')
            _echo.AddRange(mode.MapsNewline ? "\r\n"u8 : "\n"u8);
        else if (key < ' ' && key != '\t')
            _echo.AddRange((byte)'^', (byte)(key + '@'));
        else
            _echo.Add(key);
    }

    private async ValueTask EchoAsync(CancellationToken cancel)
    {
        if (_echo.Count == 0)
            return;
        byte[] echo = [.. _echo];
        _echo.Clear();
        await _show(echo, cancel).ConfigureAwait(false);
    }

    private sealed class ReadSide(ChannelReader<byte[]> lines) : AsyncStream
    {
        private readonly SemaphoreSlim _turn = new(1, 1);
        private ReadOnlyMemory<byte> _rest;
        private int _flushes;
        private int _seenFlushes;

        public override bool CanRead => true;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                int flushes = Volatile.Read(ref _flushes);
                if (flushes != _seenFlushes)
                    _rest = default;
                _seenFlushes = flushes;
                if (_rest.IsEmpty)
                {
                    if (!await lines.WaitToReadAsync(cancellationToken).ConfigureAwait(false) || !lines.TryRead(out byte[]? line))
                        return 0;
                    _rest = line;
                }

                int count = Math.Min(buffer.Length, _rest.Length);
                _rest[..count].CopyTo(buffer);
                _rest = _rest[count..];
                return count;
            }
            finally
            {
                _turn.Release();
            }
        }

        /// <summary>Drops what is unread; in the turns of the one who types.</summary>
        public void Drop()
        {
            while (lines.TryRead(out _))
            {
                // Lost.
            }

            Interlocked.Increment(ref _flushes);
        }
    }

    private sealed class WriteSide(Terminal terminal, Stream screen) : AsyncStream
    {
        private readonly SemaphoreSlim _turn = new(1, 1);

        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!terminal._mode.MapsNewline || buffer.Span.IndexOf((byte)'\n') < 0)
                return ShowAsync(buffer, cancellationToken);
            var shown = new List<byte>(buffer.Length + 16);
            foreach (byte each in buffer.Span)
            {
                if (each == '\n')
                    shown.Add((byte)'\r');
                shown.Add(each);
            }

            return ShowAsync(shown.ToArray(), cancellationToken);
        }

        /// <summary>Shows bytes as they are.</summary>
        public async ValueTask ShowAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
        {
            await _turn.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                await screen.WriteAsync(bytes, cancel).ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }
    }
}
