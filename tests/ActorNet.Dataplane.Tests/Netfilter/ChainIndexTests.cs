using ActorNet.Dataplane.Netfilter;
using ActorNet.Packets;
using CsCheck;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>What is found by address and port is what a walk from rule to rule finds: the same packets come out, and every counter is the same.</summary>
public sealed class ChainIndexTests
{
    private static readonly string[] Addresses = [NetfilterBench.Server, "10.0.1.10", "10.96.0.1", "10.96.0.2", "10.96.0.3"];
    private static readonly int[] Ports = [53, 80, 443, 8080];
    private static readonly Gen<string> To = Gen.OneOfConst(Addresses);
    private static readonly Gen<int> Port = Gen.OneOfConst(Ports);

    // Mostly what kube-proxy's shared chains have, and between it what must be asked in its place.
    private static readonly Gen<string> What = Gen.Frequency(
        (6, Gen.Select(To, Port, Gen.OneOfConst("tcp", "udp"), static (a, p, proto) => $"-d {a}/32 -p {proto} -m comment --comment \"a b\" -m {proto} --dport {p}")),
        (4, Gen.Select(Port, Gen.OneOfConst("tcp", "udp"), static (p, proto) => $"-p {proto} -m comment --comment c -m addrtype ! --src-type LOCAL -m {proto} --dport {p}")),
        (1, Gen.Select(To, static a => $"! -d {a}/32")),
        (1, Gen.Select(To, static a => $"-d {a}/31 -m nfacct --nfacct-name wide")),
        (1, Gen.Select(Port, static p => $"-p tcp -m nfacct --nfacct-name before -m tcp --dport {p}")),
        (1, Gen.Select(Port, static p => $"-p udp -m udp ! --dport {p}")),
        (1, Gen.Select(Port, static p => $"-p tcp -m statistic --mode nth --every 2 --packet 0 -m tcp --dport {p}")),
        (1, Gen.Select(To, Port, static (a, p) => $"-d {a}/32 -p tcp -m recent --set --name R -m tcp --dport {p}")),
        (1, Gen.OneOfConst("", "-p icmp", "-m mark --mark 0x1/0x1", "-m limit --limit 1/s", "-s 10.0.0.9/32", "-p tcp -m tcp --sport 1000:1005")));

    private static readonly Gen<string> Target = Gen.Frequency((5, Gen.Const("")), (2, Gen.OneOfConst("-j A", "-g A")), (1, Gen.OneOfConst("-j MARK --set-xmark 0x1/0x1", "-j MARK --set-xmark 0x0/0x1")), (1, Gen.OneOfConst("-j RETURN", "-j ACCEPT")));

    private static readonly Gen<string> Rules = Gen.Select(Chain("S", Target, 120), Chain("A", Gen.OneOfConst("", "", "", "-j RETURN", "-j MARK --set-xmark 0x2/0x2"), 60), static (s, a) =>
        $"*mangle\n:S - [0:0]\n:A - [0:0]\n-A PREROUTING -j S\n-A PREROUTING -j A\n{s}{a}COMMIT\n");

    private static readonly Gen<(string To, int Port, int SourcePort, int Kind)[]> Packets =
        Gen.Select(To, Gen.OneOf(Port, Gen.Int[1, 100]), Gen.Int[1000, 1010], Gen.Int[0, 3], static (a, p, s, k) => (a, p, s, k)).Array[1, 40];

    [Fact]
    public void An_index_finds_what_a_walk_finds_and_counts_what_a_walk_counts() =>
        Gen.Select(Rules, Packets).Sample(
            static (rules, packets) =>
            {
                using var walked = new NetfilterBench(rules, new NetfilterOptions { IndexesChains = false });
                using var indexed = new NetfilterBench(rules);
                foreach ((string to, int port, int from, int kind) in packets)
                {
                    byte[] packet = PacketOf(to, port, from, kind);
                    (List<byte[]> toClients, List<byte[]> toServers) = walked.FromClient(packet);
                    (List<byte[]> indexedToClients, List<byte[]> indexedToServers) = indexed.FromClient(packet);
                    Assert.Equal(toClients, indexedToClients);
                    Assert.Equal(toServers, indexedToServers);
                }

                Assert.Equal(walked.Netfilter.Save(DateTimeOffset.UnixEpoch, counters: true), indexed.Netfilter.Save(DateTimeOffset.UnixEpoch, counters: true));
                Assert.Equal(walked.Netfilter.Accounts, indexed.Netfilter.Accounts);
            },
            iter: 400);

    [Fact]
    public void The_chains_of_the_property_have_an_index()
    {
        string rules = string.Concat(Enumerable.Range(0, 30).Select(static i => $"-A PREROUTING -d 10.96.0.{i}/32 -p tcp -m tcp --dport 80\n"));
        using var bench = new NetfilterBench($"*mangle\n{rules}COMMIT\n");
        Assert.NotNull(bench.Netfilter.TableOf("mangle").At(NetfilterHook.PreRouting)!.Index);
    }

    private static Gen<string> Chain(string name, Gen<string> target, int max) =>
        Gen.Select(What, target, (what, to) => $"-A {name} {what} {to}\n").Array[0, max].Select(static lines => string.Concat(lines));

    private static byte[] PacketOf(string to, int port, int from, int kind) => kind switch
    {
        0 => NetfilterBench.Udp(NetfilterBench.Client, to, from, port),
        1 => NetfilterBench.Tcp("10.0.0.10", to, from, port, TcpFlags.Syn),
        _ => NetfilterBench.Tcp(NetfilterBench.Client, to, from, port, TcpFlags.Syn, data: kind == 3 ? 5 : 0),
    };
}
