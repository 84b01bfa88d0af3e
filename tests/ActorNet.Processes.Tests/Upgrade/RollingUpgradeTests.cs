using System.Globalization;
using ActorNet.Cli.Host;
using ActorNet.Processes.Tests.Nemesis;

namespace ActorNet.Processes.Tests.Upgrade;

/// <summary>
/// Three hosts with protected control links are upgraded one by one to the next version of this source, under writes and traffic. With ACTORNET_UPGRADE_FROM, the directory of
/// another build, they are upgraded from that one to the build that is tested.
/// </summary>
public sealed class RollingUpgradeTests
{
    private const int Port = 9000;

    [Fact]
    public async Task Hosts_are_upgraded_one_by_one_and_all_stop_and_start_again_and_no_acknowledged_write_is_lost()
    {
        Kubectl.Need();
        string? before = Environment.GetEnvironmentVariable("ACTORNET_UPGRADE_FROM") is { Length: > 0 } directory ? Path.Combine(directory, "actornet.dll") : null;
        string? next = before is null ? await NextBuild.ProgramAsync() : null;
        await using var lab = new Lab();
        LabPlace[] at = [lab.Place(131), lab.Place(132), lab.Place(133)];
        using var trio = new HostTrio(lab, at);
        LabProcess[] hosts = await FormAsync(lab, at, before);
        await SettlesAsync(trio);
        string[] disks = await DisksAsync(trio), versions = await VersionsAsync(trio);
        Assert.Single(versions.Distinct());
        var kubectl = new Kubectl(Path.Combine(lab.StateOf("n1"), "kubeconfig"), at[0]);
        for (int i = 0; i < at.Length; i++)
            await kubectl.CreateAsync(Pod(i));
        string uids = await kubectl.DoAsync(Uids);
        await using var writer = new SteadyWriter([.. Enumerable.Range(0, at.Length).Select(trio.Open)]);
        writer.Start();

        for (int i = 0; i < at.Length; i++)
        {
            int client = (i + 1) % at.Length, server = (i + 2) % at.Length;
            using PodFlow flow = PodFlow.Stream(lab, PodOf(client), await AddressAsync(lab, server), Port);
            await flow.GoesOnAsync(20);
            hosts[i] = await RestartAsync(lab, hosts[i], next, writer);
            await SettlesAsync(trio);
            await flow.GoesOnAsync(20);
            await flow.EndAnsweredAsync();
            await writer.GoesOnAsync(5);
            // Between two releases any number of builds have the same version.
            Assert.True(next is null || (await VersionsAsync(trio)).Count(version => version != versions[0]) == i + 1);
        }

        // The very disks and pods, and entries of the next version on each.
        Assert.Equal(disks, await DisksAsync(trio));
        Assert.Equal(uids, await kubectl.DoAsync(Uids));
        await kubectl.DoAsync("wait", "pod", "--all", "--for=condition=Ready", "--timeout=80s");
        Assert.All(hosts, host => Assert.True(next is null || HasEntriesOfNext(lab, host.Name), host.Name));

        // Back by one minor version: it starts from a log with a field that it does not know, and follows.
        hosts[2] = await RestartAsync(lab, hosts[2], before, writer);
        await SettlesAsync(trio);
        Assert.Equal(versions[2], (await VersionsAsync(trio))[2]);
        await writer.GoesOnAsync(5);
        await writer.StopAsync();
        await writer.HasAllAsync();

        // All of them, one after the other, and all of them again.
        foreach (LabProcess host in hosts)
            Assert.Equal(0, await host.StopAsync());
        foreach (LabProcess again in hosts.Select(host => lab.LaunchBuild(next, host.Name, host.At, ArgumentsOf(lab, host))).ToArray())
            await again.ReadyAsync();
        await SettlesAsync(trio);
        await writer.HasAllAsync();
        Assert.Equal(disks, await DisksAsync(trio));
        Assert.Equal(uids, await kubectl.DoAsync(Uids));
    }

    private static string[] Uids => ["get", "pods,nodes", "-o", "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.spec.podCIDR}{\"\\n\"}{end}"];

