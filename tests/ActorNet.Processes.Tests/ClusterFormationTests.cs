using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;

namespace ActorNet.Processes.Tests;

public sealed class ClusterFormationTests
{
    [Fact]
    public async Task Control_links_are_plain_only_on_loopback_or_when_that_is_asked_for_by_name_and_said()
    {
        string? address = NetworkInterface.GetAllNetworkInterfaces()
            .Where(each => each.OperationalStatus == OperationalStatus.Up && each.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(each => each.GetIPProperties().UnicastAddresses)
            .FirstOrDefault(each => each.Address.AddressFamily == AddressFamily.InterNetwork)?.Address.ToString();
        Assert.SkipWhen(address is null, "this machine has no address but loopback");
        await using var lab = new Lab();
        LabProcess seen = await lab.StartAsync("n1", LabPlace.Choose(address), null, "--control-links", "plain");
        LabProcess closed = await lab.StartAsync("n2", LabPlace.Choose(address));
        Assert.Single(seen.Said.Split('\n'), line => line.Contains($"n1: control links on {address}:{seen.At.ControlPort} are plain, as --control-links asks for: ", StringComparison.Ordinal));
        Assert.DoesNotContain("are plain", closed.Said, StringComparison.Ordinal);
        CommandResult refused = await Lab.RunAsync(Lab.HostArguments("n3", LabPlace.Choose(address), lab.StateOf("n3"), closed.At.Control));
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--token and --ca-hash are missing", refused.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(lab.StateOf("n3")));
    }

    [Fact]
    public async Task Five_processes_form_one_cluster_and_a_host_that_goes_and_comes_keeps_its_place()
    {
        Kubectl.Need();
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(51));
        var hosts = new List<LabProcess> { first };
        for (int i = 2; i <= 5; i++)
            hosts.Add(await lab.StartAsync($"n{i}", lab.Place(50 + i), first.At));
        var subnets = new List<string>();
        foreach (LabProcess host in hosts)
        {
            JsonElement status = await Lab.UntilAsync(() => lab.StatusAsync(host.Name), s => s.GetProperty("Members").GetArrayLength() == 5, $"{host.Name} sees five members");
            Assert.Contains(status.GetProperty("ApiServerHost").GetString(), hosts.Select(h => h.Name));
            subnets.Add(status.GetProperty("PodCidr").GetString()!);
        }

        Assert.Equal(5, subnets.Distinct().Count());
        Assert.All(subnets, s => Assert.Matches(@"^10\.244\.\d+\.0/24$", s));
        var pods = new List<string>();
        foreach (LabProcess host in hosts)
            pods.Add(await lab.RunPodAsync($"p-{host.Name}", host.Name));
        foreach (string pod in pods.Skip(1))
            await lab.PingsAsync("p-n1", pod);

        string route = $"{subnets[4]} via {subnets[4].Split('/')[0]} dev flannel.1 onlink";
        string mac = await VtepMacAsync(lab, "n5");
        await Lab.UntilAsync(() => TablesAsync(lab), t => t.Contains(route, StringComparison.Ordinal) && t.Split(mac).Length == 3, "n1 forwards to n5 by a route, a neighbour and an FDB entry");
        Assert.Equal(0, await hosts[4].StopAsync());
        Assert.Contains(mac, (await Lab.RunAsync("node", "list", "--state-dir", lab.StateOf("n1"))).Output, StringComparison.Ordinal);
        LabProcess again = await lab.StartAsync("n5", hosts[4].At, first.At);
        Assert.Equal(subnets[4], (await lab.StatusAsync("n5")).GetProperty("PodCidr").GetString());
        Assert.Equal(mac, await VtepMacAsync(lab, "n5"));
        await lab.RunPodAsync("again", "n5");
        await lab.PingsAsync("again", pods[0]);

        // Who leaves is forgotten, here and there; another host begins in its place.
        await LeaveAsync(lab, "n5");
        Assert.Equal(0, await again.EndAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(lab.StateOf("n5")));
        await Lab.UntilAsync(() => TablesAsync(lab), t => !t.Contains(mac, StringComparison.Ordinal), "n1 forgets n5");
        Assert.DoesNotContain("n5", (await Lab.RunAsync("node", "list", "--state-dir", lab.StateOf("n1"))).Output, StringComparison.Ordinal);
        LabProcess another = await lab.StartAsync("n5", hosts[4].At, first.At);
        Assert.NotEqual(mac, await VtepMacAsync(lab, "n5"));
        await lab.RunPodAsync("new", "n5");
        await lab.PingsAsync("new", pods[0]);

        await MembersOfTheStoreLeaveAsync(lab, hosts.ToDictionary(static host => host.Name, host => host.Name == "n5" ? another : host));
    }

