using ActorNet.Dataplane.Frames;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>
/// Waits for a server's UDP streams: one socket at a time hears a client's first datagram, is connected to it and answers; the next takes its
/// place on the port (esnet/iperf src/iperf_udp.c iperf_udp_accept). Its methods run in the owner's turns.
/// </summary>
internal sealed class UdpStreamListener(SocketLayer sockets, IperfOptions options, TestParameters test)
{
    private readonly TaskCompletionSource<IReadOnlyList<TestStream>> _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<TestStream> _streams = [];
    private UdpSocket? _waiting;

    /// <summary>The streams, once all are there.</summary>
    public Task<IReadOnlyList<TestStream>> All => _all.Task;

    /// <summary>Listens for the next stream.</summary>
    /// <returns>Why it cannot, or Ok.</returns>
    public SocketResult Open()
    {
        UdpSocket socket = StreamOptions.OpenUdp(sockets, options, test);
        socket.ReuseAddress = true;
        socket.Readable = () => OnReadable(socket);
        SocketResult result = socket.Bind(new Ipv4Endpoint(options.Bind, options.Port));
        if (result == SocketResult.Ok)
            _waiting = socket;
        else
            socket.Close();
        return result;
    }

    /// <summary>Gives up what nobody has taken.</summary>
    public void Close()
    {
        _waiting?.Close();
        _waiting = null;
        if (_all.TrySetCanceled())
        {
            foreach (TestStream stream in _streams)
                stream.Close();
        }
    }

    private void OnReadable(UdpSocket socket)
    {
        while (socket == _waiting && socket.TryDequeue(out Frame frame, out DatagramInfo info))
        {
            socket.Frames.Release(ref frame);
            if (info.Length == UdpTestHeader.Connect.Length && socket.Connect(info.Sender) == SocketResult.Ok)
                Take(socket);
        }
    }

    private void Take(UdpSocket socket)
    {
        socket.Readable = null;
        _waiting = null;
        _streams.Add(new UdpTestStream(socket, sockets, isSender: test.Reverse, test));
        if (_streams.Count == test.Streams)
            _all.TrySetResult([.. _streams]);
        else if (Open() is var result and not SocketResult.Ok)
            _all.TrySetException(new IperfException($"unable to listen for a stream: {result.Describe()}"));
        socket.Send(UdpTestHeader.Reply.Span);
    }
}
