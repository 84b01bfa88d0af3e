using System.Text.Json;

namespace ActorNet.Processes.Tests;

public sealed class CrashTests
{
    private const int UdpPort = 8081;

    [Fact]
    public async Task Pods_of_two_hosts_talk_without_a_gap_while_a_third_host_is_killed()
    {
        await using var lab = new Lab();
        (LabProcess first, LabProcess third, string b, string c) = await ThreeHostsAsync(lab, 70);
        string cidr = await SubnetAsync(lab, "n3");
        using PodFlow ping = PodFlow.Ping(lab, "a", b);
        using PodFlow udp = PodFlow.Udp(lab, "a", b, UdpPort);
        await Task.WhenAll(ping.GoesOnAsync(50), udp.GoesOnAsync(50));

        await third.KillAsync();
        await LeavesAsync(lab);
        // Its Node stays: a host that is killed keeps its subnet and comes back to it.
        Assert.Contains("n3", (await Lab.RunAsync("node", "list", "--state-dir", lab.StateOf("n1"))).Output, StringComparison.Ordinal);
        await Task.WhenAll(ping.GoesOnAsync(50), udp.GoesOnAsync(50));
        await lab.StartAsync("n3", third.At, first.At);
        await AllUpAsync(lab);
        await Task.WhenAll(ping.GoesOnAsync(50), udp.GoesOnAsync(50));

        await ping.EndAnsweredAsync();
        await udp.EndAnsweredAsync();
        Assert.Equal(cidr, await SubnetAsync(lab, "n3"));
        Assert.Equal(c, await lab.RunPodAsync("c", "n3"));
        await lab.PingsAsync("a", c);
    }

    [Fact]
    public async Task Pods_of_two_hosts_talk_without_a_gap_while_a_third_host_is_frozen_and_thawed()
    {
        await using var lab = new Lab();
        (_, LabProcess third, string b, string c) = await ThreeHostsAsync(lab, 73);
        using PodFlow ping = PodFlow.Ping(lab, "a", b);
        using PodFlow udp = PodFlow.Udp(lab, "a", b, UdpPort);
        await Task.WhenAll(ping.GoesOnAsync(50), udp.GoesOnAsync(50));

        await third.SignalAsync("STOP");
        await LeavesAsync(lab);
        CommandResult lost = await lab.ExecAsync("pod/a", "ping", "-c", "1", "-W", "1", c);
        Assert.Contains("1 packets transmitted, 0 received, 100% packet loss", lost.Output, StringComparison.Ordinal);
        await Task.WhenAll(ping.GoesOnAsync(50), udp.GoesOnAsync(50));
        await third.SignalAsync("CONT");
        await AllUpAsync(lab);
        await Task.WhenAll(ping.GoesOnAsync(50), udp.GoesOnAsync(50));

        await ping.EndAnsweredAsync();
        await udp.EndAnsweredAsync();
        Assert.False(third.HasExited);
        // The very pod that was frozen: the same address, and it answers.
        Assert.Equal(c, await lab.PodAddressAsync("c"));
        await lab.PingsAsync("a", c);
    }

