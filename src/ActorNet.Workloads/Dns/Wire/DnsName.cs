using System.Globalization;
using System.Text;

namespace ActorNet.Workloads.Dns.Wire;

/// <summary>A name as labels of bytes (RFC 1035 2.3, 3.1). Two names are the same whatever the case of their letters (RFC 4343).</summary>
internal readonly struct DnsName : IEquatable<DnsName>
{
    /// <summary>The longest label in bytes.</summary>
    public const int MaxLabel = 63;

    /// <summary>The longest name on the wire in bytes, with its lengths and the root.</summary>
    public const int MaxLength = 255;

    private readonly string[]? _labels;

    /// <summary>Makes a name of labels; each character is a byte.</summary>
    /// <param name="labels">Labels, the root's left out.</param>
    public DnsName(params string[] labels) => _labels = labels;

    /// <summary>The root.</summary>
    public static DnsName Root => default;

    /// <summary>The labels, without the root's.</summary>
    public ReadOnlySpan<string> Labels => _labels;

    /// <summary>How many labels.</summary>
    public int Count => _labels?.Length ?? 0;

    /// <summary>Length on the wire, uncompressed.</summary>
    public int WireLength => (_labels?.Sum(static label => label.Length + 1) ?? 0) + 1;

    /// <summary>Reads a name as people write it, with or without the last dot; \. and \065 stand for bytes (RFC 1035 5.1).</summary>
    /// <param name="text">The name.</param>
    /// <param name="name">The name.</param>
    /// <returns>False: a label is empty or too long, or the whole is.</returns>
    public static bool TryParse(string text, out DnsName name)
    {
        name = default;
        if (text is "" or ".")
            return text.Length > 0;
        var labels = new List<string>();
        var label = new StringBuilder();
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            if (c == '.')
            {
                if (label.Length == 0)
                    return false;
                labels.Add(label.ToString());
                label.Clear();
                continue;
            }

            if (c == '\\')
            {
                if (at + 3 < text.Length && byte.TryParse(text.AsSpan(at + 1, 3), NumberStyles.None, CultureInfo.InvariantCulture, out byte number))
                    (c, at) = ((char)number, at + 3);
                else if (at + 1 < text.Length)
                    c = text[++at];
                else
                    return false;
            }

            if (c > byte.MaxValue)
            {
                // Beyond ASCII a name is its UTF-8 bytes.
                foreach (byte each in Encoding.UTF8.GetBytes(text, at, 1))
                    label.Append((char)each);
            }
            else
            {
                label.Append(c);
            }
        }

        if (label.Length > 0)
            labels.Add(label.ToString());
        name = new DnsName([.. labels]);
        return labels.All(static each => each.Length <= MaxLabel) && name.WireLength <= MaxLength;
    }

    /// <summary>Reads a name that is known to be one.</summary>
    /// <param name="text">The name.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static DnsName Parse(string text) => TryParse(text, out DnsName name) ? name : throw new FormatException($"'{text}' is no DNS name: labels have 1 to {MaxLabel} bytes, the whole at most {MaxLength}");

    /// <summary>The name for the reverse look-up of an address (RFC 1035 3.5).</summary>
    /// <param name="address">The address.</param>
    public static DnsName Reverse(Packets.Ipv4Address address) => Parse($"{string.Join('.', address.ToString().Split('.').Reverse())}.in-addr.arpa");

    /// <summary>The name without its first labels.</summary>
    /// <param name="count">How many are left out.</param>
    public DnsName Skip(int count) => new(_labels![count..]);

    /// <summary>The name with a suffix behind it.</summary>
    /// <param name="suffix">The suffix.</param>
    public DnsName With(DnsName suffix) => new([.. _labels ?? [], .. suffix._labels ?? []]);

    /// <summary>Whether the name is a zone's, or in it.</summary>
    /// <param name="zone">The zone.</param>
    public bool IsIn(DnsName zone) => Count >= zone.Count && Skip0(Count - zone.Count).Equals(zone);

    /// <inheritdoc/>
    public bool Equals(DnsName other) => Count == other.Count && (_labels ?? []).SequenceEqual(other._labels ?? [], LabelComparer.Instance);

    /// <summary>Whether two names are the same to the byte.</summary>
    /// <param name="other">The other name.</param>
    public bool IsSame(DnsName other) => Count == other.Count && (_labels ?? []).SequenceEqual(other._labels ?? [], StringComparer.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is DnsName other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (string label in Labels)
            hash.Add(label, LabelComparer.Instance);
        return hash.ToHashCode();
    }

    /// <summary>As people write it, with the last dot.</summary>
    public override string ToString()
    {
        if (Count == 0)
            return ".";
        var text = new StringBuilder();
        foreach (string label in Labels)
        {
            foreach (char c in label)
                Append(text, c);
            text.Append('.');
        }

        return text.ToString();
    }

    // As BIND escapes (lib/dns/name.c, dns_name_totext).
    private static void Append(StringBuilder text, char c)
    {
        if (c is '.' or '\\' or '"' or '(' or ')' or ';' or '@' or '$')
            text.Append('\\').Append(c);
        else if (c is > ' ' and < '\x7f')
            text.Append(c);
        else
            text.Append('\\').Append(((int)c).ToString("D3", CultureInfo.InvariantCulture));
    }

    private DnsName Skip0(int count) => count == 0 ? this : Skip(count);

    // RFC 4343: of all bytes only the letters of ASCII have a case.
    private sealed class LabelComparer : IEqualityComparer<string>
    {
        public static readonly LabelComparer Instance = new();

        public bool Equals(string? x, string? y)
        {
            if (x is null || y is null || x.Length != y.Length)
                return ReferenceEquals(x, y);
            for (int i = 0; i < x.Length; i++)
            {
                if (Lower(x[i]) != Lower(y[i]))
                    return false;
            }

            return true;
        }

        public int GetHashCode(string obj)
        {
            var hash = default(HashCode);
            foreach (char c in obj)
                hash.Add(Lower(c));
            return hash.ToHashCode();
        }

        private static char Lower(char c) => char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c;
    }
}
