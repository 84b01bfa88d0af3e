using System.Globalization;
using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Dns.Tools;

/// <summary>Answers as busybox's nslookup tells them (networking/nslookup.c parse_reply).</summary>
internal static class NslookupText
{
    /// <summary>What is told of one question.</summary>
    /// <param name="question">The question.</param>
    /// <param name="answer">The answer; null: there was none.</param>
    public static string Of(DnsQuestion question, DnsMessage? answer)
    {
        string name = Bare(question.Name);
        if (answer is null)
            return $"*** Can't find {name}: No answer\n\n";
        if (answer.Code != DnsCode.NoError)
            return $"** server can't find {name}: {DnsText.Of(answer.Code)}\n\n";
        string authority = answer.IsAuthoritative ? "" : "Non-authoritative answer:\n";
        return authority + string.Concat(answer.Answers.Select(Told)) + "\n";
    }

    private static string Told(DnsRecord record)
    {
        string name = Bare(record.Name);
        return record.Data switch
        {
            DnsData.Address address => $"Name:\t{name}\nAddress: {address.Value}\n",
            DnsData.Target target => $"{name}\t{(record.Type == DnsType.CNAME ? "canonical name" : record.Type == DnsType.NS ? "nameserver" : "name")} = {Bare(target.Name)}\n",
            DnsData.Service service => string.Create(CultureInfo.InvariantCulture, $"{name}\tservice = {service.Priority} {service.Weight} {service.Port} {Bare(service.Host)}\n"),
            DnsData.Text text => string.Concat(text.Strings.Select(each => $"{name}\ttext = \"{each}\"\n")),
            DnsData.Mail mail => string.Create(CultureInfo.InvariantCulture, $"{name}\tmail exchanger = {mail.Preference} {Bare(mail.Host)}\n"),
            DnsData.Authority soa => string.Create(CultureInfo.InvariantCulture, $"{name}\n\torigin = {Bare(soa.Server)}\n\tmail addr = {Bare(soa.Mailbox)}\n\tserial = {soa.Serial}\n\trefresh = {soa.Refresh}\n\tretry = {soa.Retry}\n\texpire = {soa.Expire}\n\tminimum = {soa.Minimum}\n"),
            _ => "",
        };
    }

    private static string Bare(DnsName name) => name.ToString().TrimEnd('.');
}
