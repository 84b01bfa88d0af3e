#pragma warning disable CA1822 // the shape only; the protocol follows
namespace ActorNet.Netstack;

/// <summary>One connection (RFC 9293).</summary>
internal sealed class TcpConnection
{
    public Ipv4Endpoint Local { get; init; }

    public Ipv4Endpoint Remote { get; init; }

    public TcpState State { get; private set; }

    public TcpInfo Info => new() { State = State };

    public int Available => 0;

    public bool IsEndOfStream => State == TcpState.CloseWait;

    public int SendRoom => 0;

    public int SendQueueLength => 0;

    public void OptionsChanged(TcpOptions options)
    {
    }

    public SocketResult Send(ReadOnlySpan<byte> data, out int sent)
    {
        sent = 0;
        return State == TcpState.Closed ? SocketResult.BrokenPipe : SocketResult.WouldBlock;
    }

    public int Receive(Span<byte> buffer) => Available;

    public ReadOnlySpan<byte> Peek() => State == TcpState.Closed ? default : [];

    public void Consume(int bytes)
    {
    }

    public void ShutdownSend()
    {
    }

    public void ShutdownReceive()
    {
    }

    public void Close() => State = TcpState.Closed;

    public void Abort() => State = TcpState.Closed;
}
