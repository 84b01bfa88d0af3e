using System.Diagnostics;
using System.Text;
using ActorNet.Node.Actors;
using ActorNet.Workloads.Logs;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>A container's life on a node: its log, and its end by SIGTERM first and SIGKILL after the grace period, with the pod's network in place between.</summary>
public sealed class ContainerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_container_writes_is_in_its_log_and_what_an_exec_writes_is_not()
    {
        await using NodePair pair = await NodePair.StartAsync();
        await pair.Left.RunPodAsync(
            Pod("web", 30, new V1Container { Name = "c", Image = "busybox", Command = ["sh", "-c", "echo out; echo wrong >&2; printf end"] }, new V1Container { Name = "idle", Image = "pause" }), Ct);
        await NodePair.ExecAsync(pair.Left, "pod/web", "echo seen by the caller");
        ContainerLogPlace place = (await pair.Left.FindLogAsync("web", null, Ct))!;
        Assert.Equal(["c", "idle"], place.Containers);
        // The container ends, so following ends too.
        Assert.Equal("out\nwrong\nend\n", await FollowAsync(place.Log!));
        Assert.Equal(0, (await pair.Left.FindLogAsync("web", "idle", Ct))!.Log!.Bytes);
        Assert.Null(await pair.Left.FindLogAsync("other", null, Ct));
        NodeRefusedException refused = await Assert.ThrowsAsync<NodeRefusedException>(() => pair.Left.FindLogAsync("web", "nope", Ct));
        Assert.Equal("container nope is not valid for pod web", refused.Message);
    }

    [Fact]
    public async Task A_server_that_delays_its_stop_answers_until_then()
    {
        await using NodePair pair = await NodePair.StartAsync();
        await NodePair.RunPodAsync(pair.Left, "a");
        string b = (await pair.Left.RunPodAsync(Pod("b", 60, new V1Container { Name = "c", Image = "agnhost", Args = ["netexec", "--delay-shutdown=3"] }), Ct)).Ip.ToString();
        await AnswersAsync(pair, b, "ok");
        ContainerLog log = (await pair.Left.FindLogAsync("b", null, Ct))!.Log!;

        Task<bool> deleted = pair.Left.DeletePodAsync("b", Ct);
        await AnswersAsync(pair, b, "shutting down");
        Assert.False(deleted.IsCompleted);
        NodeRefusedException refused = await Assert.ThrowsAsync<NodeRefusedException>(() => NodePair.RunPodAsync(pair.Left, "b"));
        Assert.Contains("is ending a pod of that name", refused.Message, StringComparison.Ordinal);

        Assert.True(await deleted.WaitAsync(NodePair.Patience, Ct));
        Assert.Equal(["a"], (await pair.Left.ListPodsAsync(Ct)).Select(static p => p.Name));
        Assert.Contains("Sleeping 3 seconds before terminating...\n", await FollowAsync(log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_that_does_not_end_in_time_is_killed()
    {
        await using NodePair pair = await NodePair.StartAsync();
        await pair.Left.RunPodAsync(Pod("b", 1, new V1Container { Name = "c", Image = "agnhost", Args = ["netexec", "--delay-shutdown=1000"] }), Ct);
        await RunsAsync(pair, "b");
        long start = Stopwatch.GetTimestamp();
        Assert.True(await pair.Left.DeletePodAsync("b", Ct).WaitAsync(NodePair.Patience, Ct));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromSeconds(0.99), $"{Stopwatch.GetElapsedTime(start)}");
        Assert.False(await pair.Left.DeletePodAsync("b", Ct));
    }

    [Fact]
    public async Task A_shorter_grace_period_ends_a_longer_one()
    {
        await using NodePair pair = await NodePair.StartAsync();
        await pair.Left.RunPodAsync(Pod("b", 3600, new V1Container { Name = "c", Image = "agnhost", Args = ["netexec", "--delay-shutdown=1000"] }), Ct);
        await RunsAsync(pair, "b");
        Task<bool> patient = pair.Left.DeletePodAsync("b", Ct);
        Assert.True(await pair.Left.DeletePodAsync("b", TimeSpan.Zero, Ct).WaitAsync(NodePair.Patience, Ct));
        Assert.True(await patient.WaitAsync(NodePair.Patience, Ct));
    }

    private static V1Pod Pod(string name, long grace, params V1Container[] containers) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec { TerminationGracePeriodSeconds = grace, Containers = containers },
    };

    private static Task AnswersAsync(NodePair pair, string address, string answer) => NodePair.UntilAsync(
        async () => (await NodePair.TryExecAsync(pair.Left, "pod/a", $"curl -s http://{address}:8080/readyz")).Output == answer, () => $"/readyz says {answer}");

    private static Task RunsAsync(NodePair pair, string pod) => NodePair.UntilAsync(
        async () => await (await NodePair.FindAsync(pair.Left, $"pod/{pod}")).RunAsync(static sockets => sockets.TcpListeners.Any()), () => $"{pod} listens");

    private static async Task<string> FollowAsync(ContainerLog log)
    {
        var text = new MemoryStream();
        await log.CopyToAsync(text, new ContainerLogOptions { Follow = true }, Ct).WaitAsync(NodePair.Patience, Ct);
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
