using CsCheck;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>Rule sets at random for packets between 10.0.0.0/24 and 10.0.1.0/24 and to services in 10.96.0.0/16, in which nothing is left to chance or time.</summary>
public static class TrafficRules
{
    private static readonly Gen<string> Not = Gen.OneOfConst("", "", "! ");

    private static readonly Gen<string> Who = Gen.OneOf(
        Gen.Const(""),
        Gen.Select(Not, Gen.OneOfConst("10.0.0.9/32", "10.0.0.8/29", "10.0.0.0/24", "10.0.1.0/24"), static (n, a) => $"{n}-s {a}"),
        Gen.Select(Not, Gen.OneOfConst("10.0.1.9/32", "10.0.1.0/24", "10.96.0.0/16", "10.0.0.0/24"), static (n, a) => $"{n}-d {a}"));

    private static readonly Gen<string> What = Gen.OneOf(
        Gen.Const(""),
        Gen.Select(Not, Gen.OneOfConst("53", "80", "8080", "1:100"), static (n, p) => $"-p tcp -m tcp {n}--dport {p}"),
        Gen.Select(Not, Gen.OneOfConst("53", "80", "5353"), static (n, p) => $"-p udp -m udp {n}--dport {p}"),
        Gen.OneOfConst("-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN", "-p icmp -m icmp --icmp-type 8", "-p icmp -m icmp --icmp-type 3", "! -p tcp", "-p udp -m multiport --dports 53,5353"));

    private static readonly Gen<string> State = Gen.OneOf(
        Gen.Const(""),
        Gen.Select(Not, Gen.OneOfConst("NEW", "RELATED,ESTABLISHED", "INVALID", "DNAT", "SNAT", "RELATED"), static (n, s) => $"-m conntrack {n}--ctstate {s}"),
        Gen.OneOfConst("-m conntrack --ctdir REPLY", "-m conntrack --ctdir ORIGINAL", "-m conntrack --ctorigdst 10.96.0.0/16", "-m conntrack --ctorigdstport 80", "-m conntrack --ctstatus ASSURED", "-m conntrack --ctstatus SEEN_REPLY", "-m conntrack --ctproto 17"),
        Gen.OneOfConst("-m mark --mark 0x1/0x1", "-m mark ! --mark 0x2/0x2", "-m connmark --mark 0x4/0x4", "-m addrtype --dst-type LOCAL", "-m addrtype ! --src-type LOCAL", "-m statistic --mode nth --every 3 --packet 1", "-m recent --rcheck --name SEEN", "-m recent --set --name SEEN", "-m comment --comment \"a b\""));

    private static readonly Gen<string> FilterTarget = Gen.OneOfConst("", "", "-j ACCEPT", "-j DROP", "-j REJECT --reject-with icmp-port-unreachable", "-j REJECT --reject-with icmp-host-prohibited", "-j RETURN", "-j A", "-g B", "-j LOG --log-prefix x");
    private static readonly Gen<string> MangleTarget = Gen.OneOfConst("-j MARK --set-xmark 0x1/0x1", "-j MARK --set-xmark 0x2/0x0", "-j CONNMARK --save-mark --nfmask 0x3 --ctmask 0x7", "-j CONNMARK --set-xmark 0x4/0x4", "-j CONNMARK --restore-mark --nfmask 0x8 --ctmask 0x4", "-j RETURN", "-j ACCEPT", "-j A");

    /// <summary>The text for iptables-restore.</summary>
    public static readonly Gen<string> All = Gen.Select(Mangle(), Nat(), Filter(), static (mangle, nat, filter) => mangle + nat + filter);

    private static Gen<string> Rule(Gen<string> target) =>
        Gen.Select(Who, What, State, target, static (who, what, state, t) => string.Join(' ', new[] { who, what, state, t }.Where(static p => p.Length > 0)));

    private static Gen<string> Lines(string chain, Gen<string> target, int max) =>
        Rule(target).Array[0, max].Select(rules => string.Concat(rules.Select(r => $"-A {chain} {r}\n")));

    private static Gen<string> Mangle() => Gen.Select(Lines("PREROUTING", MangleTarget, 4), Lines("FORWARD", MangleTarget, 2), Lines("POSTROUTING", MangleTarget, 2), static (p, f, o) =>
        $"*mangle\n:A - [0:0]\n-A A -j MARK --set-xmark 0x10/0x10\n-A INPUT -j ACCEPT\n{p}{f}{o}COMMIT\n");

    private static Gen<string> Nat() => Gen.Select(
        Gen.OneOfConst("10.0.1.9:8080", "10.0.1.10", "10.0.1.9"),
        Gen.OneOfConst("10.0.1.9:5353", "10.0.1.10"),
        Gen.OneOfConst("-A POSTROUTING -o tun1 -j MASQUERADE\n", "-A POSTROUTING -m mark --mark 0x1/0x1 -j MASQUERADE\n", "-A POSTROUTING -s 10.0.0.0/24 -p tcp -j SNAT --to-source 10.0.1.77\n", "-A POSTROUTING -m conntrack --ctstate DNAT -j SNAT --to-source 10.0.1.78\n", ""),
        Lines("PREROUTING", Gen.OneOfConst("-j RETURN", "", "-j ACCEPT"), 2),
        static (tcp, udp, post, before) =>
            $"*nat\n:S - [0:0]\n{before}-A PREROUTING -d 10.96.0.1/32 -j S\n-A S -p tcp -m tcp --dport 80 -j DNAT --to-destination {tcp}\n-A S -p udp -m udp --dport 53 -j DNAT --to-destination {udp}\n-A S -p icmp -j DNAT --to-destination 10.0.1.9\n{post}COMMIT\n");

    private static Gen<string> Filter() => Gen.Select(Lines("FORWARD", FilterTarget, 5), Lines("A", Gen.OneOfConst("", "-j ACCEPT", "-j DROP", "-j B", "-j RETURN"), 3), Lines("B", Gen.OneOfConst("", "-j ACCEPT", "-j RETURN"), 2), Gen.OneOfConst("ACCEPT", "ACCEPT", "DROP"), static (f, a, b, policy) =>
        $"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD {policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n{f}-A FORWARD -p tcp -m tcp --dport 8081 -j REJECT --reject-with tcp-reset\n{a}{b}COMMIT\n");
}
