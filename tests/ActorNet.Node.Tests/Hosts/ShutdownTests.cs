using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>A host that is told to stop ends, whatever still uses its pods.</summary>
public sealed class ShutdownTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_ends_though_a_server_in_a_pod_still_listens_and_a_program_there_still_waits()
    {
        TwoNodes nodes = await TwoNodes.StartAsync();
        NodeNamespace pod = (await nodes.Second.FindAsync("pod/server", Ct))!;
        (SocketResult result, _) = await pod.Http.ListenAsync(pod.Executor, "server", new Ipv4Endpoint(Ipv4Address.Any, 80), static _ => Task.CompletedTask);
        Assert.Equal(SocketResult.Ok, result);
        using var output = new StringWriter();
        Task<int> waiting = pod.RunAsync(["nc", "-l", "-p", "81"], TextReader.Null, output, output, Ct);

        await nodes.DisposeAsync().AsTask().WaitAsync(Patience, Ct);

        await Task.WhenAny(waiting).WaitAsync(Patience, Ct);
        Assert.True(pod.Executor.Gone.IsCancellationRequested, "the pod's namespace is gone, and its door does not say so");
    }

    /// <summary>Frames are on every link when the actors stop, and in each other's mailboxes: none may be lost with them.</summary>
    [Fact]
    public async Task Nodes_that_end_under_load_give_every_frame_back()
    {
        for (int round = 0; round < 12; round++)
        {
            NodePair pair = await NodePair.StartAsync();
            string left = await NodePair.RunPodAsync(pair.Left, "a"), right = await NodePair.RunPodAsync(pair.Right, "b");
            await pair.ConnectAsync("pod/a", right);
            long sent = 0;
            Task[] floods = [FloodAsync(pair.Left, "pod/a", right), FloodAsync(pair.Right, "pod/b", left)];
            await NodePair.UntilAsync(() => Task.FromResult(Volatile.Read(ref sent) > 100 * (round + 1)), () => "datagrams flow");
            // It asserts that every buffer is back.
            await pair.DisposeAsync();
            await Task.WhenAll(floods);

            async Task FloodAsync(NodeHost host, string pod, string to)
            {
                (_, DatagramEndpoint? socket) = await DatagramEndpoint.OpenAsync((await NodePair.FindAsync(host, pod)).Executor, new Ipv4Endpoint(Ipv4Address.Any, 4000));
                try
                {
                    // Nobody listens there: each one is answered, too.
                    while (await socket!.SendToAsync(new byte[100], new Ipv4Endpoint(Ipv4Address.Parse(to), 4001)) is SocketResult.Ok or SocketResult.ConnectionRefused)
                        Interlocked.Increment(ref sent);
                }
                catch (OperationCanceledException)
                {
                    // The namespace is gone.
                }
            }
        }
    }
}
