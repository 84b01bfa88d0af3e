using System.Globalization;
using System.Text;

namespace ActorNet.Workloads.Tools;

/// <summary>Dates as date(1) and touch(1) read and print them; a container's time zone is UTC.</summary>
internal static class DateText
{
    private static readonly string[] Formats =
    [
        "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd", "yyyy.MM.dd-HH:mm:ss", "yyyy.MM.dd-HH:mm",
        "yyyyMMddHHmm.ss", "yyyyMMddHHmm", "yyMMddHHmm.ss", "yyMMddHHmm",
    ];

    /// <summary>Reads a date: "@seconds", "hh:mm[:ss]" of today, "YYYY-MM-DD [hh:mm[:ss]]" and busybox's other forms.</summary>
    /// <param name="text">Text.</param>
    /// <param name="now">The time now.</param>
    /// <param name="time">The date.</param>
    public static bool TryParse(string text, DateTimeOffset now, out DateTimeOffset time)
    {
        time = default;
        if (text.StartsWith('@'))
        {
            if (!long.TryParse(text.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds)
                || seconds < DateTimeOffset.MinValue.ToUnixTimeSeconds() || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
                return false;
            time = DateTimeOffset.FromUnixTimeSeconds(seconds);
            return true;
        }

        if (TimeSpan.TryParseExact(text, ["hh\\:mm\\:ss", "hh\\:mm"], CultureInfo.InvariantCulture, out TimeSpan ofDay))
        {
            time = new DateTimeOffset(now.UtcDateTime.Date + ofDay, TimeSpan.Zero);
            return true;
        }

        return DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }

    /// <summary>Prints a date by a format of strftime(3) in the C locale.</summary>
    /// <param name="time">The date.</param>
    /// <param name="format">Format; what is no conversion stands for itself.</param>
    public static string Format(DateTimeOffset time, string format)
    {
        var result = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }

            char conversion = format[++i];
            result.Append(Convert(time.UtcDateTime, conversion) ?? "%" + conversion);
        }

        return result.ToString();
    }

    private static string? Convert(DateTime t, char conversion)
    {
        CultureInfo c = CultureInfo.InvariantCulture;
        return conversion switch
        {
            'a' => t.ToString("ddd", c),
            'A' => t.ToString("dddd", c),
            'b' or 'h' => t.ToString("MMM", c),
            'B' => t.ToString("MMMM", c),
            'c' => $"{t.ToString("ddd MMM", c)} {t.Day,2} {t.ToString("HH:mm:ss yyyy", c)}",
            'C' => (t.Year / 100).ToString("00", c),
            'd' => t.ToString("dd", c),
            'D' or 'x' => t.ToString("MM/dd/yy", c),
            'e' => $"{t.Day,2}",
            'F' => t.ToString("yyyy-MM-dd", c),
            'g' => (ISOWeek.GetYear(t) % 100).ToString("00", c),
            'G' => ISOWeek.GetYear(t).ToString(c),
            'H' => t.ToString("HH", c),
            'I' => t.ToString("hh", c),
            'j' => t.DayOfYear.ToString("000", c),
            'k' => $"{t.Hour,2}",
            'l' => $"{(t.Hour + 11) % 12 + 1,2}",
            'm' => t.ToString("MM", c),
            'M' => t.ToString("mm", c),
            'n' => "\n",
            'p' => t.Hour < 12 ? "AM" : "PM",
            'P' => t.Hour < 12 ? "am" : "pm",
            'r' => t.ToString("hh:mm:ss ", c) + (t.Hour < 12 ? "AM" : "PM"),
            'R' => t.ToString("HH:mm", c),
            's' => new DateTimeOffset(t).ToUnixTimeSeconds().ToString(c),
            'S' => t.ToString("ss", c),
            't' => "\t",
            'T' or 'X' => t.ToString("HH:mm:ss", c),
            'u' => (((int)t.DayOfWeek + 6) % 7 + 1).ToString(c),
            'U' => ((t.DayOfYear + 6 - (int)t.DayOfWeek) / 7).ToString("00", c),
            'V' => ISOWeek.GetWeekOfYear(t).ToString("00", c),
            'w' => ((int)t.DayOfWeek).ToString(c),
            'W' => ((t.DayOfYear + 6 - ((int)t.DayOfWeek + 6) % 7) / 7).ToString("00", c),
            'y' => t.ToString("yy", c),
            'Y' => t.Year.ToString(c),
            'z' => "+0000",
            'Z' => "UTC",
            '%' => "%",
            _ => null,
        };
    }
}
