using ActorNet.Dataplane.Time;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>
/// One data stream of a test. It works in the turns of the namespace's owner, woken by its socket and by the pacing timer: a task of its own
/// would cost two copies more. It counts only between <see cref="Begin"/> and <see cref="Stop"/>.
/// </summary>
internal abstract class TestStream(bool isSender, TestParameters parameters)
{
    private Instant _began;
    private StreamSample _last;

    public bool IsSender => isSender;

    public abstract Ipv4Endpoint Local { get; }

    public abstract Ipv4Endpoint Remote { get; }

    /// <summary>Sizes of the socket's buffers in bytes. In the owner's turn.</summary>
    public abstract (int Send, int Receive) Buffers { get; }

    /// <summary>Bytes sent or received so far.</summary>
    public long Bytes { get; protected set; }

    /// <summary>Blocks or datagrams sent so far.</summary>
    public long Blocks { get; protected set; }

    /// <summary>The error that ended the stream, or Ok.</summary>
    public SocketResult Failure { get; protected set; }

    /// <summary>Whether the stream counts.</summary>
    protected bool IsRunning { get; private set; }

    protected TestParameters Parameters => parameters;

    protected TestGroup? Group { get; private set; }

    public void Begin(TestGroup group, Instant now)
    {
        Group = group;
        _began = now;
        IsRunning = true;
        OnBegin(now);
    }

    /// <summary>Sends what the rate permits by now.</summary>
    public abstract void Pump(Instant now);

    public StreamSample Sample() => IsRunning ? _last = Look() : _last;

    /// <summary>Ends counting and sending; a receiver goes on taking data off the socket, so that the peer's control messages are not stuck behind it.</summary>
    public void Stop()
    {
        _last = Look();
        IsRunning = false;
    }

    public abstract void Close();

    protected abstract void OnBegin(Instant now);

    protected abstract StreamSample Look();

    /// <summary>How many blocks may be sent now: 0, the burst, or <see cref="int.MaxValue"/> without a rate.</summary>
    protected int PermittedBlocks(Instant now)
    {
        if (!IsRunning || Failure != SocketResult.Ok)
            return 0;
        if (parameters.Rate == 0)
            return int.MaxValue;
        // As iperf_check_throttle: a block may go while the rate so far is not above the wanted one.
        return Bytes * 8.0 <= parameters.Rate * (now - _began).TotalSeconds ? parameters.Burst : 0;
    }
}
