using System.Globalization;
using ActorNet.Workloads.Shell.Syntax;

namespace ActorNet.Workloads.Shell.Expansion;

/// <summary>$((...)): C's integer expressions on 64 bits (POSIX XCU 2.6.4), with ++, -- and ** as busybox ash has them.</summary>
internal sealed class Arithmetic
{
    private const int MaxDepth = 64;

    private static readonly string[][] Levels =
    [
        ["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<=", ">=", "<", ">"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"],
    ];

    private static readonly string[] Assignments = ["<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "="];

    private readonly string _text;
    private readonly Func<string, string?> _read;
    private readonly Action<string, string> _write;
    private int _at;
    private int _depth;
    private int _ignored;

    private Arithmetic(string text, Func<string, string?> read, Action<string, string> write, int depth)
    {
        _text = text;
        _read = read;
        _write = write;
        _depth = depth;
    }

    /// <summary>Evaluates an expression.</summary>
    /// <param name="text">Expression.</param>
    /// <param name="read">A variable's value.</param>
    /// <param name="write">Sets a variable.</param>
    /// <exception cref="ShellFailure">It is none, or divides by zero.</exception>
    public static long Evaluate(string text, Func<string, string?> read, Action<string, string> write) => Evaluate(text, read, write, 0);

    private static long Evaluate(string text, Func<string, string?> read, Action<string, string> write, int depth)
    {
        var reader = new Arithmetic(text, read, write, depth);
        reader.SkipBlanks();
        if (reader._at == text.Length)
            return 0;
        long value = reader.Comma();
        return reader._at == text.Length ? value : throw Malformed();
    }

    private static ShellFailure Malformed() => new("arithmetic syntax error");

    private long Comma()
    {
        long value = Assignment();
        while (Take(","))
            value = Assignment();
        return value;
    }

    private long Assignment()
    {
        if (++_depth > MaxDepth)
            throw new ShellFailure("expression recursion loop detected");
        int start = _at;
        if (TryName() is { } name)
        {
            foreach (string op in Assignments)
            {
                if (At(op) && !(op == "=" && At("==")))
                {
                    _at += op.Length;
                    SkipBlanks();
                    long right = Assignment();
                    long value = op == "=" ? right : Apply(op[..^1], Value(name), right);
                    Set(name, value);
                    _depth--;
                    return value;
                }
            }

            _at = start;
        }

        long result = Ternary();
        _depth--;
        return result;
    }

    private long Ternary()
    {
        long condition = Binary(0);
        if (!Take("?"))
            return condition;
        long yes = Guarded(condition == 0, Assignment);
        if (!Take(":"))
            throw Malformed();
        long no = Guarded(condition != 0, Assignment);
        return condition != 0 ? yes : no;
    }

    private long Binary(int level)
    {
        if (level == Levels.Length)
            return Power();
        long left = Binary(level + 1);
        while (Operator(level) is { } op)
        {
            _at += op.Length;
            SkipBlanks();
            left = op switch
            {
                "||" => (left != 0) | (Guarded(left != 0, () => Binary(level + 1)) != 0) ? 1 : 0,
                "&&" => (left != 0) & (Guarded(left == 0, () => Binary(level + 1)) != 0) ? 1 : 0,
                _ => Apply(op, left, Binary(level + 1)),
            };
        }

        return left;
    }

    private string? Operator(int level)
    {
        foreach (string op in Levels[level])
        {
            if (!At(op))
                continue;
            char next = _at + op.Length < _text.Length ? _text[_at + op.Length] : '\0';
            // Not the beginning of a longer operator.
            if (next == '=' && op is not ("==" or "!=" or "<=" or ">="))
                continue;
            if (op is "|" or "&" or "<" or ">" or "*" && next == op[0])
                continue;
            return op;
        }

        return null;
    }

    private long Power()
    {
        long value = Unary();
        if (!Take("**"))
            return value;
        long exponent = Nested(Power);
        if (exponent < 0)
            throw new ShellFailure("exponent less than 0");
        long result = 1;
        for (long factor = value; exponent > 0; exponent >>= 1, factor = unchecked(factor * factor))
        {
            if ((exponent & 1) != 0)
                result = unchecked(result * factor);
        }

        return result;
    }

    private long Unary()
    {
        foreach (string op in (string[])["++", "--"])
        {
            int start = _at;
            if (Take(op))
            {
                if (TryName() is { } name)
                    return Set(name, Value(name) + (op == "++" ? 1 : -1));
                _at = start;
            }
        }

        if (Take("!"))
            return Nested(Unary) == 0 ? 1 : 0;
        if (Take("~"))
            return ~Nested(Unary);
        if (Take("-"))
            return unchecked(-Nested(Unary));
        return Take("+") ? Nested(Unary) : Primary();
    }

    private long Nested(Func<long> read)
    {
        if (++_depth > MaxDepth)
            throw new ShellFailure("expression recursion loop detected");
        long value = read();
        _depth--;
        return value;
    }

    private long Primary()
    {
        if (Take("("))
        {
            long value = Comma();
            return Take(")") ? value : throw Malformed();
        }

        if (TryName() is { } name)
        {
            long value = Value(name);
            if (Take("++"))
                Set(name, unchecked(value + 1));
            else if (Take("--"))
                Set(name, unchecked(value - 1));
            return value;
        }

        int start = _at;
        while (_at < _text.Length && char.IsAsciiLetterOrDigit(_text[_at]))
            _at++;
        if (!TryNumber(_text.AsSpan(start, _at - start), out long number))
            throw Malformed();
        SkipBlanks();
        return number;
    }

    private static bool TryNumber(ReadOnlySpan<char> digits, out long value)
    {
        value = 0;
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return long.TryParse(digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        if (digits.Length < 2 || digits[0] != '0')
            return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        foreach (char c in digits)
        {
            if (c is < '0' or > '7')
                return false;
            value = unchecked((value * 8) + (c - '0'));
        }

        return true;
    }

    // A variable may hold an expression of its own.
    private long Value(string name)
    {
        string text = _read(name) ?? "";
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) && !text.TrimStart('-', '+').StartsWith('0'))
            return value;
        return _depth < MaxDepth ? Evaluate(text, _read, _write, _depth + 1) : throw new ShellFailure("expression recursion loop detected");
    }

    private long Set(string name, long value)
    {
        if (_ignored == 0)
            _write(name, value.ToString(CultureInfo.InvariantCulture));
        return value;
    }

    private long Apply(string op, long a, long b)
    {
        if (op is "/" or "%" && b == 0)
            return _ignored > 0 ? 0 : throw new ShellFailure("divide by zero");
        return op switch
        {
            "|" => a | b,
            "^" => a ^ b,
            "&" => a & b,
            "==" => a == b ? 1 : 0,
            "!=" => a != b ? 1 : 0,
            "<=" => a <= b ? 1 : 0,
            ">=" => a >= b ? 1 : 0,
            "<" => a < b ? 1 : 0,
            ">" => a > b ? 1 : 0,
            "<<" => a << (int)b,
            ">>" => a >> (int)b,
            "+" => unchecked(a + b),
            "-" => unchecked(a - b),
            "*" => unchecked(a * b),
            "/" => b == -1 ? unchecked(-a) : a / b,
            _ => b == -1 ? 0 : a % b,
        };
    }

    // The side that is not chosen is read but changes nothing.
    private long Guarded(bool isIgnored, Func<long> read)
    {
        _ignored += isIgnored ? 1 : 0;
        long value = read();
        _ignored -= isIgnored ? 1 : 0;
        return value;
    }

    private string? TryName()
    {
        int end = _at;
        while (end < _text.Length && IsNamePart(_text[end], end == _at))
            end++;
        if (end == _at)
            return null;
        string name = _text[_at..end];
        _at = end;
        SkipBlanks();
        return name;
    }

    private static bool IsNamePart(char c, bool isFirst) => isFirst ? WordReader.IsNameStart(c) : WordReader.IsName(c);

    private bool At(string op) => string.CompareOrdinal(_text, _at, op, 0, op.Length) == 0;

    private bool Take(string op)
    {
        if (!At(op))
            return false;
        _at += op.Length;
        SkipBlanks();
        return true;
    }

    private void SkipBlanks()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\n')
            _at++;
    }
}
