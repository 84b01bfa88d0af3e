using CsCheck;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>Rule sets at random that the kernel accepts, in the text of iptables-restore. The interoperability tests use them too.</summary>
public static class RuleTexts
{
    private static readonly Gen<string> Address = Gen.Select(Gen.Int[1, 223], Gen.Byte, Gen.Byte, Gen.Byte, Gen.Int[8, 32], static (a, b, c, d, length) => $"{a}.{b}.{c}.{d}/{length}");
    private static readonly Gen<string> Port = Gen.OneOf(Gen.Int[1, 65_535].Select(static p => $"{p}"), Gen.Select(Gen.Int[1, 1000], Gen.Int[1001, 65_000], static (a, b) => $"{a}:{b}"));
    private static readonly Gen<string> Not = Gen.Bool.Select(static not => not ? "! " : "");
    private static readonly Gen<string> Mark = Gen.Select(Gen.UInt[0, 0xFFFF], Gen.UInt[1, 0xFFFF], static (v, m) => $"0x{v & m:x}/0x{m:x}");
    private static readonly Gen<string> Comment = Gen.String[Gen.Char[' ', '~'], 1, 20].Where(static c => c.Trim().Length > 0).Select(static c => "\"" + c.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"");

    private static readonly Gen<string> Head = Gen.Select(
        Gen.Select(Not, Address, static (n, a) => $"{n}-s {a}"),
        Gen.Select(Not, Address, static (n, a) => $"{n}-d {a}"),
        Gen.OneOfConst("", "-i cni0", "! -i eth+"),
        Gen.Int[0, 7],
        static (s, d, i, which) => string.Join(' ', new[] { (which & 1) != 0 ? s : "", (which & 2) != 0 ? d : "", (which & 4) != 0 ? i : "" }.Where(static t => t.Length > 0)));

    private static readonly Gen<string> Protocol = Gen.OneOf(
        Gen.Const(""),
        Gen.Select(Not, Port, static (n, p) => $"-p tcp -m tcp {n}--dport {p}"),
        Gen.Select(Port, static p => $"-p tcp -m tcp --sport {p} --tcp-flags FIN,SYN,RST,ACK SYN"),
        Gen.Select(Port, static p => $"-p udp -m udp --dport {p}"),
        Gen.Const("-p udp -m multiport --dports 53,5353,8000:9000"),
        Gen.Int[0, 18].Select(static t => $"-p icmp -m icmp --icmp-type {t}"),
        Gen.Const("! -p tcp"));

    private static readonly Gen<string> Match = Gen.OneOf(
        Gen.Const(""),
        Comment.Select(static c => $"-m comment --comment {c}"),
        Gen.Select(Not, Mark, static (n, m) => $"-m mark {n}--mark {m}"),
        Gen.Select(Not, Mark, static (n, m) => $"-m connmark {n}--mark {m}"),
        Gen.Select(Not, Gen.OneOfConst("NEW", "RELATED,ESTABLISHED", "INVALID", "RELATED,ESTABLISHED,DNAT"), static (n, s) => $"-m conntrack {n}--ctstate {s}"),
        Address.Select(static a => $"-m conntrack --ctorigdst {a}"),
        Gen.Const("-m addrtype --dst-type LOCAL"),
        Gen.Const("-m addrtype ! --src-type LOCAL --limit-iface-in"),
        Gen.Double[0, 1].Select(static p => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"-m statistic --mode random --probability {p:F10}")),
        Gen.Select(Gen.Int[1, 9], static n => $"-m statistic --mode nth --every {n} --packet 0"),
        Gen.Int[1, 86_400].Select(static s => $"-m recent --rcheck --seconds {s} --reap --name KUBE-SEP-X"),
        Gen.Const("-m recent --set --name KUBE-SEP-X"),
        Gen.Select(Gen.Int[1, 900], Gen.OneOfConst("sec", "min", "hour", "day"), static (r, u) => $"-m limit --limit {r}/{u} --limit-burst 7"));

    /// <summary>Rules for the table filter and the table nat, with a few chains that lead to each other.</summary>
    public static readonly Gen<string> RuleSet = Gen.Select(Rules("INPUT", false), Rules("PREROUTING", true), static (filter, nat) =>
        $"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:KUBE-B - [0:0]\n:KUBE-A - [0:0]\n{filter}COMMIT\n*nat\n:KUBE-B - [0:0]\n:KUBE-A - [0:0]\n{nat}COMMIT\n");

    private static Gen<string> Rules(string root, bool nat) => Gen.Select(Rule(root, nat), Gen.OneOfConst(root, "KUBE-A", "KUBE-B"), static (rule, chain) => (rule, chain))
        .Array[1, 12]
        .Select(rules => string.Concat(rules.Select(r => $"-A {r.chain} {Target(r.rule, r.chain)}\n")));

    // Chains may only lead down, or they would lead in a circle.
    private static string Target(string rule, string chain) =>
        chain == "KUBE-B" ? rule.Replace("-j KUBE-A", "-j RETURN", StringComparison.Ordinal).Replace("-j KUBE-B", "-j RETURN", StringComparison.Ordinal).Replace("-g KUBE-B", "-j RETURN", StringComparison.Ordinal)
        : chain == "KUBE-A" ? rule.Replace("-j KUBE-A", "-j RETURN", StringComparison.Ordinal) : rule;

    private static Gen<string> Rule(string root, bool nat)
    {
        _ = root;
        Gen<string> target = nat
            ? Gen.OneOfConst("-j KUBE-A", "-j KUBE-B", "-g KUBE-B", "-j RETURN", "-j ACCEPT", "-j MARK --set-xmark 0x4000/0x4000", "-p tcp -j DNAT --to-destination 10.244.1.2:80", "-p tcp -j REDIRECT --to-ports 8080", "-j DNAT --to-destination 10.244.1.2")
            : Gen.OneOfConst("-j KUBE-A", "-j KUBE-B", "-g KUBE-B", "-j RETURN", "-j ACCEPT", "-j DROP", "", "-j REJECT --reject-with icmp-port-unreachable", "-p tcp -j REJECT --reject-with tcp-reset", "-j LOG --log-prefix \"a b\"", "-j CONNMARK --restore-mark", "-j MARK --set-xmark 0x4000/0x4000");
        return Gen.Select(Head, Protocol, Match, target, static (head, protocol, match, target) =>
        {
            // One protocol a rule: the target's, when it needs one.
            string p = target.StartsWith("-p", StringComparison.Ordinal) ? "" : protocol;
            return string.Join(' ', new[] { head, p, match, target }.Where(static t => t.Length > 0));
        });
    }
}
