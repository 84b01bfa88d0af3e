using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Tests.Ip;
using CsCheck;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>
/// Reading and printing rules. The expected lines are what iptables 1.8.9 printed for the same input on Linux 6.18 (legacy and nf_tables alike);
/// the interoperability tests ask the kernel of the machine again.
/// </summary>
public sealed class RuleTextTests : IDisposable
{
    private readonly NamespaceBench _bench = new();
    private readonly NetfilterState _netfilter;

    public RuleTextTests() => _netfilter = _bench.Namespace.EnableNetfilter();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("filter", "-A INPUT -s 10.0.0.0/8 -d 1.2.3.4 -i eth0 -p tcp", "-A INPUT -s 10.0.0.0/8 -d 1.2.3.4/32 -i eth0 -p tcp")]
    [InlineData("filter", "-A INPUT -s 10.0.0.1/255.0.255.0 ! -d 1.2.3.0/24 ! -i eth+ ! -p tcp", "-A INPUT -s 10.0.0.0/255.0.255.0 ! -d 1.2.3.0/24 ! -i eth+ ! -p tcp")]
    [InlineData("filter", "-A INPUT -p tcp --dport 22 --sport 1024: --syn", "-A INPUT -p tcp -m tcp --sport 1024:65535 --dport 22 --tcp-flags FIN,SYN,RST,ACK SYN")]
    [InlineData("filter", "-A INPUT -p tcp ! --dport 22 ! --syn", "-A INPUT -p tcp -m tcp ! --dport 22 ! --tcp-flags FIN,SYN,RST,ACK SYN")]
    [InlineData("filter", "-A INPUT -p tcp --tcp-flags ALL NONE", "-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE")]
    [InlineData("filter", "-A INPUT -p icmp --icmp-type echo-request", "-A INPUT -p icmp -m icmp --icmp-type 8")]
    [InlineData("filter", "-A INPUT -p icmp --icmp-type port-unreachable", "-A INPUT -p icmp -m icmp --icmp-type 3/3")]
    [InlineData("filter", "-A INPUT -p icmp --icmp-type any", "-A INPUT -p icmp -m icmp --icmp-type any")]
    [InlineData("filter", "-A INPUT -p udp -m multiport ! --ports 1,2", "-A INPUT -p udp -m multiport ! --ports 1,2")]
    [InlineData("filter", "-A INPUT -m conntrack --ctstate NEW,ESTABLISHED,RELATED,INVALID,UNTRACKED,SNAT,DNAT", "-A INPUT -m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT,DNAT")]
    [InlineData("filter", "-A INPUT -m conntrack --ctstatus ASSURED --ctexpire 5 --ctproto 17 --ctdir REPLY --ctorigdstport 80 --ctrepldst 10.0.0.0/8 --ctstate NEW", "-A INPUT -m conntrack --ctstate NEW --ctproto 17 --ctrepldst 10.0.0.0/8 --ctorigdstport 80 --ctstatus ASSURED --ctexpire 5 --ctdir REPLY")]
    [InlineData("filter", "-A INPUT -m addrtype --src-type UNICAST --dst-type MULTICAST,LOCAL", "-A INPUT -m addrtype --src-type UNICAST --dst-type LOCAL,MULTICAST")]
    [InlineData("filter", "-A FORWARD -m physdev --physdev-out veth0 --physdev-is-out --physdev-is-bridged", "-A FORWARD -m physdev --physdev-is-out --physdev-out veth0 --physdev-is-bridged")]
    [InlineData("filter", "-A INPUT -m limit --limit 10/second --limit-burst 5", "-A INPUT -m limit --limit 10/sec")]
    [InlineData("filter", "-A INPUT -m limit --limit 3000/sec", "-A INPUT -m limit --limit 3333/sec")]
    [InlineData("filter", "-A INPUT -m limit --limit 600/min --limit-burst 1", "-A INPUT -m limit --limit 10/sec --limit-burst 1")]
    [InlineData("filter", "-A INPUT -m limit", "-A INPUT -m limit --limit 3/hour")]
    [InlineData("filter", "-A INPUT -m comment --comment \"he\\\"l'lo\"", "-A INPUT -m comment --comment \"he\\\"l\\'lo\"")]
    [InlineData("filter", "-A INPUT -m comment --comment hello", "-A INPUT -m comment --comment hello")]
    [InlineData("filter", "-A INPUT -m comment --comment \"\"", "-A INPUT -m comment --comment \"\"")]
    [InlineData("filter", "-A INPUT -j REJECT", "-A INPUT -j REJECT --reject-with icmp-port-unreachable")]
    [InlineData("filter", "-A INPUT -j REJECT --reject-with icmp-host-prohib", "-A INPUT -j REJECT --reject-with icmp-host-prohibited")]
    [InlineData("filter", "-A INPUT -j LOG --log-prefix \"hello \" --log-level debug --log-tcp-sequence", "-A INPUT -j LOG --log-prefix \"hello \" --log-level 7 --log-tcp-sequence")]
    [InlineData("filter", "-A INPUT -p 89", "-A INPUT -p ospf")]
    [InlineData("filter", "-A INPUT -p all -s 0/0", "-A INPUT")]
    [InlineData("filter", "-A INPUT ! -f", "-A INPUT ! -f")]
    [InlineData("mangle", "-A PREROUTING -j MARK --set-mark 5/7", "-A PREROUTING -j MARK --set-xmark 0x5/0x7")]
    [InlineData("mangle", "-A PREROUTING -j MARK --and-mark 0xff", "-A PREROUTING -j MARK --set-xmark 0x0/0xffffff00")]
    [InlineData("mangle", "-A PREROUTING -j MARK --or-mark 0x00004000", "-A PREROUTING -j MARK --set-xmark 0x4000/0x4000")]
    [InlineData("mangle", "-A PREROUTING -j MARK --xor-mark 0x00004000", "-A PREROUTING -j MARK --set-xmark 0x4000/0x0")]
    [InlineData("mangle", "-A PREROUTING -j CONNMARK --save-mark --mask 0xff", "-A PREROUTING -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff")]
    [InlineData("mangle", "-A PREROUTING -m connmark ! --mark 7", "-A PREROUTING -m connmark ! --mark 0x7")]
    [InlineData("nat", "-A PREROUTING -m statistic --mode random --probability 0.3333333333 -g C", "-A PREROUTING -m statistic --mode random --probability 0.33333333349 -g C")]
    [InlineData("nat", "-A PREROUTING -m statistic --mode random --probability 0.1666666667 -j C", "-A PREROUTING -m statistic --mode random --probability 0.16666666651 -j C")]
    [InlineData("nat", "-A PREROUTING -m statistic --mode nth --every 3 --packet 1 -j RETURN", "-A PREROUTING -m statistic --mode nth --every 3 --packet 1 -j RETURN")]
    [InlineData("nat", "-A C -m recent --name K --rcheck --seconds 10800 --reap -j C2", "-A C -m recent --rcheck --seconds 10800 --reap --name K --mask 255.255.255.255 --rsource -j C2")]
    [InlineData("nat", "-A C -m recent --update --hitcount 4 --rttl --rdest", "-A C -m recent --update --hitcount 4 --rttl --name DEFAULT --mask 255.255.255.255 --rdest")]
    [InlineData("nat", "-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.5:80-90", "-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.5:80-90")]
    [InlineData("nat", "-A PREROUTING -p tcp -m tcp -j DNAT --to-destination 10.0.0.1:80-90/5", "-A PREROUTING -p tcp -m tcp -j DNAT --to-destination 10.0.0.1:80-90/5")]
    [InlineData("nat", "-A POSTROUTING -p udp -j SNAT --to-source 1.2.3.4-1.2.3.6:100-200 --random-fully --persistent", "-A POSTROUTING -p udp -j SNAT --to-source 1.2.3.4-1.2.3.6:100-200 --random-fully --persistent")]
    [InlineData("nat", "-A POSTROUTING -p tcp -j MASQUERADE --to-ports 1024-2000 --random-fully", "-A POSTROUTING -p tcp -j MASQUERADE --to-ports 1024-2000 --random-fully")]
    [InlineData("nat", "-A PREROUTING -p tcp -j REDIRECT --to-ports 80-90 --random", "-A PREROUTING -p tcp -j REDIRECT --to-ports 80-90 --random")]
    [InlineData("raw", "-A PREROUTING -p udp --dport 8473 -j CT --notrack", "-A PREROUTING -p udp -m udp --dport 8473 -j CT --notrack")]
    [InlineData("raw", "-A PREROUTING -p udp --dport 8472 -j NOTRACK", "-A PREROUTING -p udp -m udp --dport 8472 -j NOTRACK")]
    public void A_rule_is_printed_as_iptables_save_prints_it(string table, string rule, string expected)
    {
        Assert.Equal(RestoreResult.Success, _netfilter.Restore($"*{table}\n:C - [0:0]\n:C2 - [0:0]\n{rule}\nCOMMIT\n"));
        Assert.Equal(expected, Assert.Single(Lines(table), l => l.StartsWith("-A", StringComparison.Ordinal)));
    }

    [Fact]
    public void Tables_stand_in_the_order_of_the_real_tool_and_only_those_that_were_named()
    {
        Assert.Equal("", _netfilter.Save(DateTimeOffset.UnixEpoch));
        Assert.True(_netfilter.Restore("*nat\n:zz - [0:0]\n:AA - [5:6]\n:b1 - [0:0]\n[1:2] -A PREROUTING -j zz\n-A AA -j b1\nCOMMIT\n*filter\n-A INPUT -j ACCEPT\nCOMMIT\n*mangle\n-A INPUT -j ACCEPT\nCOMMIT\n*raw\n-A PREROUTING -j NOTRACK\nCOMMIT\n", counters: true).IsSuccess);
        string[] lines = _netfilter.Save(new DateTimeOffset(2026, 11, 9, 1, 2, 3, TimeSpan.Zero), counters: true).Split('\n');
        Assert.Equal("# Generated by iptables-save v1.8.9 (nf_tables) on Mon Nov  9 01:02:03 2026", lines[0]);
        Assert.Equal(["*mangle", "*raw", "*filter", "*nat"], lines.Where(static l => l.StartsWith('*')));
        Assert.Equal(
            ["*nat", ":PREROUTING ACCEPT [0:0]", ":INPUT ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]", ":AA - [0:0]", ":b1 - [0:0]", ":zz - [0:0]", "[1:2] -A PREROUTING -j zz", "[0:0] -A AA -j b1", "COMMIT"],
            lines.SkipWhile(static l => l != "*nat").TakeWhile(static l => !l.StartsWith('#')));
    }

    [Theory]
    [InlineData("*filter\n-A INPUT -j NOPE\nCOMMIT\n", 2, "iptables-restore v1.8.9 (nf_tables): Chain 'NOPE' does not exist\nError occurred at line: 3\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n")]
    [InlineData("*filter\n-A NOCHAIN -j ACCEPT\nCOMMIT\n", 1, "iptables-restore: line 2 failed: No chain/target/match by that name.\n")]
    [InlineData("*filter\n-A INPUT -m foo -j ACCEPT\nCOMMIT\n", 2, "iptables-restore v1.8.9 (nf_tables): Couldn't load match `foo':No such file or directory\n\nError occurred at line: 2\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n")]
    [InlineData("*filter\n-A INPUT --bar -j ACCEPT\nCOMMIT\n", 2, "iptables-restore v1.8.9 (nf_tables): unknown option \"--bar\"\nError occurred at line: 2\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n")]
    [InlineData("*nope\nCOMMIT\n", 2, "iptables-restore v1.8.9 (nf_tables): iptables-restore: line 1 table name 'nope' invalid\nError occurred at line: 1\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n")]
    [InlineData("*filter\n-A INPUT -s 1.2.3.400 -j ACCEPT\nCOMMIT\n", 2, "iptables-restore v1.8.9 (nf_tables): host/network `1.2.3.400' not found\nError occurred at line: 2\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n")]
    [InlineData("*filter\n-A INPUT -p tcp --dport 99999 -j ACCEPT\nCOMMIT\n", 2, "iptables-restore v1.8.9 (nf_tables): invalid port/service `99999' specified\nError occurred at line: 2\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n")]
    [InlineData("*filter\n-A INPUT --dport 99 -j ACCEPT\nCOMMIT\n", 2, "iptables-restore v1.8.9 (nf_tables): unknown option \"--dport\"\nError occurred at line: 2\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n")]
    [InlineData("*filter\n:INPUT FOO [0:0]\nCOMMIT\n", 1, "iptables-restore: line 2 failed: Bad policy name.\n")]
    [InlineData("*filter\n-A INPUT -j DNAT --to-destination 1.2.3.4\nCOMMIT\n", 4, "iptables-restore v1.8.9 (nf_tables): \nline 2: RULE_APPEND failed (Invalid argument): rule in chain INPUT\n")]
    [InlineData("*nat\n-A PREROUTING -j REJECT\nCOMMIT\n", 4, "iptables-restore v1.8.9 (nf_tables): \nline 2: RULE_APPEND failed (Invalid argument): rule in chain PREROUTING\n")]
    [InlineData("*filter\n-A INPUT -j REJECT --reject-with tcp-reset\nCOMMIT\n", 4, "iptables-restore v1.8.9 (nf_tables): \nline 2: RULE_APPEND failed (Invalid argument): rule in chain INPUT\n")]
    [InlineData("*filter\n:X - [0:0]\n:Y - [0:0]\n-A INPUT -j X\n-A X -j Y\n-A Y -j X\nCOMMIT\n", 4, "iptables-restore v1.8.9 (nf_tables): \nline 6: RULE_APPEND failed (Too many links): rule in chain Y\n")]
    [InlineData("*filter\n:X - [0:0]\n:Y - [0:0]\n-A INPUT -j X\n-X X\nCOMMIT\n", 4, "iptables-restore v1.8.9 (nf_tables): \nline 5: CHAIN_DEL failed (Device or resource busy): chain X\n")]
    [InlineData("*filter\n-I INPUT 7 -j ACCEPT\nCOMMIT\n", 1, "iptables-restore: line 2 failed: Index of insertion too big.\n")]
    [InlineData("*filter\nhello\nCOMMIT\n", 2, "iptables-restore v1.8.9 (nf_tables): Bad argument `hello'\nError occurred at line: 2\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n")]
    [InlineData("*filter\n-D INPUT -s 9.9.9.9 -j ACCEPT\nCOMMIT\n", 1, "iptables-restore: line 2 failed: Bad rule (does a matching rule exist in that chain?).\n")]
    [InlineData("*filter\n-A INPUT -p foo -j ACCEPT\nCOMMIT\n", 2, "iptables-restore v1.8.9 (nf_tables): unknown protocol \"foo\" specified\nError occurred at line: 2\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n")]
    [InlineData("*filter\n:AVERYLONGCHAINNAMEOFMORETHANTWENTYEIGHT - [0:0]\nCOMMIT\n", 2, "iptables-restore v1.8.9 (nf_tables): chain name `AVERYLONGCHAINNAMEOFMORETHANTWENTYEIGHT' too long (must be under 29 chars)\nError occurred at line: 2\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n")]
    public void A_refusal_has_the_words_and_the_exit_code_of_iptables_restore(string text, int exitCode, string error)
    {
        Assert.True(_netfilter.Restore("*filter\n-A OUTPUT -j ACCEPT\nCOMMIT\n").IsSuccess);
        string before = _netfilter.Save(DateTimeOffset.UnixEpoch);
        Assert.Equal(new RestoreResult(exitCode, error), _netfilter.Restore(text, noFlush: true));
        Assert.Equal(before, _netfilter.Save(DateTimeOffset.UnixEpoch));
    }

    [Fact]
    public void Without_flush_chains_that_are_not_named_keep_their_rules_and_counters()
    {
        Assert.True(_netfilter.Restore("*filter\n:A - [0:0]\n:B - [0:0]\n[7:8] -A A -j ACCEPT\n-A B -j DROP\n-A INPUT -j A\n-A INPUT -j B\nCOMMIT\n", counters: true).IsSuccess);
        Assert.True(_netfilter.Restore("*filter\n:B - [0:0]\n:C - [0:0]\n-A B -j C\n-D INPUT -j A\n-X A\nCOMMIT\n", noFlush: true).ExitCode == 4);
        Assert.True(_netfilter.Restore("*filter\n:B - [0:0]\n:C - [0:0]\n-A B -j C\nCOMMIT\n", noFlush: true).IsSuccess);
        Assert.Equal(
            ["[7:8] -A A -j ACCEPT", "[0:0] -A B -j C", "[0:0] -A INPUT -j A", "[0:0] -A INPUT -j B"],
            Lines("filter", counters: true).Where(static l => l.StartsWith('[')).Order(StringComparer.Ordinal).OrderByDescending(static l => l[1]));
        Assert.True(_netfilter.Restore("*filter\n:A - [0:0]\n-D INPUT -j A\n-X A\nCOMMIT\n", noFlush: true).IsSuccess);
        Assert.DoesNotContain(Lines("filter"), static l => l.StartsWith(":A ", StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_printed_is_read_and_printed_the_same()
    {
        RuleTexts.RuleSet.Sample(
            text =>
            {
                using var bench = new NamespaceBench();
                NetfilterState netfilter = bench.Namespace.EnableNetfilter();
                Assert.Equal(RestoreResult.Success, netfilter.Restore(text));
                string printed = netfilter.Save(DateTimeOffset.UnixEpoch);
                Assert.Equal(RestoreResult.Success, netfilter.Restore(printed));
                Assert.Equal(printed, netfilter.Save(DateTimeOffset.UnixEpoch));
            },
            iter: 200);
    }

    [Fact]
    public void No_text_makes_the_reader_fail_or_changes_rules_when_it_is_refused()
    {
        Gen<string> noise = Gen.Select(RuleTexts.RuleSet, Gen.Int[0, 10_000], Gen.Int[0, 40], Gen.String[Gen.Char[' ', '~'], 0, 12], static (text, at, cut, insert) =>
        {
            at %= text.Length;
            return string.Concat(text.AsSpan(0, at), insert, text.AsSpan(Math.Min(text.Length, at + cut)));
        });
        noise.Sample(
            text =>
            {
                using var bench = new NamespaceBench();
                NetfilterState netfilter = bench.Namespace.EnableNetfilter();
                RestoreResult result = netfilter.Restore(text);
                Assert.True(result.IsSuccess == (result.Error.Length == 0));
                _ = netfilter.Save(DateTimeOffset.UnixEpoch);
            },
            iter: 1000);
    }

    private string[] Lines(string table, bool counters = false) => _netfilter.Save(DateTimeOffset.UnixEpoch, table, counters).Split('\n');
}
