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
}
