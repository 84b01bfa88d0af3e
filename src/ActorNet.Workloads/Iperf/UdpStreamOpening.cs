using ActorNet.Dataplane.Frames;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>The handshake of UDP streams, four bytes each way. In the owner's turns.</summary>
internal static class UdpStreamOpening
{
    /// <summary>A client's stream: says hello and waits for the answer.</summary>
    /// <returns>The stream, or the error that ended the opening.</returns>
    public static async Task<UdpTestStream> ConnectAsync(
        INamespaceExecutor executor, IperfOptions options, TestParameters test, Ipv4Endpoint local, Ipv4Endpoint remote, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<(UdpTestStream?, SocketResult)>(TaskCreationOptions.RunContinuationsAsynchronously);
        UdpSocket? opened = null;
        executor.Post(sockets =>
        {
            UdpSocket socket = opened = StreamOptions.OpenUdp(sockets, options, test);
            socket.Readable = () => TakeReply(socket, sockets, test, done);
            SocketResult result = socket.Bind(local);
            if (result == SocketResult.Ok)
                result = socket.Connect(remote);
            if (result == SocketResult.Ok)
                result = socket.Send(UdpTestHeader.Connect.Span);
            if (result != SocketResult.Ok)
                done.TrySetResult((null, result));
        });
        try
        {
            (UdpTestStream? stream, SocketResult error) = await done.Task.WaitAsync(cancellation).ConfigureAwait(false);
            return stream ?? throw new IperfException($"unable to connect stream to {remote}: {error.Describe()}");
        }
        catch
        {
            executor.Post(_ => opened?.Close());
            throw;
        }
    }

    private static void TakeReply(UdpSocket socket, SocketLayer sockets, TestParameters test, TaskCompletionSource<(UdpTestStream?, SocketResult)> done)
    {
        SocketResult error = socket.TakePendingError();
        if (error != SocketResult.Ok)
        {
            done.TrySetResult((null, error));
            return;
        }

        // Versions differ in the reply's bytes, not in its length.
        if (!socket.TryDequeue(out Frame frame, out DatagramInfo info))
            return;
        socket.Frames.Release(ref frame);
        if (info.Length != UdpTestHeader.Reply.Length)
            return;
        socket.Readable = null;
        done.TrySetResult((new UdpTestStream(socket, sockets, isSender: !test.Reverse, test), SocketResult.Ok));
    }
}
