using ActorNet.Workloads.Dns.Server;
using ActorNet.Workloads.Dns.Tools;
using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Tests.Dns;

/// <summary>
/// Records by the Kubernetes DNS specification 1.1.0 (kubernetes/dns docs/specification.md, section numbers below) and, where that leaves it open, coredns'
/// plugin kubernetes (README.md and its tests).
/// </summary>
public sealed class ClusterRecordsTests
{
    private readonly DnsAnswerer _answerer = new(FakeCluster.File, FakeCluster.Create());

    [Theory]
    // 2.2
    [InlineData("dns-version.cluster.local", "TXT", "NOERROR TXT \"1.1.0\"")]
    // 2.3.1, 2.3.2, 2.3.3
    [InlineData("web.default.svc.cluster.local", "A", "NOERROR A 10.96.0.20")]
    [InlineData("WEB.Default.svc.Cluster.Local", "A", "NOERROR A 10.96.0.20")]
    [InlineData("_http._tcp.web.default.svc.cluster.local", "SRV", "NOERROR SRV 0 100 80 web.default.svc.cluster.local.")]
    [InlineData("_dns._udp.web.default.svc.cluster.local", "SRV", "NOERROR SRV 0 100 53 web.default.svc.cluster.local.")]
    [InlineData("_http._udp.web.default.svc.cluster.local", "SRV", "NXDOMAIN")]
    [InlineData("20.0.96.10.in-addr.arpa", "PTR", "NOERROR PTR web.default.svc.cluster.local.")]
    // 2.4.1, 2.4.2, 2.4.3: ready endpoints only, by their hostname or their address with dashes
    [InlineData("db.default.svc.cluster.local", "A", "NOERROR A 10.244.1.7 A 10.244.2.8")]
    [InlineData("db-0.db.default.svc.cluster.local", "A", "NOERROR A 10.244.1.7")]
    [InlineData("10-244-2-8.db.default.svc.cluster.local", "A", "NOERROR A 10.244.2.8")]
    [InlineData("db-2.db.default.svc.cluster.local", "A", "NXDOMAIN")]
    [InlineData("_sql._tcp.db.default.svc.cluster.local", "SRV", "NOERROR SRV 0 50 5432 db-0.db.default.svc.cluster.local. SRV 0 50 5432 10-244-2-8.db.default.svc.cluster.local.")]
    [InlineData("7.1.244.10.in-addr.arpa", "PTR", "NOERROR PTR db-0.db.default.svc.cluster.local.")]
    [InlineData("none.default.svc.cluster.local", "A", "NXDOMAIN")]
    // 2.5
    [InlineData("ext.default.svc.cluster.local", "A", "NOERROR CNAME example.com.")]
    [InlineData("ext.default.svc.cluster.local", "CNAME", "NOERROR CNAME example.com.")]
    [InlineData("alias.default.svc.cluster.local", "A", "NOERROR CNAME web.default.svc.cluster.local. A 10.96.0.20")]
    // coredns: pods insecure
    [InlineData("10-244-9-9.default.pod.cluster.local", "A", "NOERROR A 10.244.9.9")]
    [InlineData("10-244-9-9.nowhere.pod.cluster.local", "A", "NXDOMAIN")]
    [InlineData("10-244-9-999.default.pod.cluster.local", "A", "NXDOMAIN")]
    // RFC 2308: a name without records of the type is not a name that does not exist
    [InlineData("web.default.svc.cluster.local", "AAAA", "NOERROR")]
    [InlineData("web.default.svc.cluster.local", "MX", "NOERROR")]
    [InlineData("prod.svc.cluster.local", "A", "NOERROR")]
    [InlineData("svc.cluster.local", "A", "NOERROR")]
    [InlineData("nowhere.svc.cluster.local", "A", "NXDOMAIN")]
    [InlineData("nosuch.default.svc.cluster.local", "A", "NXDOMAIN")]
    [InlineData("a.b.c.web.default.svc.cluster.local", "A", "NXDOMAIN")]
    [InlineData("nosuch.cluster.local", "A", "NXDOMAIN")]
    [InlineData("1.2.3.10.in-addr.arpa", "PTR", "NXDOMAIN")]
    [InlineData("cluster.local", "NS", "NOERROR NS ns.dns.cluster.local.")]
    [InlineData("ns.dns.cluster.local", "A", "NOERROR A 10.244.0.2")]
    public void A_name_is_answered_as_specified(string name, string type, string expected)
    {
        DnsMessage answer = Ask(name, Enum.Parse<DnsType>(type));

        Assert.Equal(expected, $"{DnsText.Of(answer.Code)} {string.Join(' ', answer.Answers.Select(each => $"{each.Type} {DnsText.Of(each.Data)}"))}".TrimEnd());
        Assert.True(answer.IsAuthoritative);
        Assert.All(answer.Answers, static each => Assert.Equal(30u, each.Ttl));
        // RFC 2308 2: a negative answer has the zone's SOA, and its last number says how long it may be kept.
        if (answer.Answers.IsEmpty)
            Assert.Equal(30u, Assert.IsType<DnsData.Authority>(Assert.Single(answer.Authorities).Data).Minimum);
    }

