using System.Buffers;
using System.Globalization;
using System.Text;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>Texts as Go's standard library makes and reads them.</summary>
internal static class GoText
{
    private static readonly (string Unit, double Ticks)[] Units =
        [("ns", 0.01), ("us", 10), ("µs", 10), ("μs", 10), ("ms", TimeSpan.TicksPerMillisecond), ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour)];

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    /// <summary>%q: in double quotes, with what is not printable escaped (strconv.Quote).</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                < ' ' or 0x7F => quoted.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                _ => quoted.Append(rune.ToString()),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>A JSON string (encoding/json: beside what must be, the signs of HTML are escaped).</summary>
    public static string Json(string text)
    {
        var json = new StringBuilder("\"");
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029' => json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        return json.Append('"').ToString();
    }

    /// <summary>A JSON list of strings.</summary>
    public static string Json(IEnumerable<string> texts) => $"[{string.Join(',', texts.Select(Json))}]";

    /// <summary>A map as encoding/json writes it: sorted by key.</summary>
    /// <param name="members">Keys, and values that are JSON already.</param>
    public static string JsonObject(IEnumerable<KeyValuePair<string, string>> members) =>
        $"{{{string.Join(',', members.OrderBy(static m => m.Key, StringComparer.Ordinal).Select(static m => $"{Json(m.Key)}:{m.Value}"))}}}";

    /// <summary>time.ParseDuration: numbers with units, as 1h2m3.5s; 0 needs none.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = default;
        string rest = text is ['-' or '+', ..] ? text[1..] : text;
        if (rest == "0")
            return true;
        double ticks = 0;
        while (rest.Length > 0)
        {
            int digits = rest.AsSpan().IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
                return false;
            rest = rest[digits..];
            int letters = rest.AsSpan().IndexOfAny(Digits);
            string unit = letters < 0 ? rest : rest[..letters];
            int found = Array.FindIndex(Units, u => u.Unit == unit);
            if (found < 0)
                return false;
            ticks += number * Units[found].Ticks;
            rest = rest[unit.Length..];
        }

        // Go's durations end at 2^63 - 1 nanoseconds.
        if (text.Length == 0 || ticks > long.MaxValue / 100)
            return false;
        duration = TimeSpan.FromTicks((long)ticks * (text[0] == '-' ? -1 : 1));
        return true;
    }

    /// <summary>Duration.String: 1h2m3.5s, 1.5ms, 0s.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
            return "0s";
        string sign = duration < TimeSpan.Zero ? "-" : "";
        TimeSpan d = duration.Duration();
        if (d < TimeSpan.FromMilliseconds(1))
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{d.TotalMicroseconds:0.###}µs");
        if (d < TimeSpan.FromSeconds(1))
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{d.TotalMilliseconds:0.######}ms");
        double seconds = (d.Ticks % TimeSpan.TicksPerMinute) / (double)TimeSpan.TicksPerSecond;
        string hours = d.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(d.TotalHours):0}h") : "";
        string minutes = d.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{d.Minutes}m") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{hours}{minutes}{seconds:0.#######}s");
    }

    /// <summary>The form that net/http keeps a header's name in: User-Agent.</summary>
    public static string CanonicalHeader(string name)
    {
        char[] letters = name.ToLowerInvariant().ToCharArray();
        for (int i = 0; i < letters.Length; i++)
        {
            if (i == 0 || letters[i - 1] == '-')
                letters[i] = char.ToUpperInvariant(letters[i]);
        }

        return new string(letters);
    }
}
