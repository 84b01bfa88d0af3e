using ActorNet.Dataplane.Time;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>A stream over TCP: blocks into the send buffer as long as there is room, or what arrives taken off without a copy.</summary>
internal sealed class TcpTestStream(TcpSocket socket, SocketLayer sockets, bool isSender, TestParameters parameters)
    : TestStream(isSender, parameters)
{
    private readonly byte[] _block = isSender ? TestPattern.Create(parameters.BlockSize) : [];
    private int _offset;

    public override Ipv4Endpoint Local { get; } = socket.Local;

    public override Ipv4Endpoint Remote { get; } = socket.Remote;

    public override (int Send, int Receive) Buffers => (socket.Info.SendBuffer, socket.Info.ReceiveBuffer);

    public override void Pump(Instant now)
    {
        if (!IsSender)
            return;
        while (IsRunning)
        {
            // A block that was begun is finished first.
            int blocks = _offset > 0 ? 1 : PermittedBlocks(now);
            for (int i = 0; i < blocks; i++)
            {
                if ((_offset == 0 && !Group!.AllowsBlock()) || !SendBlock())
                    return;
            }

            if (blocks == 0)
                return;
        }
    }

    public override void Close()
    {
        socket.Ready = null;
        socket.Close();
    }

    protected override void OnBegin(Instant now)
    {
        socket.Ready = OnReady;
        OnReady();
    }

    protected override StreamSample Look() => new() { Bytes = Bytes, Tcp = socket.Info };

    private void OnReady()
    {
        if (IsSender)
            Pump(sockets.Stack.Now);
        else
            Drain();
    }

    private bool SendBlock()
    {
        SocketResult result = SocketResult.Ok;
        while (_offset < _block.Length && (result = socket.Send(_block.AsSpan(_offset), out int sent)) == SocketResult.Ok)
        {
            _offset += sent;
            Bytes += sent;
        }

        if (_offset == _block.Length)
        {
            _offset = 0;
            Blocks++;
            return true;
        }

        if (result != SocketResult.WouldBlock)
            Fail(result);
        return false;
    }

    private void Drain()
    {
        int available;
        while ((available = socket.Available) > 0)
        {
            socket.Consume(available);
            if (IsRunning)
                Bytes += available;
        }

        SocketResult error = socket.TakePendingError();
        if (error != SocketResult.Ok)
            Fail(error);
    }

    private void Fail(SocketResult error)
    {
        if (!IsRunning || Failure != SocketResult.Ok)
            return;
        Failure = error;
        Group!.OnFailure();
    }
}
