using System.Globalization;
using System.Text;
using ActorNet.Workloads.Shell.Syntax;

namespace ActorNet.Workloads.Tools;

/// <summary>printf FORMAT [ARGUMENT...] (POSIX XCU printf), its format used again until the arguments are used up.</summary>
internal sealed class PrintfTool : Tool
{
    private const int MaxWidth = 65_536;

    protected override string Name => "printf";

    protected override string Usage => "printf FORMAT [ARG]...";

    protected override string Options => "-";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        List<string> words = [.. options.Words.SkipWhile(static (w, i) => i == 0 && w == "--").Select(ToolRun.Bytes)];
        string name = run.Context.Host ?? Name;
        if (words.Count == 0)
        {
            await run.Error($"{name}: usage: printf FORMAT [ARGUMENT...]\n").ConfigureAwait(false);
            return run.Context.Host is null ? 1 : 2;
        }

        var state = new Formatter(words[0], words[1..]);
        do
        {
            string text = state.FormatOnce();
            await run.Out.WriteAsync(text).ConfigureAwait(false);
            foreach (string error in state.TakeErrors())
                await run.WarnAsync(error).ConfigureAwait(false);
        }
        while (state.GoesOn);
        return 0;
    }

    private sealed class Formatter(string format, List<string> arguments)
    {
        private readonly List<string> _errors = [];
        private int _next;
        private bool _ended;
        private bool _used;

        public bool GoesOn => !_ended && _used && _next < arguments.Count;

        public List<string> TakeErrors()
        {
            List<string> errors = [.. _errors];
            _errors.Clear();
            return errors;
        }

        public string FormatOnce()
        {
            var result = new StringBuilder();
            _used = false;
            for (int i = 0; i < format.Length && !_ended;)
            {
                if (format[i] == '\\' && i + 1 < format.Length && format[i + 1] == 'c')
                    _ended = true;
                else if (format[i] == '\\')
                    i += EscapedText.DecodeOne(format.AsSpan(i), false, result);
                else if (format[i] != '%')
                    result.Append(format[i++]);
                else if (i + 1 < format.Length && format[i + 1] == '%')
                    i = Literal(result, i);
                else
                    i = Convert(result, i + 1);
            }

            return result.ToString();
        }

        private static int Literal(StringBuilder result, int at)
        {
            result.Append('%');
            return at + 2;
        }

        private int Convert(StringBuilder result, int at)
        {
            int start = at;
            while (at < format.Length && "-+ 0#".Contains(format[at], StringComparison.Ordinal))
                at++;
            string flags = format[start..at];
            int width = Size(ref at) ?? 0;
            if (width < 0)
                (flags, width) = (flags + "-", -width);
            int? precision = null;
            if (at < format.Length && format[at] == '.')
            {
                at++;
                precision = Size(ref at) ?? 0;
            }

            char kind = at < format.Length ? format[at] : '\0';
            if (!"diouxXcsbeEfgG".Contains(kind, StringComparison.Ordinal))
            {
                _errors.Add($"{format[(start - 1)..Math.Min(format.Length, at + 1)]}: invalid format");
                _ended = true;
                return format.Length;
            }

            string text = Value(kind, flags, precision);
            if (flags.Contains('-', StringComparison.Ordinal))
                text = text.PadRight(width);
            else if (flags.Contains('0', StringComparison.Ordinal) && !"csb".Contains(kind, StringComparison.Ordinal) && (precision is null || "eEfgG".Contains(kind, StringComparison.Ordinal)))
                text = PadZeros(text, width);
            else
                text = text.PadLeft(width);
            result.Append(text);
            return at + 1;
        }

        private static string PadZeros(string text, int width)
        {
            int sign = text.Length > 0 && text[0] is '-' or '+' or ' ' ? 1 : 0;
            if (text.Length > sign + 1 && text[sign] == '0' && text[sign + 1] is 'x' or 'X')
                sign += 2;
            return text[..sign] + text[sign..].PadLeft(Math.Max(0, width - sign), '0');
        }

        private int? Size(ref int at)
        {
            if (at < format.Length && format[at] == '*')
            {
                at++;
                return (int)Math.Clamp(Integer(Take() ?? "0"), -MaxWidth, MaxWidth);
            }

            int start = at;
            while (at < format.Length && char.IsAsciiDigit(format[at]))
                at++;
            return at == start ? null : int.TryParse(format.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? Math.Min(size, MaxWidth) : MaxWidth;
        }

        private string? Take()
        {
            _used = true;
            return _next < arguments.Count ? arguments[_next++] : null;
        }

        private string Value(char kind, string flags, int? precision)
        {
            string? argument = Take();
            switch (kind)
            {
                case 's':
                    return Cut(argument ?? "", precision);
                case 'b':
                    string decoded = EscapedText.Decode(argument ?? "", octalZero: true, out bool ended);
                    _ended |= ended;
                    return Cut(decoded, precision);
                case 'c':
                    return argument is { Length: > 0 } ? argument[..1] : "";
                case 'e' or 'E' or 'f' or 'g' or 'G':
                    return Real(kind, argument ?? "0", precision ?? 6, flags);
                default:
                    return Whole(kind, argument ?? "0", precision, flags);
            }
        }

        private static string Cut(string text, int? precision) => precision is { } most && most < text.Length ? text[..most] : text;

        private string Whole(char kind, string argument, int? precision, string flags)
        {
            long value = Integer(argument);
            string digits = kind switch
            {
                'o' => System.Convert.ToString(value, 8),
                'x' => value.ToString("x", CultureInfo.InvariantCulture),
                'X' => value.ToString("X", CultureInfo.InvariantCulture),
                'u' => ((ulong)value).ToString(CultureInfo.InvariantCulture),
                _ => value.ToString(CultureInfo.InvariantCulture).TrimStart('-'),
            };
            if (precision is { } least)
                digits = digits.PadLeft(least, '0');
            if (flags.Contains('#', StringComparison.Ordinal) && value != 0)
                digits = (kind == 'o' ? "0" : kind is 'x' or 'X' ? "0" + kind : "") + digits;
            if (kind is not ('d' or 'i'))
                return digits;
            return (value < 0 ? "-" : flags.Contains('+', StringComparison.Ordinal) ? "+" : flags.Contains(' ', StringComparison.Ordinal) ? " " : "") + digits;
        }

        private string Real(char kind, string argument, int precision, string flags)
        {
            if (!double.TryParse(argument, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
                _errors.Add($"invalid number '{argument}'");
            precision = Math.Min(precision, 64);
            string text = kind switch
            {
                'f' => value.ToString("F" + precision, CultureInfo.InvariantCulture),
                'e' or 'E' => value.ToString($"{(precision == 0 ? "0" : "0." + new string('0', precision))}{kind}+00", CultureInfo.InvariantCulture),
                _ => value.ToString("G" + Math.Max(1, precision), CultureInfo.InvariantCulture),
            };
            return flags.Contains('+', StringComparison.Ordinal) && value >= 0 ? "+" + text : text;
        }

        // Decimal, 0x, 0 and a character behind a quote.
        private long Integer(string argument)
        {
            if (argument.Length > 1 && argument[0] is '"' or '\'')
                return argument[1];
            string digits = argument.TrimStart();
            bool isNegative = digits.StartsWith('-');
            if (digits.Length > 0 && digits[0] is '-' or '+')
                digits = digits[1..];
            bool isGood = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
                ? ulong.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value)
                : digits.Length > 1 && digits[0] == '0' ? TryOctal(digits, out value)
                : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
            if (!isGood)
                _errors.Add($"invalid number '{argument}'");
            return isNegative ? unchecked(-(long)value) : unchecked((long)value);
        }

        private static bool TryOctal(string digits, out ulong value)
        {
            value = 0;
            foreach (char c in digits)
            {
                if (c is < '0' or > '7')
                    return false;
                value = (value * 8) + (ulong)(c - '0');
            }

            return true;
        }
    }
}
