using System.Globalization;

namespace ActorNet.TcpScripts;

/// <summary>
/// A number in a script: <c>12</c>, <c>1..5</c> (any of them), <c>*</c> (any), <c>$name</c> or <c>$name+12</c>. A variable takes the first
/// value that it meets and stands for it from then on.
/// </summary>
public sealed record NumberPattern
{
    private readonly string _text;
    private readonly string? _variable;
    private readonly long _low;
    private readonly long _high;

    private NumberPattern(string text, string? variable, long low, long high)
    {
        _text = text;
        _variable = variable;
        _low = low;
        _high = high;
    }

    /// <summary>Reads a number, or null when the text is none.</summary>
    public static NumberPattern? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == "*")
            return new NumberPattern(text, null, long.MinValue, long.MaxValue);
        if (text.StartsWith('$'))
            return ParseVariable(text);
        int dots = text.IndexOf("..", StringComparison.Ordinal);
        string low = dots < 0 ? text : text[..dots];
        string high = dots < 0 ? text : text[(dots + 2)..];
        return TryNumber(low, out long first) && TryNumber(high, out long last) && first <= last
            ? new NumberPattern(text, null, first, last)
            : null;
    }

    /// <summary>The one number that this stands for.</summary>
    /// <param name="variables">What the variables hold.</param>
    /// <returns>Null for a wildcard, a range and a variable that has met nothing yet.</returns>
    public long? Resolve(IReadOnlyDictionary<string, long> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        if (_variable is not null)
            return variables.TryGetValue(_variable, out long bound) ? bound + _low : null;
        return _low == _high ? _low : null;
    }

    /// <summary>Whether a number that was seen is meant by this; an unbound variable takes it.</summary>
    public bool Matches(long seen, IDictionary<string, long> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        if (_variable is null)
            return seen >= _low && seen <= _high;
        if (!variables.TryGetValue(_variable, out long bound))
        {
            variables[_variable] = seen - _low;
            return true;
        }
        return seen == bound + _low;
    }

    /// <inheritdoc/>
    public override string ToString() => _text;

    private static NumberPattern? ParseVariable(string text)
    {
        int sign = text.IndexOfAny(['+', '-'], 1);
        string name = sign < 0 ? text[1..] : text[1..sign];
        long offset = 0;
        bool good = name.Length > 0 && name.All(char.IsAsciiLetterOrDigit) && (sign < 0 || TryNumber(text[sign..].TrimStart('+'), out offset));
        return good ? new NumberPattern(text, name, offset, offset) : null;
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
