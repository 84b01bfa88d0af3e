using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>
/// Echo requests whose replies are counted for as long as the node lives. The tool `ping` ends twice the longest round trip after its last
/// request (iputils ping_common.c), so that a reply which a busy machine holds up is in nobody's books.
/// </summary>
internal sealed class EchoProbe
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private readonly NodeNamespace _pod;
    private long _answered;

    private EchoProbe(NodeNamespace pod) => _pod = pod;

    /// <summary>How many requests went out.</summary>
    public int Sent { get; private set; }

    /// <summary>How many replies came so far.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Sends requests 10 ms apart and returns when the last is out; replies are counted before and after.</summary>
    public static async Task<EchoProbe> SendAsync(NodeHost node, string target, string address, int count)
    {
        var probe = new EchoProbe(await NodePair.FindAsync(node, target));
        IcmpSocket socket = await probe._pod.RunAsync(probe.Open);
        var destination = Ipv4Address.Parse(address);
        for (ushort sequence = 1; sequence <= count; sequence++)
        {
            if (sequence > 1)
                await Task.Delay(Interval, TestContext.Current.CancellationToken);
            Assert.Equal(SocketResult.Ok, await probe._pod.RunAsync(_ => Send(socket, destination, sequence)));
            probe.Sent++;
        }

        return probe;
    }

    /// <summary>
    /// Sends a request, and another whenever a second passed without an answer to the last, until the last is answered. Each receiving thread
    /// takes its datagrams in order, so nothing that was sent before waits in a socket of the way any more.
    /// </summary>
    /// <returns>All of them: those that met a full window are in the drops.</returns>
    public static async Task<List<EchoProbe>> PassAsync(NodeHost node, string target, string address)
    {
        List<EchoProbe> probes = [await SendAsync(node, target, address, 1)];
        long since = TimeProvider.System.GetTimestamp();
        await NodePair.UntilAsync(
            async () =>
            {
                if (probes[^1].Answered == 0 && TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromSeconds(1))
                {
                    probes.Add(await SendAsync(node, target, address, 1));
                    since = TimeProvider.System.GetTimestamp();
                }

                return probes[^1].Answered == 1;
            },
            () => $"{target} gets an answer from {address}");
        return probes;
    }

    /// <summary>Waits until every request was answered.</summary>
    public Task AnsweredAsync() => NodePair.UntilAsync(() => Task.FromResult(Answered == Sent), () => $"{Answered} of {Sent} echo requests answered");

    private IcmpSocket Open(SocketLayer sockets)
    {
        Assert.Equal(SocketResult.Ok, sockets.OpenIcmp(0, out IcmpSocket? socket));
        socket!.Readable = () =>
        {
            while (socket.TryReceiveReply(out _, out _, out _))
                Interlocked.Increment(ref _answered);
        };
        return socket;
    }

    // An error that an earlier request met is not this one's.
    private static SocketResult Send(IcmpSocket socket, Ipv4Address destination, ushort sequence)
    {
        socket.TakePendingError();
        return socket.SendEcho(destination, sequence, new byte[56], out _);
    }
}
