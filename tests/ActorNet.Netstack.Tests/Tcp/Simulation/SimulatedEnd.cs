using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack.Tests;

/// <summary>How a simulated application came to its end.</summary>
internal enum Outcome
{
    /// <summary>It has not.</summary>
    Running,

    /// <summary>Everything was written, and the peer's stream read to its end.</summary>
    Finished,

    /// <summary>It closed without waiting for the peer's stream.</summary>
    Closed,

    /// <summary>It aborted.</summary>
    Aborted,

    /// <summary>It heard of a reset: ConnectionReset, BrokenPipe, ConnectionRefused.</summary>
    Reset,

    /// <summary>It heard of a time-out.</summary>
    TimedOut,
}

/// <summary>
/// An application at one end: writes and reads as its plan says, wakes only when its socket calls or its own pause is over, and
/// compares every byte that it reads.
/// </summary>
internal sealed class SimulatedEnd(string name, EndPlan plan, Func<Instant> clock, ulong writes, ulong reads)
{
    private readonly byte[] _buffer = new byte[65_536];
    private TcpSocket? _socket;
    private Instant _nextRead;
    private Instant _nextWrite;
    private bool _readPaused;
    private bool _writePaused;
    private bool _stands;
    private bool _writingEnded;
    private bool _readingEnded;

    /// <summary>How it came to its end.</summary>
    public Outcome Outcome
    {
        get;
        private set
        {
            field = value;
            EndedAt = clock();
        }
    }

    /// <summary>When that was.</summary>
    public Instant EndedAt { get; private set; }

    /// <summary>Bytes that the socket took.</summary>
    public int Written { get; private set; }

    /// <summary>Bytes that were read.</summary>
    public int Read { get; private set; }

    /// <summary>When the application itself wants to go on.</summary>
    public Instant NextDeadline
    {
        get
        {
            if (_socket is null || Outcome != Outcome.Running)
                return Instant.Never;
            Instant next = _readPaused ? _nextRead : Instant.Never;
            return _writePaused && _nextWrite < next ? _nextWrite : next;
        }
    }

    /// <summary>The largest send buffer that there was to write into, in bytes; one that grew shrinks again while it is full.</summary>
    public int MostSendBuffer { get; private set; }

    /// <summary>The socket, once there is one.</summary>
    public TcpSocket? Socket => _socket;

    /// <summary>The byte of a stream at a place.</summary>
    public static byte ByteAt(ulong stream, long position) => (byte)((((ulong)position * 0x9E37_79B9_7F4A_7C15) + stream) >> 56);

    /// <summary>Gives the application its socket.</summary>
    public void Take(TcpSocket socket)
    {
        _socket = socket;
        socket.Ready = Act;
        _nextRead = clock() + TimeSpan.FromMilliseconds(plan.StartPause);
        _readPaused = plan.StartPause > 0;
        Act();
    }

    /// <summary>Goes on when its own pause is over.</summary>
    public void ActWhenDue()
    {
        if (NextDeadline > clock())
            return;
        EndPauses();
        Act();
    }

    /// <summary>Does what can be done now.</summary>
    public void Act()
    {
        if (Outcome != Outcome.Running || !Stands())
            return;
        EndPauses();
        if (plan.Ending == Ending.Abort && Written + Read >= plan.AbortAfter)
        {
            _socket!.Abort();
            Outcome = Outcome.Aborted;
            return;
        }

        if (ReadOn() && WriteOn())
            EndWhenDone();
    }

    public override string ToString() => $"{name}: {Outcome}, {Written} of {plan.Write} written, {Read} read, {(_socket is null ? "no socket" : _socket.State)}";

    private bool Stands()
    {
        if (_stands || _socket!.State is TcpState.SynSent or TcpState.SynReceived)
            return _stands;
        _stands = true;
        return Check(_socket.TakePendingError());
    }

    private void EndPauses()
    {
        _readPaused &= _nextRead > clock();
        _writePaused &= _nextWrite > clock();
    }

    private bool ReadOn()
    {
        while (!_readingEnded && _nextRead <= clock())
        {
            SocketResult result = _socket!.Receive(_buffer.AsSpan(0, plan.ReadSize), out int count);
            if (result == SocketResult.WouldBlock)
                return true;
            if (!Check(result))
                return false;
            if (count == 0)
            {
                _readingEnded = true;
                return true;
            }

            Compare(count);
            if (plan.ReadPause > 0)
                (_nextRead, _readPaused) = (clock() + TimeSpan.FromMilliseconds(plan.ReadPause), true);
        }

        return true;
    }

    private bool WriteOn()
    {
        while (Written < plan.Write && _nextWrite <= clock())
        {
            int count = Math.Min(plan.WriteSize, plan.Write - Written);
            for (int i = 0; i < count; i++)
                _buffer[i] = ByteAt(writes, Written + i);
            MostSendBuffer = Math.Max(MostSendBuffer, _socket!.Info.SendBuffer);
            SocketResult result = _socket.Send(_buffer.AsSpan(0, count), out int sent);
            if (result == SocketResult.WouldBlock)
                return true;
            if (!Check(result))
                return false;
            Written += sent;
            if (plan.WritePause > 0 && Written < plan.Write)
                (_nextWrite, _writePaused) = (clock() + TimeSpan.FromMilliseconds(plan.WritePause), true);
        }

        return true;
    }

    private void EndWhenDone()
    {
        if (Written < plan.Write)
            return;
        if (plan.Ending == Ending.CloseAtOnce)
        {
            _socket!.Close();
            Outcome = Outcome.Closed;
            return;
        }

        if (!_writingEnded && (_readingEnded || plan.Ending != Ending.AfterPeer))
        {
            _writingEnded = true;
            _socket!.ShutdownSend();
        }

        if (!_writingEnded || !_readingEnded)
            return;
        _socket!.Close();
        Outcome = Outcome.Finished;
    }

    private void Compare(int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (_buffer[i] != ByteAt(reads, Read + i))
                Assert.Fail($"{name} read {_buffer[i]:x2} at {Read + i}, where {ByteAt(reads, Read + i):x2} was written.");
        }

        Read += count;
    }

    private bool Check(SocketResult result)
    {
        if (result == SocketResult.Ok)
            return true;
        Outcome = result switch
        {
            SocketResult.TimedOut => Outcome.TimedOut,
            SocketResult.ConnectionReset or SocketResult.BrokenPipe or SocketResult.ConnectionRefused => Outcome.Reset,
            _ => throw new InvalidOperationException($"{name} heard {result}."),
        };
        _socket!.Close();
        return false;
    }
}
