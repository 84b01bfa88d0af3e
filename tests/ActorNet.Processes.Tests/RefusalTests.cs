using System.Net;
using System.Net.Sockets;

namespace ActorNet.Processes.Tests;

public sealed class RefusalTests
{
    [Fact]
    public async Task A_taken_port_is_named_with_what_to_do_and_nothing_is_written()
    {
        await using var lab = new Lab();
        LabPlace at = lab.Place(71);
        foreach ((string option, ProtocolType protocol, int port) in new[]
        {
            ("--underlay-port", ProtocolType.Udp, at.UnderlayPort), ("--lan-port", ProtocolType.Udp, at.LanPort), ("--control-port", ProtocolType.Tcp, at.ControlPort),
            ("--api-port", ProtocolType.Tcp, at.ApiPort), ("--kubelet-port", ProtocolType.Tcp, at.KubeletPort), ("--store-port", ProtocolType.Tcp, at.StorePort),
        })
        {
            using var taken = new Socket(AddressFamily.InterNetwork, protocol == ProtocolType.Udp ? SocketType.Dgram : SocketType.Stream, protocol);
            taken.Bind(new IPEndPoint(IPAddress.Parse(at.Address), port));
            if (protocol == ProtocolType.Tcp)
                taken.Listen();
            await RefusedAsync(
                Lab.HostArguments("n1", at, lab.StateOf("n1"), null), $"{option} {port}: {(protocol == ProtocolType.Udp ? "UDP" : "TCP")} port {port} of {at.Address}: another process", "has it already. Stop that one, or give another port", "Nothing was changed");
            Assert.False(Directory.Exists(lab.StateOf("n1")), option);
        }
    }

    [Fact]
    public async Task Options_that_cannot_be_are_refused_by_name()
    {
        await using var lab = new Lab();
        LabPlace at = lab.Place(72);
        await RefusedAsync(Lab.HostArguments("n1", at with { Address = "203.0.113.7" }, lab.StateOf("n1"), null), "--address 203.0.113.7", "no interface of this machine", "Give one that it has: 127.0.0.1");
        await RefusedAsync(Lab.HostArguments("Not_A_Label", at, lab.StateOf("n1"), null), "--name Not_A_Label", "DNS label", "RFC 1123");
        await RefusedAsync([.. Lab.HostArguments("n1", at, lab.StateOf("n1"), null), "--etcd-compaction-interval", "5"], "--etcd-compaction-interval 5", "not a duration", "5m");
        await RefusedAsync([.. Lab.HostArguments("n1", at, lab.StateOf("n1"), null), "--event-ttl", "1d"], "--event-ttl 1d", "not a duration", "1h");
        Assert.False(Directory.Exists(lab.StateOf("n1")));
    }

    [Theory]
    [InlineData("name: n1\nunderlayMtuu: 9000\n", ":2:1")]
    [InlineData("name: n1\nunderlayMtu: large\n", ":2:14")]
    public async Task A_bad_config_file_is_named_with_line_and_column(string text, string place)
    {
        await using var lab = new Lab();
        string file = Path.Combine(lab.Root, "host.yaml");
        await File.WriteAllTextAsync(file, text);
        await RefusedAsync(["node", "--init", "--config", file, "--state-dir", lab.StateOf("n1")], file + place, "camelCase");
        Assert.False(Directory.Exists(lab.StateOf("n1")));
    }

    [Fact]
    public async Task A_living_host_keeps_its_directory_its_name_and_its_rules()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(73));
        await RefusedAsync(Lab.HostArguments("n1", lab.Place(74), lab.StateOf("n1"), first.At.Control), lab.StateOf("n1"), "a host runs there already");

        CommandResult unknown = await lab.ExecAsync("node/n1", "nosuch");
        Assert.Equal(127, unknown.ExitCode);
        Assert.Contains("nosuch: not found", unknown.Errors, StringComparison.Ordinal);
        await RefusedAsync(["exec", "--state-dir", lab.Root, "pod/nobody", "--", "ip", "addr"], "pod/nobody", "not found", "node/n1");
        await RefusedAsync(["exec", "--state-dir", lab.Root, "service/x", "--", "ip", "addr"], "service/x", "node/NAME");

        string pod = Path.Combine(lab.Root, "pod.yaml");
        await File.WriteAllTextAsync(pod, "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [ { name: c, image: busybox } ] }\n");
        await RefusedAsync(["pod", "run", "-f", pod, "--state-dir", lab.Root], pod, "--node", "spec.nodeName");
        await File.WriteAllTextAsync(pod, "apiVersion: v1\nkind: Pod\nmetadata: [\n");
        await RefusedAsync(["pod", "run", "-f", pod, "--node", "n1", "--state-dir", lab.Root], pod);

        string[] other = Lab.HostArguments("n9", lab.Place(73), lab.StateOf("n9"), first.At.Control);
        await RefusedAsync([.. other, "--store", "memory"], "--store memory", "(n1)", "Give --store embedded");
        await RefusedAsync([.. other, "--store", "etcd=127.0.0.1"], "--store etcd=127.0.0.1", "not the address of an etcd");
        await RefusedAsync([.. other, "--store", "etcd=http://127.0.0.1:1"], "etcd at http://127.0.0.1:1/ cannot be asked now", "Start it there");
        await RefusedAsync(["leave", "--state-dir", lab.StateOf("n1")], "host n1 stays; nothing was changed", "no other host is left", "--force");
        await first.StopAsync();
        await RefusedAsync(Lab.HostArguments("n2", first.At, lab.StateOf("n1"), null), "--name n2", "belongs to node n1");

        // What it kept was written by a version to come.
        string log = Path.Combine(lab.StateOf("n1"), "store", "data", "log"), checkpoint = Path.Combine(log, "checkpoint");
        byte[] kept = await File.ReadAllBytesAsync(checkpoint);
        kept[0] = 2;
        await File.WriteAllBytesAsync(checkpoint, kept);
        await RefusedAsync(Lab.HostArguments("n1", first.At, lab.StateOf("n1"), null), log, "newer format");
        Assert.Equal(kept, await File.ReadAllBytesAsync(checkpoint));
    }

    private static async Task RefusedAsync(string[] arguments, params string[] said)
    {
        CommandResult result = await Lab.RunAsync(arguments);
        Assert.True(result.ExitCode == 2, result.ToString());
        Assert.All(said, s => Assert.Contains(s, result.Errors, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ActorNet.", result.Errors, StringComparison.Ordinal);
    }
}
