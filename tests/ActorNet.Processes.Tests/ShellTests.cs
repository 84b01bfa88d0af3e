namespace ActorNet.Processes.Tests;

/// <summary>The shell in a pod of a real host process: its scripts act on the pod's own namespace and files.</summary>
public sealed class ShellTests
{
    [Fact]
    public async Task A_script_in_a_pod_uses_its_namespace_its_files_and_its_containers_process()
    {
        await using var lab = new Lab();
        LabProcess host = await lab.StartAsync("n1", lab.Place(91));
        string file = Path.Combine(lab.Root, "web.yaml");
        await File.WriteAllTextAsync(file, """
            apiVersion: v1
            kind: Pod
            metadata: { name: web }
            spec: { containers: [ { name: c, image: "busybox:1.36", command: ["sh", "-c", "echo from the container > /tmp/mark; sleep infinity"] } ] }
            """);
        CommandResult run = await Lab.RunAsync("pod", "run", "-f", file, "--node", "n1", "--state-dir", lab.Root);
        Assert.True(run.ExitCode == 0, run.ToString());
        string address = await lab.PodAddressAsync("web");

        await Lab.UntilAsync(async () => (await lab.ExecAsync("pod/web", "cat", "/tmp/mark")).Output, t => t == "from the container\n", "the container's process writes its file");
        CommandResult own = await lab.ExecAsync("pod/web", "sh", "-c", "ip addr show dev eth0 | grep -o 'inet [0-9.]*'; cat /etc/hostname; ping -c 1 -q 127.0.0.1 | grep -c ' 0% packet loss'; exit 3");
        Assert.Equal((3, $"inet {address}\nweb\n1\n"), (own.ExitCode, own.Output));
        CommandResult made = await lab.ExecAsync("pod/web", "sh", "-c", $"ping -c 1 -q web | head -n 1; ip addr add 10.9.9.9/32 dev lo && ip addr show dev lo | grep -c 10.9.9.9; echo $(hostname) > /tmp/x");
        Assert.Equal((0, $"PING web ({address}) 56(84) bytes of data.\n1\n"), (made.ExitCode, made.Output));
        Assert.Equal("web\n", (await lab.ExecAsync("pod/web", "cat", "/tmp/x")).Output);
        Assert.Equal(0, await host.StopAsync());
    }
}