    // The one that leads leaves first. Then one of three is stopped and another leaves by force: nobody can agree to that until the stopped one is back. At last one is left.
    private static async Task MembersOfTheStoreLeaveAsync(Lab lab, Dictionary<string, LabProcess> hosts)
    {
        string config = Path.Combine(lab.Root, "kubeconfig");
        File.Copy(Path.Combine(lab.StateOf("n1"), "kubeconfig"), config);
        string leader = await LeaderAsync(lab, [.. hosts.Keys], 5);
        await new Kubectl(config, hosts[leader].At).CreateAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: before }");
        await LeaveAsync(lab, leader);
        Assert.Equal(0, await hosts[leader].EndAsync());
        hosts.Remove(leader);

        leader = await LeaderAsync(lab, [.. hosts.Keys], 3);
        string[] others = [.. (await StoredOnAsync(lab, leader)).Where(host => host != leader)];
        var kubectl = new Kubectl(config, hosts[leader].At);
        Assert.Equal(0, await hosts[others[0]].StopAsync());
        await Lab.UntilAsync(() => lab.StatusAsync(others[1]), status => status.GetProperty("Members").GetArrayLength() == 3, $"{others[1]} is told that {others[0]} is away");
        await kubectl.UntilAsync(static made => made.ExitCode == 0, "create", "configmap", "between");
        CommandResult refused = await Lab.RunAsync("leave", "--state-dir", lab.StateOf(others[1]));
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains($"1 of the store's other members answer, and 2 are needed to go on without this one. Start {others[0]} again", refused.Errors, StringComparison.Ordinal);
        await LeaveAsync(lab, others[1], "--force");
        Assert.Equal(0, await hosts[others[1]].EndAsync());
        hosts.Remove(others[1]);

        hosts[others[0]] = await lab.StartAsync(others[0], hosts[others[0]].At, hosts[leader].At);
        await LeaderAsync(lab, [.. hosts.Keys], 3);
        Assert.Equal("before between", await kubectl.DoAsync("get", "configmaps", "before", "between", "-o", "jsonpath={.items[*].metadata.name}"));
        await kubectl.CreateAsync("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: after }");

        // Two of the three go, at last the one that has the store alone: the other gets it, and the authority's key.
        string second = hosts.Keys.First(name => name != leader);
        await LeaveAsync(lab, second);
        Assert.Equal(0, await hosts[second].EndAsync());
        hosts.Remove(second);
        leader = await LeaderAsync(lab, [.. hosts.Keys], 1);
        string last = hosts.Keys.Single(name => name != leader);
        await LeaveAsync(lab, leader);
        Assert.Equal(0, await hosts[leader].EndAsync());
        hosts.Remove(leader);
        Assert.Equal(last, await LeaderAsync(lab, [last], 1));
        Assert.Equal("after before between", await new Kubectl(config, hosts[last].At).DoAsync("get", "configmaps", "after", "before", "between", "-o", "jsonpath={.items[*].metadata.name}"));
        Assert.True(File.Exists(Path.Combine(lab.StateOf(last), "pki", "ca.key")));
    }

    // Waits until the store is on so many of these hosts, as the one that leads it says. On two of two it may be, too, where the API is not on the leader's.
    private static async Task<string> LeaderAsync(Lab lab, string[] hosts, int members)
    {
        string? leader = null;
        await Lab.UntilAsync(
            async () =>
            {
                leader = null;
                foreach (string host in hosts)
                {
                    if ((await lab.StatusAsync(host)).GetProperty("Store").GetProperty("State").GetString() == "leads")
                        leader = host;
                }

                return leader is null ? [] : await StoredOnAsync(lab, leader);
            },
            stored => (stored.Length == members || (hosts.Length == 2 && stored.Length == 2)) && stored.All(hosts.Contains), $"the store is on {members} of {string.Join(", ", hosts)}");
        return leader!;
    }

    private static async Task<string[]> StoredOnAsync(Lab lab, string host) =>
        [.. (await lab.StatusAsync(host)).GetProperty("Store").GetProperty("Members").EnumerateArray().Select(static member => member.GetString()![..2])];

    private static async Task LeaveAsync(Lab lab, string name, params string[] more)
    {
        CommandResult left = await Lab.RunAsync(["leave", "--state-dir", lab.StateOf(name), .. more]);
        Assert.True(left.ExitCode == 0, left.ToString());
        Assert.Contains($"{name} has left the cluster", left.Output, StringComparison.Ordinal);
    }

    private static async Task<string> VtepMacAsync(Lab lab, string node)
    {
        CommandResult link = await lab.ExecAsync($"node/{node}", "ip", "link", "show", "dev", "flannel.1");
        int from = link.Output.IndexOf("link/ether ", StringComparison.Ordinal) + 11;
        return link.Output.Substring(from, 17);
    }

    private static async Task<string> TablesAsync(Lab lab)
    {
        CommandResult route = await lab.ExecAsync("node/n1", "ip", "route");
        CommandResult neighbours = await lab.ExecAsync("node/n1", "ip", "neigh", "show", "dev", "flannel.1");
        CommandResult fdb = await lab.ExecAsync("node/n1", "bridge", "fdb", "show", "dev", "flannel.1");
        Assert.All([route, neighbours, fdb], r => Assert.True(r.ExitCode == 0, r.ToString()));
        return route.Output + neighbours.Output + fdb.Output;
    }
}
