namespace ActorNet.Interop.Tests.Netns;

/// <summary>The harness judged by itself: two nodes of nothing but the kernel. What fails here is our test bed, not ActorNet.</summary>
public sealed class KernelToKernelTests
{
    [Fact]
    public async Task Pods_of_two_kernel_nodes_ping_each_other()
    {
        Need.Tool("ping");
        await using KernelPair pair = await KernelPair.CreateAsync();

        CommandResult forth = await pair.First.Namespace.ExecAsync("ping", "-c", "2", "-i", "0.1", "-W", "5", pair.Second.Address);
        CommandResult back = await pair.Second.Namespace.ExecAsync("ping", "-c", "2", "-i", "0.1", "-W", "5", pair.First.Address);

        // Two routing hops: the pod's node and the other node.
        Assert.Contains("ttl=62", forth.Output, StringComparison.Ordinal);
        Assert.Contains("2 received", forth.Output, StringComparison.Ordinal);
        Assert.Contains("2 received", back.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_lease_a_remote_pod_is_out_of_reach()
    {
        Need.Tool("ping");
        await using KernelPair pair = await KernelPair.CreateAsync();
        await pair.Node1.RemoveLeaseAsync(2, pair.Node2.VtepMac, pair.Node2.Address);

        CommandResult ping = await pair.First.Namespace.TryExecAsync("ping", "-c", "1", "-W", "1", pair.Second.Address);

        Assert.Equal(1, ping.ExitCode);
        Assert.Contains("0 received", ping.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_laboratory_leaves_no_namespace_and_no_process_behind()
    {
        NetnsLab lab = await NetnsLab.CreateAsync();
        string[] names;
        System.Diagnostics.Process sleeper;
        await using (lab)
        {
            NetworkNamespace ns = await lab.AddNamespaceAsync("left");
            sleeper = ns.Start(["sleep", "600"]);
            names = [.. lab.Namespaces.Select(each => each.Name)];
            Assert.Subset(NetnsLab.Existing().ToHashSet(), names.ToHashSet());
        }

        using (sleeper)
        {
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await sleeper.WaitForExitAsync(bound.Token);
        }
        Assert.DoesNotContain(NetnsLab.Existing(), names.Contains);
    }

    [Fact]
    public async Task What_a_dead_run_left_behind_is_removed_and_what_a_living_one_made_stays()
    {
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        NetworkNamespace alive = await lab.AddNamespaceAsync("alive");
        // Pid 1 lives on every Linux, but it did not start at this tick: the name of an owner whose pid was given away again.
        string dead = $"{NetnsLab.Prefix}1-7fffffff-{System.Environment.ProcessId}-dead";
        (await ProcessRunner.RunAsync(["ip", "netns", "add", dead])).EnsureSuccess();

        await NetnsLab.RemoveLeftoversAsync();

        Assert.DoesNotContain(dead, NetnsLab.Existing());
        Assert.Contains(alive.Name, NetnsLab.Existing());
    }
}