    private static async Task<LabProcess[]> FormAsync(Lab lab, LabPlace[] at, string? program)
    {
        LabProcess first = lab.LaunchBuild(program, "n1", at[0], FirstArguments(lab, at[0]));
        await first.ReadyAsync();
        CommandResult made = await Lab.RunAsync("token", "create", "--print-join-command", "--state-dir", lab.StateOf("n1"));
        Assert.True(made.ExitCode == 0, made.ToString());
        string[] line = made.Output.Trim().Split(' ')[1..];
        LabProcess[] others = [.. new[] { 1, 2 }.Select(i => lab.LaunchBuild(program, HostTrio.NameOf(i), at[i], [.. line, .. OptionsOf(lab, HostTrio.NameOf(i), at[i])]))];
        foreach (LabProcess other in others)
            await other.ReadyAsync();
        return [first, .. others];
    }

    private static async Task<LabProcess> RestartAsync(Lab lab, LabProcess host, string? program, SteadyWriter writer)
    {
        Assert.Equal(0, await host.StopAsync());
        // Two of three are a majority.
        await writer.GoesOnAsync(3);
        LabProcess again = lab.LaunchBuild(program, host.Name, host.At, ArgumentsOf(lab, host));
        await again.ReadyAsync();
        return again;
    }

    private static string[] FirstArguments(Lab lab, LabPlace at) => [.. Lab.HostArguments("n1", at, lab.StateOf("n1"), null), "--control-links", "tls"];

    private static string[] ArgumentsOf(Lab lab, LabProcess host) => host.Name == "n1"
        ? FirstArguments(lab, host.At)
        : ["join", .. OptionsOf(lab, host.Name, host.At)];

    private static string[] OptionsOf(Lab lab, string name, LabPlace at) =>
    [
        "--name", name, "--address", at.Address, "--state-dir", lab.StateOf(name), "--ends-with-stdin",
        .. new (string Option, int Port)[] { ("control", at.ControlPort), ("api", at.ApiPort), ("kubelet", at.KubeletPort), ("store", at.StorePort), ("underlay", at.UnderlayPort), ("lan", at.LanPort) }
            .SelectMany(static each => new[] { $"--{each.Option}-port", each.Port.ToString(CultureInfo.InvariantCulture) }),
    ];

    // Each is among three members of the cluster and of the store, and follows or leads.
    private static Task<HostStatus?[]> SettlesAsync(HostTrio trio) => Lab.UntilAsync(
        () => AllAsync(trio),
        all => all.All(each => each is { ControlState: "up", Store: { Problem: null, State: "leads" or "follows" } store } && each.Members.Count == trio.Count && store.Members.Count == trio.Count),
        "three hosts are one cluster and one store");

    private static Task<HostStatus?[]> AllAsync(HostTrio trio) => Task.WhenAll(Enumerable.Range(0, trio.Count).Select(trio.StatusAsync));

    private static async Task<string[]> DisksAsync(HostTrio trio) => [.. (await AllAsync(trio)).Select(static each => each!.Store.Member)];

    private static async Task<string[]> VersionsAsync(HostTrio trio) => [.. (await AllAsync(trio)).Select(static each => each!.Version)];

    private static string PodOf(int host) => $"pod{host + 1}";

    // Its own node says where it is: what the API knows may be of the run before.
    private static async Task<string> AddressAsync(Lab lab, int host)
    {
        await Lab.UntilAsync(
            () => lab.ExecAsync($"pod/{PodOf(host)}", "netstat", "-ltn"), static shown => shown.Output.Contains($":{Port} ", StringComparison.Ordinal), $"{PodOf(host)} listens");
        return await lab.PodAddressAsync(PodOf(host));
    }

    private static string Pod(int host) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{PodOf(host)}} }
        spec:
          nodeName: {{HostTrio.NameOf(host)}}
          terminationGracePeriodSeconds: 0
          tolerations: [ { operator: Exists } ]
          containers: [ { name: c, image: "busybox:1.36", command: [ sh, -c, {{System.Text.Json.JsonSerializer.Serialize(PodFlow.StreamServer(Port))}} ] } ]
        """;

    private static bool HasEntriesOfNext(Lab lab, string host)
    {
        byte[] mark = System.Text.Encoding.ASCII.GetBytes(NextBuild.MarkInLog);
        string log = Path.Combine(lab.StateOf(host), "store", "data", "log");
        return Directory.EnumerateFiles(log, "*", SearchOption.AllDirectories).Any(file => Read(file).AsSpan().IndexOf(mark) >= 0);
    }

    // The host has it open for writing.
    private static byte[] Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] all = new byte[stream.Length];
        return all[..stream.ReadAtLeast(all, all.Length, throwOnEndOfStream: false)];
    }
}
