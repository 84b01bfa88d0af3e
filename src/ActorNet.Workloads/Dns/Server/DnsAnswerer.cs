using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Dns.Server;

/// <summary>Answers a message: the whole of the server but for its sockets (coredns core/dnsserver, plugin/kubernetes handler.go).</summary>
/// <param name="file">The Corefile.</param>
/// <param name="view">What there is.</param>
internal sealed class DnsAnswerer(Corefile file, IClusterView view)
{
    private static readonly DnsName ReverseZone = DnsName.Parse("in-addr.arpa");

    private readonly ClusterRecords? _records = file.Kubernetes is { } zone ? new ClusterRecords(zone, view) : null;

    /// <summary>Answers.</summary>
    /// <param name="query">What was asked.</param>
    /// <returns>Null: nothing is to be said.</returns>
    public DnsMessage? Answer(DnsMessage query)
    {
        // What claims to be an answer is not answered: two servers would never stop.
        if (query.IsResponse)
            return null;
        var answer = new DnsMessage
        {
            Id = query.Id,
            IsResponse = true,
            Opcode = query.Opcode,
            RecursionDesired = query.RecursionDesired,
            CheckingDisabled = query.CheckingDisabled,
            Questions = query.Questions,
            Edns = query.Edns is { } edns ? new DnsExtension(edns.Size, 0, edns.DnssecOk) : null,
        };
        if (query.Edns is { Version: not 0 })
            return answer with { Code = DnsCode.BadVersion };
        if (query.Opcode != 0)
            return answer with { Code = DnsCode.NotImplemented };
        if (query.Questions is not [DnsQuestion question])
            return answer with { Code = DnsCode.FormatError };
        if (question.Class != DnsRecord.Internet || question.Type == DnsType.AXFR)
            return answer with { Code = DnsCode.Refused };
        return Answer(answer, question);
    }

    private DnsMessage Answer(DnsMessage answer, DnsQuestion question)
    {
        if (_records is null || ZoneOf(question.Name) is not { } zone)
            return answer with { Code = file.Outside };
        ZoneAnswer found = _records.Answer(question.Name, question.Type);
        DnsMessage own = answer with { IsAuthoritative = true };
        return found.Answers.IsEmpty
            ? own with { Code = found.Exists ? DnsCode.NoError : DnsCode.NameError, Authorities = [_records.Authority(zone, view.Serial)] }
            : own with { Answers = found.Answers, Additional = found.Additional };
    }

    private DnsName? ZoneOf(DnsName name)
    {
        KubernetesZone zone = file.Kubernetes!;
        if (name.IsIn(zone.Zone))
            return zone.Zone;
        return zone.HasReverse && name.IsIn(ReverseZone) ? ReverseZone : null;
    }
}
