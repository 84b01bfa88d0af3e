using ActorNet.Interop.Tests.Netns;
using ActorNet.Processes.Tests.Upgrade;

namespace ActorNet.Interop.Tests.Hosts;

/// <summary>Three machines on one switch, as network namespaces with an address each: what is wrong between them is said before a host is in the cluster, and the kernel's own firewall and devices are what is wrong.</summary>
public sealed class JoinAcrossMachinesTests
{
    private const string Address1 = "192.168.56.11", Address2 = "192.168.56.12", Address3 = "192.168.56.13", Address4 = "192.168.56.14";

    [Fact]
    public async Task Closed_ports_a_half_open_tunnel_and_a_small_mtu_are_said_and_then_machines_come_are_cut_off_and_are_back_are_upgraded_and_one_that_is_lost_is_replaced()
    {
        Need.Tool("iptables", "ping", "kubectl");
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        UnderlaySegment segment = await UnderlaySegment.CreateAsync(lab);
        NetworkNamespace first = await MachineAsync("h1", Address1), second = await MachineAsync("h2", Address2), third = await MachineAsync("h3", Address3), fourth = await MachineAsync("h4", Address4);
        await using HostProcess n1 = await HostProcess.InitAsync(first, "n1", Address1, "--profile", "lab");
        string[] line = [.. await n1.JoinLineAsync(), "--name", "n2", "--address", Address2];

        await FirewallAsync(second, "-A", "INPUT", "-p", "udp", "--dport", "8472", "-j", "DROP");
        await FirewallAsync(second, "-A", "INPUT", "-p", "tcp", "--dport", "4053", "-j", "REJECT");
        await RefusedAsync(second, line, "host n1 calls this host's control port at 192.168.56.12:4053 in vain", "open TCP 4053", "its answers do not arrive here at 192.168.56.12:8472: the tunnel is half open");
        await FirewallAsync(second, "-F", "INPUT");
        await FirewallAsync(first, "-A", "INPUT", "-p", "udp", "--dport", "8472", "-j", "DROP");
        await RefusedAsync(second, line, "UDP datagrams from here do not arrive at host n1's 192.168.56.11:8472");
        await FirewallAsync(first, "-F", "INPUT");
        await second.IpAsync("link set eth0 mtu 1400");
        await RefusedAsync(second, [.. line, "--underlay-mtu", "1500"], "--underlay-mtu 1500 was given, and the path to host n1 carries packets of 1400 bytes at most");

        // Without being told it takes what the path carries, and its pods' largest packets pass whole.
        await using HostProcess n2 = await HostProcess.JoinAsync(n1, second, "n2", Address2);
        Assert.Contains("mtu 1350", (await n2.ExecAsync("node/n2", "ip", "link", "show", "flannel.1")).Output, StringComparison.Ordinal);
        await n1.KubectlAsync(Manifests.UdpServerPod("a", 8081, "n1"), "create", "-f", "-");
        await n1.KubectlAsync(Manifests.UdpServerPod("b", 8081, "n2"), "create", "-f", "-");
        string target = await AddressAsync(n1, "a");
        await PingsAsync(n2, "b", target, "-s", "1322", "-M", "do");

        // One more machine; then it is cut off, and is back by itself when the cable is.
        await using HostProcess n3 = await HostProcess.JoinAsync(n1, third, "n3", Address3);
        await n1.KubectlAsync(Manifests.UdpServerPod("c", 8081, "n3"), "create", "-f", "-");
        await PingsAsync(n3, "c", target);
        await third.IpAsync("link set eth0 down");
        await MembersAsync(n1, 2);
        await PingsAsync(n2, "b", target);
        await third.IpAsync("link set eth0 up");
        await MembersAsync(n1, 3);
        await PingsAsync(n3, "c", target);

        // Machine by machine to the next version; each comes back to its pod, and the pods reach each other.
        await StoredOnAsync(n1, "n1", "n2", "n3");
        string next = await NextBuild.ProgramAsync();
        foreach ((HostProcess upgraded, HostProcess from, string pod) in new[] { (n3, n3, "c"), (n2, n2, "b"), (n1, n2, "b") })
        {
            await upgraded.UpgradeAsync(next);
            await MembersAsync(n1, 3);
            await StoredOnAsync(upgraded, "n1", "n2", "n3");
            target = await AddressAsync(n1, "a");
            await PingsAsync(from, pod, target);
        }

        // A machine with its disk is lost for good. Nobody takes a place that is not free; when its node is deleted, another machine holds the store instead.
        await StoredOnAsync(n1, "n1", "n2", "n3");
        await n3.LoseAsync();
        await MembersAsync(n1, 2);
        await RefusedAsync(fourth, [.. await n1.JoinLineAsync(), "--name", "n2", "--address", Address4], "the cluster has a node n2 already, and it is Ready", "actornet leave");
        await n1.CommandAsync("node", "delete", "n3");
        await using HostProcess n4 = await HostProcess.JoinAsync(n1, fourth, "n4", Address4);
        await MembersAsync(n1, 3);
        await StoredOnAsync(n1, "n1", "n2", "n4");
        await n4.RunPodAsync(Manifests.UdpServerPod("d", 8081));
        await PingsAsync(n4, "d", target);
        foreach (HostProcess host in new[] { n4, n2, n1 })
            Assert.Equal(0, await host.StopAsync());

        async Task<NetworkNamespace> MachineAsync(string role, string address)
        {
            NetworkNamespace ns = await lab.AddNamespaceAsync(role);
            await segment.AttachAsync(ns, address);
            return ns;
        }
    }

    private static async Task FirewallAsync(NetworkNamespace machine, params string[] words) => await machine.ExecAsync(["iptables", "-w", .. words]);

    private static async Task RefusedAsync(NetworkNamespace machine, string[] line, params string[] said)
    {
        string state = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        CommandResult refused = await HostProcess.RunAsync(machine, [.. line, "--state-dir", state]);
        Assert.True(refused.ExitCode == 2, refused.ToString());
        Assert.All(said, words => Assert.Contains(words, refused.Error, StringComparison.Ordinal));
        Assert.False(Directory.Exists(state), "the refused host has left something behind");
    }

    private static Task<TimeSpan> PingsAsync(HostProcess host, string pod, string address, params string[] more) => Eventually.HoldsAsync(
        $"pod {pod} reaches {address}", async () => (await host.TryExecAsync($"pod/{pod}", ["ping", "-c", "1", "-W", "2", .. more, address])).ExitCode == 0, TimeSpan.FromSeconds(90));

    // A host that was started again starts its pods again, too.
    private static async Task<string> AddressAsync(HostProcess host, string pod)
    {
        await Eventually.HoldsAsync($"pod {pod} runs", async () => (await host.TryExecAsync($"pod/{pod}", "true")).ExitCode == 0, TimeSpan.FromSeconds(90));
        return await host.PodAddressAsync(pod);
    }

    private static Task<TimeSpan> StoredOnAsync(HostProcess host, params string[] hosts) => Eventually.HoldsAsync(
        $"the store is on {string.Join(", ", hosts)}",
        async () => (await host.StatusAsync()).GetProperty("Store").GetProperty("Members").EnumerateArray().Select(static member => member.GetString()![..2]).Order(StringComparer.Ordinal).SequenceEqual(hosts),
        TimeSpan.FromSeconds(120));

    private static Task<TimeSpan> MembersAsync(HostProcess host, int count) => Eventually.HoldsAsync(
        $"{host.Name} is one of {count} members", async () => (await host.StatusAsync()).GetProperty("Members").GetArrayLength() == count, TimeSpan.FromSeconds(120));
}
