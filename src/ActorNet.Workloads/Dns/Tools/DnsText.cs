using System.Globalization;
using System.Text;
using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Dns.Tools;

/// <summary>Records as zone files have them (RFC 1035 5.1), in BIND's columns.</summary>
internal static class DnsText
{
    // lib/dns/masterdump.c with dig's style: columns of TTL, class, type and data, and the width of a tab.
    private const int TtlColumn = 24, ClassColumn = 32, TypeColumn = 40, DataColumn = 48, Tab = 8;

    /// <summary>A record's line, without its end.</summary>
    public static string Line(DnsRecord record)
    {
        var line = new Columns();
        line.Add(record.Name.ToString());
        line.Add(TtlColumn, record.Ttl.ToString(CultureInfo.InvariantCulture));
        line.Add(ClassColumn, "IN");
        line.Add(TypeColumn, Of(record.Type));
        line.Add(DataColumn, Of(record.Data));
        return line.ToString();
    }

    /// <summary>A question's line, without its end.</summary>
    public static string Line(DnsQuestion question)
    {
        var line = new Columns();
        line.Add(question.Name.ToString());
        line.Add(ClassColumn, question.Class == DnsRecord.Internet ? "IN" : $"CLASS{question.Class}");
        line.Add(TypeColumn, Of(question.Type));
        return ";" + line;
    }

    /// <summary>A type's name (RFC 3597 for one without).</summary>
    public static string Of(DnsType type) => Enum.IsDefined(type) ? type.ToString() : string.Create(CultureInfo.InvariantCulture, $"TYPE{(ushort)type}");

    /// <summary>A code as dig names it.</summary>
    public static string Of(DnsCode code) => code switch
    {
        DnsCode.NoError => "NOERROR",
        DnsCode.FormatError => "FORMERR",
        DnsCode.ServerFailure => "SERVFAIL",
        DnsCode.NameError => "NXDOMAIN",
        DnsCode.NotImplemented => "NOTIMP",
        DnsCode.Refused => "REFUSED",
        DnsCode.BadVersion => "BADVERS",
        _ => string.Create(CultureInfo.InvariantCulture, $"RESERVED{(int)code}"),
    };

    /// <summary>What a record says.</summary>
    public static string Of(DnsData data) => data switch
    {
        DnsData.Address address => address.Value.ToString(),
        DnsData.Target target => target.Name.ToString(),
        DnsData.Service service => string.Create(CultureInfo.InvariantCulture, $"{service.Priority} {service.Weight} {service.Port} {service.Host}"),
        DnsData.Authority soa => string.Create(CultureInfo.InvariantCulture, $"{soa.Server} {soa.Mailbox} {soa.Serial} {soa.Refresh} {soa.Retry} {soa.Expire} {soa.Minimum}"),
        DnsData.Text text => string.Join(' ', text.Strings.Select(Quoted)),
        DnsData.Mail mail => string.Create(CultureInfo.InvariantCulture, $"{mail.Preference} {mail.Host}"),
        DnsData.Opaque opaque => string.Create(CultureInfo.InvariantCulture, $"\\# {opaque.Bytes.Length} {Convert.ToHexString(opaque.Bytes.AsSpan())}").TrimEnd(),
        _ => "",
    };

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (c is >= ' ' and < '\x7f')
                quoted.Append(c);
            else
                quoted.Append('\\').Append(((int)c).ToString("D3", CultureInfo.InvariantCulture));
        }

        return quoted.Append('"').ToString();
    }

    // indent(): tabs up to the column, at least one blank.
    private sealed class Columns
    {
        private readonly StringBuilder _text = new();
        private int _column;

        public void Add(string text)
        {
            _text.Append(text);
            _column += text.Length;
        }

        public void Add(int column, string text)
        {
            int to = Math.Max(column, _column + 1), tabs = (to / Tab) - (_column / Tab);
            _text.Append('\t', tabs);
            if (tabs > 0)
                _column = to / Tab * Tab;
            _text.Append(' ', to - _column);
            _column = to;
            Add(text);
        }

        public override string ToString() => _text.ToString();
    }
}
