using System.Globalization;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Dns.Tools;

/// <summary>A message as dig 9.18 shows it (bin/dig/dig.c printmessage, lib/dns/message.c).</summary>
internal static class DigText
{
    /// <summary>dig's version: Debian 12's.</summary>
    public const string Version = "9.18.49-1~deb12u3-Debian";

    private static readonly DnsName Local = new("local");

    /// <summary>The message and its header.</summary>
    public static string Of(DigOptions options, DnsMessage message)
    {
        var text = new StringBuilder();
        if (options.Short)
        {
            foreach (DnsRecord record in message.Answers)
                text.Append(DnsText.Of(record.Data)).Append('\n');
            return text.ToString();
        }

        if (options.ShowsComments)
            Header(text, message);
        if (options.ShowsQuestion && message.Questions.Length > 0)
        {
            if (options.ShowsComments)
                text.Append(";; QUESTION SECTION:\n");
            foreach (DnsQuestion question in message.Questions)
                text.Append(DnsText.Line(question)).Append('\n');
            if (options.ShowsComments)
                text.Append('\n');
        }

        Section(text, options, options.ShowsAnswer, "ANSWER", message.Answers);
        Section(text, options, options.ShowsAuthority, "AUTHORITY", message.Authorities);
        Section(text, options, options.ShowsAdditional, "ADDITIONAL", message.Additional);
        return text.ToString();
    }

    /// <summary>The lines at the end.</summary>
    public static string Statistics(Ipv4Endpoint server, TimeSpan took, DateTimeOffset when, int length, bool isTcp) => string.Create(CultureInfo.InvariantCulture,
        $";; Query time: {(long)took.TotalMilliseconds} msec\n;; SERVER: {server.Address}#{server.Port}({server.Address}) ({(isTcp ? "TCP" : "UDP")})\n;; WHEN: {when.UtcDateTime:ddd MMM dd HH:mm:ss} UTC {when.UtcDateTime:yyyy}\n;; MSG SIZE  rcvd: {length}\n\n");

    private static void Header(StringBuilder text, DnsMessage message)
    {
        text.Append(";; Got answer:\n");
        // Of questions for addresses or services of names below local; not of reverse ones.
        if (message.Questions is [DnsQuestion asked] && asked.Name.IsIn(Local))
            text.Append(";; WARNING: .local is reserved for Multicast DNS\n;; You are currently testing what happens when an mDNS query is leaked to DNS\n");
        int additional = message.Additional.Length + (message.Edns is null ? 0 : 1);
        text.Append(CultureInfo.InvariantCulture, $";; ->>HEADER<<- opcode: {Opcode(message.Opcode)}, status: {DnsText.Of(message.Code)}, id: {message.Id}\n;; flags:");
        foreach ((bool isSet, string name) in new[]
        {
            (message.IsResponse, "qr"), (message.IsAuthoritative, "aa"), (message.IsTruncated, "tc"), (message.RecursionDesired, "rd"), (message.RecursionAvailable, "ra"),
            (message.IsAuthentic, "ad"), (message.CheckingDisabled, "cd"),
        })
        {
            if (isSet)
                text.Append(' ').Append(name);
        }

        text.Append(CultureInfo.InvariantCulture, $"; QUERY: {message.Questions.Length}, ANSWER: {message.Answers.Length}, AUTHORITY: {message.Authorities.Length}, ADDITIONAL: {additional}\n");
        if (message is { RecursionDesired: true, RecursionAvailable: false })
            text.Append(";; WARNING: recursion requested but not available\n");
        text.Append('\n');
        if (message.Edns is { } edns)
            text.Append(CultureInfo.InvariantCulture, $";; OPT PSEUDOSECTION:\n; EDNS: version: {edns.Version}, flags:{(edns.DnssecOk ? " do" : "")}; udp: {edns.Size}\n");
    }

    private static void Section(StringBuilder text, DigOptions options, bool isShown, string name, IReadOnlyCollection<DnsRecord> records)
    {
        if (!isShown || records.Count == 0)
            return;
        if (options.ShowsComments)
            text.Append(CultureInfo.InvariantCulture, $";; {name} SECTION:\n");
        foreach (DnsRecord record in records)
            text.Append(DnsText.Line(record)).Append('\n');
        if (options.ShowsComments)
            text.Append('\n');
    }

    private static string Opcode(int opcode) => opcode switch
    {
        0 => "QUERY",
        1 => "IQUERY",
        2 => "STATUS",
        4 => "NOTIFY",
        5 => "UPDATE",
        _ => string.Create(CultureInfo.InvariantCulture, $"RESERVED{opcode}"),
    };
}
