using CsCheck;

namespace ActorNet.Workloads.Tests.Inspection;

/// <summary>Whatever is typed, a tool answers with text and an exit code: no exception leaves it.</summary>
public class CommandLineFuzzTests
{
    private static readonly string[] Words =
    [
        "-4", "-6", "-0", "-s", "-d", "-o", "-br", "-family", "-V", "-a", "-n", "-e", "-i", "-r", "-", "--", "-x", "a", "addr", "link", "l", "route", "r", "neigh", "n", "fdb",
        "show", "s", "add", "del", "set", "replace", "append", "change", "get", "flush", "list", "help", "dev", "br", "brport", "state", "dynamic", "up", "down", "mtu", "master",
        "nomaster", "type", "to", "root", "match", "exact", "table", "proto", "scope", "via", "src", "onlink", "metric", "lock", "from", "oif", "lladdr", "nud", "proxy", "self",
        "static", "permanent", "dst", "port", "vni", "local", "peer", "brd", "label", "hairpin", "on", "off", "showmacs", "showstp", "eth0", "cni0", "flannel.1", "veth1a2b3c4d", "lo",
        "nope", "default", "all", "10.244.1.0/24", "10.244.1.2", "10.1", "1.2.3.4/0xFFFFFFFF", "1.2.3.4/-1", "0/0", "300.1.1.1", "5e:f4:68:83:7d:02", "zz", "0", "-1",
        "99999999999", "0x10", "+", "", "blackhole", "inet",
    ];

    [Fact]
    public void Any_line_is_answered() =>
        Gen.Select(Gen.OneOfConst("ip", "bridge", "brctl", "arp", "ifconfig", "route", "netstat"), Gen.OneOfConst(Words).Array[0, 8])
            .Sample(
                (tool, words) =>
                {
                    ToolRun run = ToolRun.OfAsync(string.Join(' ', [tool, .. words]), GoldenNode.Node()).GetAwaiter().GetResult();
                    return run.ExitCode is >= 0 and <= 255 && (run.ExitCode == 0 || run.Error.Length + run.Output.Length > 0);
                },
                iter: 20_000);
}
