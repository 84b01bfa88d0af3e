using System.Globalization;
using ActorNet.Packets;

namespace ActorNet.TcpScripts;

/// <summary>Reads what stands behind <c>&lt;</c> and <c>&gt;</c>.</summary>
internal static class SegmentParser
{
    private static readonly Dictionary<string, TcpFlags> FlagNames = new(StringComparer.Ordinal)
    {
        ["FIN"] = TcpFlags.Fin,
        ["SYN"] = TcpFlags.Syn,
        ["RST"] = TcpFlags.Rst,
        ["PSH"] = TcpFlags.Psh,
        ["ACK"] = TcpFlags.Ack,
        ["URG"] = TcpFlags.Urg,
        ["ECE"] = TcpFlags.Ece,
        ["CWR"] = TcpFlags.Cwr,
        ["none"] = TcpFlags.None,
    };

    private static readonly Dictionary<string, (IcmpType Type, byte Code)> IcmpNames = new(StringComparer.Ordinal)
    {
        ["net-unreachable"] = (IcmpType.DestinationUnreachable, 0),
        ["host-unreachable"] = (IcmpType.DestinationUnreachable, 1),
        ["protocol-unreachable"] = (IcmpType.DestinationUnreachable, 2),
        ["port-unreachable"] = (IcmpType.DestinationUnreachable, 3),
        ["frag-needed"] = (IcmpType.DestinationUnreachable, 4),
        ["admin-prohibited"] = (IcmpType.DestinationUnreachable, 13),
        ["source-quench"] = (IcmpType.SourceQuench, 0),
        ["ttl-exceeded"] = (IcmpType.TimeExceeded, 0),
    };

    /// <summary>Reads a segment.</summary>
    /// <param name="source">Where it stands.</param>
    /// <param name="words">The words behind the direction.</param>
    /// <param name="injected">Whether the script sends it: then every number must be known.</param>
    public static SegmentPattern Parse(SourceLine source, string[] words, bool injected)
    {
        if (words.Length == 0)
            throw source.Bad("nothing stands behind the direction");
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var options = new List<OptionPattern>();
        foreach (string word in words[1..])
        {
            (string key, string value) = Split(word);
            if (Option(source, key, value) is { } option)
                options.Add(option);
            else if (!fields.TryAdd(key, value))
                throw source.Bad($"'{key}' stands here twice");
        }

        TcpFlags flags = Flags(source, words[0]);
        NumberPattern? range = !injected && fields.TryGetValue("len", out string? text) && (text == "*" || text.Contains("..", StringComparison.Ordinal))
            ? Number(source, fields, "len") : null;
        var segment = new SegmentPattern
        {
            Flags = flags,
            Connection = Take(fields, "on") ?? "a",
            Sequence = Number(source, fields, "seq") ?? throw source.Bad("the segment lacks seq="),
            Acknowledgment = Number(source, fields, "ack"),
            Window = Number(source, fields, "win"),
            Length = (int)(Whole(source, fields, "len") ?? 0),
            LengthRange = range,
            UrgentPointer = (int)(Whole(source, fields, "urg") ?? 0),
            Count = (int)(Whole(source, fields, "times") ?? 1),
            Fill = (byte?)Whole(source, fields, "fill"),
            Options = options,
            AnyOptions = Take(fields, "opts") == "*",
            DontFragment = Take(fields, "df") switch { null => null, "no" => false, _ => true },
            BadChecksum = Take(fields, "badsum") is not null,
            NewIsn = Take(fields, "new-isn") is not null,
        };
        if (fields.Count > 0)
            throw source.Bad($"'{fields.Keys.First()}' is no field of a segment");
        if (!injected && (flags & TcpFlags.Ack) != 0 && segment.Acknowledgment is null)
            throw source.Bad("a segment with ACK needs ack= (ack=* where it does not matter)");
        return segment;
    }

    /// <summary>Reads an ICMP error.</summary>
    public static IcmpPattern ParseIcmp(SourceLine source, string[] words)
    {
        if (words.Length == 0 || !IcmpNames.TryGetValue(words[0], out (IcmpType Type, byte Code) kind))
            throw source.Bad($"an ICMP error is one of {string.Join(", ", IcmpNames.Keys)}");
        Dictionary<string, string> fields = words[1..].Select(Split).ToDictionary(each => each.Key, each => each.Value, StringComparer.Ordinal);
        long sequence = Whole(source, fields, "seq") ?? throw source.Bad("the quoted segment lacks seq=");
        var message = new IcmpPattern(words[0], kind.Type, kind.Code, Take(fields, "on") ?? "a", sequence,
            (ushort)(Whole(source, fields, "mtu") ?? 0), (int)(Whole(source, fields, "len") ?? 0));
        return fields.Count == 0 ? message : throw source.Bad($"'{fields.Keys.First()}' is no field of an ICMP error");
    }

    private static TcpFlags Flags(SourceLine source, string text)
    {
        TcpFlags flags = TcpFlags.None;
        foreach (string name in text.Split('+'))
            flags |= FlagNames.TryGetValue(name, out TcpFlags flag) ? flag : throw source.Bad($"'{name}' is none of {string.Join(", ", FlagNames.Keys)}");
        return flags;
    }

    private static OptionPattern? Option(SourceLine source, string key, string value)
    {
        NumberPattern Value(string text) => NumberPattern.Parse(text) ?? throw source.Bad($"'{key}={text}': not a number");
        switch (key)
        {
            case "mss":
                return new OptionPattern(TcpOptionKind.MaximumSegmentSize, Value(value));
            case "wscale":
                return new OptionPattern(TcpOptionKind.WindowScale, Value(value));
            case "sackok":
                return new OptionPattern(TcpOptionKind.SackPermitted);
            case "nop":
                return new OptionPattern(TcpOptionKind.NoOperation);
            case "eol":
                return new OptionPattern(TcpOptionKind.EndOfList);
            case "ts" when value.Split(':') is [string tsval, string tsecr]:
                return new OptionPattern(TcpOptionKind.Timestamps, Value(tsval), Value(tsecr));
            case "sack":
                return new OptionPattern(TcpOptionKind.Sack, Blocks: [.. value.Split(',').Select(block => Block(source, block))]);
            case "raw":
                return new OptionPattern(TcpOptionKind.NoOperation, Raw: Convert.FromHexString(value));
            default:
                return null;
        }
    }

    private static (long Left, long Right) Block(SourceLine source, string text)
    {
        string[] edges = text.Split('-');
        return edges.Length == 2 && long.TryParse(edges[0], CultureInfo.InvariantCulture, out long left)
            && long.TryParse(edges[1], CultureInfo.InvariantCulture, out long right)
            ? (left, right)
            : throw source.Bad($"'{text}' is no block: LEFT-RIGHT");
    }

    private static (string Key, string Value) Split(string word)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (word, "") : (word[..equals], word[(equals + 1)..]);
    }

    private static string? Take(Dictionary<string, string> fields, string key) => fields.Remove(key, out string? value) ? value : null;

    private static NumberPattern? Number(SourceLine source, Dictionary<string, string> fields, string key) =>
        Take(fields, key) is { } text ? NumberPattern.Parse(text) ?? throw source.Bad($"'{key}={text}': 1, 1..5, *, $name or $name+1") : null;

    private static long? Whole(SourceLine source, Dictionary<string, string> fields, string key)
    {
        if (Take(fields, key) is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw source.Bad($"'{key}={text}' is no whole number");
    }
}
