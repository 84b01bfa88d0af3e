using System.Globalization;
using System.Text.Json;

namespace ActorNet.Processes.Tests;

public sealed class StatusTests
{
    private const string Frames = "actornet.frames-dispatcher";

    /// <summary>The names of actors, and what must run on which dispatcher, are those of the architecture page.</summary>
    [Fact]
    public async Task Both_actor_trees_of_all_hosts_are_shown_with_dispatchers_and_threads_as_designed()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(91));
        await lab.StartAsync("n2", lab.Place(92), first.At);
        await lab.RunPodAsync("a", "n1");

        // From n1's own directory: what is there of n2 came through n2's agent.
        CommandResult shown = await Lab.RunAsync("status", "--actors", "-o", "json", "--state-dir", lab.StateOf("n1"));
        Assert.True(shown.ExitCode == 0, shown.ToString());
        using JsonDocument document = JsonDocument.Parse(shown.Output);
        JsonElement[] hosts = [.. document.RootElement.EnumerateArray()];
        Assert.Equal(["n1", "n2"], hosts.Select(h => h.GetProperty("Host").GetString()));
        foreach (JsonElement host in hosts)
        {
            string name = host.GetProperty("Host").GetString()!;
            JsonElement[] systems = [.. host.GetProperty("Systems").EnumerateArray()];
            Assert.Equal(["node", "control"], systems.Select(s => s.GetProperty("System").GetString()));

            Dictionary<string, (string Type, string Dispatcher)> node = Actors(systems[0]);
            foreach ((string actor, string type) in new[] { ("uplink", "UplinkActor"), ("root", "RootActor"), ("cni0", "BridgeActor"), ("flannel.1", "VtepActor") })
                Assert.Equal((type, Frames), node[$"/{name}/{actor}"]);
            Assert.Equal("FlannelActor", node[$"/{name}/flanneld"].Type);
            Assert.Equal("KubeletActor", node[$"/{name}/kubelet"].Type);
            Assert.All(new[] { $"/{name}", $"/{name}/flanneld", $"/{name}/kubelet" }, path => Assert.NotEqual(Frames, node[path].Dispatcher));

            Dictionary<string, (string Type, string Dispatcher)> control = Actors(systems[1]);
            Assert.Equal("ControlLinksActor", control["/control-links"].Type);
            Assert.True(control.ContainsKey("/informers") && control.ContainsKey("/agent"), shown.Output);
            Assert.DoesNotContain(control.Values, actor => actor.Dispatcher == Frames);

            JsonElement dispatcher = systems[0].GetProperty("Dispatchers").EnumerateArray().Single(d => d.GetProperty("Id").GetString() == Frames);
            Assert.Equal("ForkJoinDispatcher", dispatcher.GetProperty("Kind").GetString());
            Assert.Equal(Math.Max(1, Environment.ProcessorCount - 1), dispatcher.GetProperty("Threads").GetInt32());
            Assert.All(systems[1].GetProperty("Dispatchers").EnumerateArray(), d => Assert.NotEqual("ForkJoinDispatcher", d.GetProperty("Kind").GetString()));
        }

        (string Type, string Dispatcher) pod = Actors(hosts[0].GetProperty("Systems")[0]).Single(a => a.Key.StartsWith("/n1/kubelet/pod-", StringComparison.Ordinal)).Value;
        Assert.Equal(("PodActor", Frames), pod);

        if (OperatingSystem.IsLinux())
            AssertThreads((await lab.StatusAsync("n1")).GetProperty("ProcessId").GetInt32());
    }

    [Fact]
    public async Task A_watch_shows_the_status_again_and_again()
    {
        await using var lab = new Lab();
        await lab.StartAsync("n1", lab.Place(93));
        using var watch = System.Diagnostics.Process.Start(LabProcess.Executable(["status", "--watch", "--state-dir", lab.Root]))!;
        try
        {
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            for (int tables = 0; tables < 3;)
            {
                string? line = await watch.StandardOutput.ReadLineAsync(bound.Token);
                Assert.NotNull(line);
                tables += line.StartsWith("HOST ", StringComparison.Ordinal) ? 1 : 0;
            }
        }
        finally
        {
            watch.Kill();
            await watch.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The kernel keeps the first 15 characters of a thread's name (proc_pid_comm(5)).</summary>
    private static void AssertThreads(int process)
    {
        string[] names = [.. Directory.EnumerateDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/task")).Select(t => File.ReadAllText(Path.Combine(t, "comm")).Trim())];
        string all = string.Join(", ", names);
        Assert.True(names.Count(n => n == Frames[..15]) == Math.Max(1, Environment.ProcessorCount - 1), all);
        Assert.True(names.Count(n => n.StartsWith("uplink rx", StringComparison.Ordinal)) == 1, all);
    }

    private static Dictionary<string, (string Type, string Dispatcher)> Actors(JsonElement system) => system.GetProperty("Actors").EnumerateArray()
        .ToDictionary(a => a.GetProperty("Path").GetString()!, a => (a.GetProperty("Type").GetString()!, a.GetProperty("Dispatcher").GetString()!));
}