    /// <summary>The targets' addresses come with the answer (specification 2.3.2, 2.4.2: recommended; coredns does).</summary>
    [Fact]
    public void Addresses_of_the_targets_come_with_the_answer() =>
        Assert.Equal(["db-0.db.default.svc.cluster.local. 10.244.1.7", "10-244-2-8.db.default.svc.cluster.local. 10.244.2.8"],
            Ask("_sql._tcp.db.default.svc.cluster.local", DnsType.SRV).Additional.Select(static each => $"{each.Name} {DnsText.Of(each.Data)}"));

    [Fact]
    public void What_is_no_question_is_refused_in_its_way()
    {
        DnsMessage query = Query("web.default.svc.cluster.local", DnsType.A);

        Assert.Null(_answerer.Answer(query with { IsResponse = true }));
        Assert.Equal(DnsCode.NotImplemented, _answerer.Answer(query with { Opcode = 5 })!.Code);
        Assert.Equal(DnsCode.FormatError, _answerer.Answer(query with { Questions = [] })!.Code);
        Assert.Equal(DnsCode.FormatError, _answerer.Answer(query with { Questions = [query.Questions[0], query.Questions[0]] })!.Code);
        // RFC 6891 6.1.3.
        Assert.Equal(DnsCode.BadVersion, _answerer.Answer(query with { Edns = new DnsExtension(1232, 1) })!.Code);
        Assert.Equal(DnsCode.Refused, _answerer.Answer(query with { Questions = [new DnsQuestion(DnsName.Parse("cluster.local"), DnsType.AXFR)] })!.Code);
        // Outside the zones nobody is asked: the Corefile's template.
        DnsMessage outside = Ask("example.com", DnsType.A);
        Assert.Equal((DnsCode.NameError, false), (outside.Code, outside.IsAuthoritative));
    }

    /// <summary>RFC 2181 9, RFC 6891 6.2.5: what a datagram cannot hold is cut and said so, and TCP has it all.</summary>
    [Fact]
    public void A_long_answer_is_cut_for_a_datagram()
    {
        DnsMessage answer = Ask("many.default.svc.cluster.local", DnsType.A);
        Assert.Equal(60, answer.Answers.Length);

        byte[] plain = DnsWriter.Write(answer, 512), extended = DnsWriter.Write(answer, 1232), whole = DnsWriter.Write(answer);

        Assert.True(plain.Length <= 512 && DnsReader.Read(plain)!.IsTruncated);
        Assert.True(extended.Length <= 1232 && !DnsReader.Read(extended)!.IsTruncated);
        Assert.Equal(60, DnsReader.Read(whole)!.Answers.Length);
    }

    [Theory]
    [InlineData("example.org:53 {\n}\n", "Corefile:1 - Error during parsing: the server block 'example.org:53' is not emulated; use '.:53'")]
    [InlineData(".:53 {\n  bind 1.2.3.4\n}\n", "Corefile:2 - Error during parsing: Unknown directive 'bind'")]
    [InlineData(".:53 {\n  kubernetes cluster.local {\n    noendpoints\n  }\n}\n", "Corefile:3 - Error during parsing: unknown property 'noendpoints'")]
    [InlineData(".:53 {\n  kubernetes cluster.local {\n    ttl 4000\n  }\n}\n", "Corefile:3 - Error during parsing: ttl must be in range [0, 3600]: 4000")]
    [InlineData(".:53 {\n  errors\n", "Corefile:2 - Error during parsing: one server block is emulated, and it ends with '}'")]
    public void A_Corefile_that_is_not_emulated_is_refused_by_name(string text, string message) =>
        Assert.Equal(message, Assert.Throws<CorefileException>(() => Corefile.Read("Corefile", text)).Message);

    /// <summary>kubeadm's own Corefile (cmd/kubeadm/app/phases/addons/dns/manifests.go) is taken, and what it says in vain is named.</summary>
    [Fact]
    public void Kubeadms_Corefile_is_taken()
    {
        var file = Corefile.Read("Corefile", """
            .:53 {
                errors
                health {
                   lameduck 5s
                }
                ready
                kubernetes cluster.local in-addr.arpa ip6.arpa {
                   pods insecure
                   fallthrough in-addr.arpa ip6.arpa
                   ttl 30
                }
                prometheus :9153
                forward . /etc/resolv.conf {
                   max_concurrent 1000
                }
                cache 30
                loop
                reload
                loadbalance
            }
            """);

        Assert.Equal((8080, 8181, DnsCode.ServerFailure), (file.HealthPort, file.ReadyPort, file.Outside));
        Assert.Equal(["prometheus", "forward", "cache", "loop", "reload", "loadbalance"], file.Notices.Select(static each => each.Split(':')[0]["plugin/".Length..]));
    }

    private static DnsMessage Query(string name, DnsType type) => new() { Id = 7, RecursionDesired = true, Questions = [new DnsQuestion(DnsName.Parse(name), type)] };

    private DnsMessage Ask(string name, DnsType type) => _answerer.Answer(Query(name, type))!;
}