    [Fact]
    public async Task A_killed_host_comes_back_with_its_subnet_and_others_forward_on()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(61));
        LabProcess second = await lab.StartAsync("n2", lab.Place(62), first.At);
        LabProcess third = await lab.StartAsync("n3", lab.Place(63), first.At);
        await lab.RunPodAsync("a", "n1");
        string b = await lab.RunPodAsync("b", "n2");
        await lab.PingsAsync("a", b);
        string cidr = await SubnetAsync(lab, "n3");
        string identity = await File.ReadAllTextAsync(Path.Combine(lab.StateOf("n3"), "host.json"));

        await third.KillAsync();
        await lab.PingsAsync("a", b);
        await lab.StartAsync("n3", third.At, first.At);

        Assert.Equal(cidr, await SubnetAsync(lab, "n3"));
        Assert.Equal(identity, await File.ReadAllTextAsync(Path.Combine(lab.StateOf("n3"), "host.json")));
        await lab.RunPodAsync("c", "n3");
        await lab.PingsAsync("c", b);
        Assert.False(second.HasExited);
    }

    [Fact]
    public async Task A_frozen_host_resumes_with_its_pods_and_addresses()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(64));
        LabProcess second = await lab.StartAsync("n2", lab.Place(65), first.At);
        await lab.RunPodAsync("a", "n1");
        string b = await lab.RunPodAsync("b", "n2");
        await lab.PingsAsync("a", b);

        await second.SignalAsync("STOP");
        await Task.Delay(TimeSpan.FromSeconds(4));
        await second.SignalAsync("CONT");

        await lab.PingsAsync("a", b);
        await Lab.UntilAsync(() => lab.StatusAsync("n2"), s => s.GetProperty("ControlState").GetString() == "up" && s.GetProperty("Members").GetArrayLength() == 2, "n2 is up again");
        Assert.Equal(b, await lab.PodAddressAsync("b"));
    }

    [Fact]
    public async Task The_registry_moves_when_its_host_is_killed_and_hands_out_no_subnet_twice()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(66));
        LabProcess second = await lab.StartAsync("n2", lab.Place(67), first.At);
        await lab.StartAsync("n3", lab.Place(68), first.At);
        string[] taken = [await SubnetAsync(lab, "n1"), await SubnetAsync(lab, "n2"), await SubnetAsync(lab, "n3")];
        await lab.StoredOnAsync(3);
        // A host can only join while one lives that signs: those that keep the store do.
        foreach (string name in (string[])["n2", "n3"])
            await Lab.UntilAsync(() => Task.FromResult(File.Exists(Path.Combine(lab.StateOf(name), "pki", "ca.key"))), static isThere => isThere, $"{name} has the authority's key");

        await first.KillAsync();
        JsonElement moved = await Lab.UntilAsync(() => lab.StatusAsync("n3"), s => s.GetProperty("ApiServerHost").GetString() is "n2" or "n3", "a new registry host");
        await lab.StartAsync("n4", lab.Place(69), second.At);

        Assert.NotEqual("n1", moved.GetProperty("ApiServerHost").GetString());
        Assert.DoesNotContain(await SubnetAsync(lab, "n4"), taken);
    }

    // Pod a on n1, a server of UDP on n2, pod c on n3; a reaches both.
    private static async Task<(LabProcess First, LabProcess Third, string B, string C)> ThreeHostsAsync(Lab lab, int octet)
    {
        LabProcess first = await lab.StartAsync("n1", lab.Place(octet));
        await lab.StartAsync("n2", lab.Place(octet + 1), first.At);
        LabProcess third = await lab.StartAsync("n3", lab.Place(octet + 2), first.At);
        await lab.RunPodAsync("a", "n1");
        string b = await lab.RunPodAsync("b", "n2", $"image: \"registry.k8s.io/e2e-test-images/agnhost:2.53\", args: [netexec, --udp-port={UdpPort}]");
        string c = await lab.RunPodAsync("c", "n3");
        await lab.PingsAsync("a", b);
        await lab.PingsAsync("a", c);
        return (first, third, b, c);
    }

    private static async Task LeavesAsync(Lab lab)
    {
        foreach (string node in new[] { "n1", "n2" })
            await Lab.UntilAsync(() => lab.StatusAsync(node), s => Names(s, "Members").SequenceEqual(["n1", "n2"]) && Names(s, "Unreachable").Length == 0, $"{node} has lost n3");
    }

    private static async Task AllUpAsync(Lab lab)
    {
        foreach (string node in new[] { "n1", "n2", "n3" })
        {
            await Lab.UntilAsync(
                () => lab.StatusAsync(node),
                s => s.GetProperty("ControlState").GetString() == "up" && Names(s, "Members").SequenceEqual(["n1", "n2", "n3"]) && Names(s, "Unreachable").Length == 0,
                $"{node} sees all three");
        }
    }

    private static string[] Names(JsonElement status, string list) => [.. status.GetProperty(list).EnumerateArray().Select(e => e.GetString()!).Order(StringComparer.Ordinal)];

    private static async Task<string> SubnetAsync(Lab lab, string name) => (await lab.StatusAsync(name)).GetProperty("PodCidr").GetString()!;
}
