using System.Globalization;
using System.Text;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>Builds the words of a rule as iptables-save separates and quotes them.</summary>
internal sealed class RuleText
{
    private readonly StringBuilder _text = new();

    /// <summary>An option, behind ! when it is inverted.</summary>
    internal RuleText Option(string option, bool inverted)
    {
        if (inverted)
            Word("!");
        return Word(option);
    }

    internal RuleText Word(string word)
    {
        if (word.Length == 0)
            return this;
        if (_text.Length > 0)
            _text.Append(' ');
        _text.Append(word);
        return this;
    }

    internal RuleText Number(long number) => Word(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>0x with as few digits as the number has.</summary>
    internal RuleText Hex(uint number) => Word(string.Create(CultureInfo.InvariantCulture, $"0x{number:x}"));

    /// <summary>value/mask in hexadecimal; the mask is left out when it is whole.</summary>
    internal RuleText Marked(uint value, uint mask) =>
        Word(mask == uint.MaxValue ? string.Create(CultureInfo.InvariantCulture, $"0x{value:x}") : string.Create(CultureInfo.InvariantCulture, $"0x{value:x}/0x{mask:x}"));

    /// <summary>A free text, quoted when it has anything but letters, digits, - and _ (iptables libxtables xtables_save_string).</summary>
    internal RuleText Quoted(string value)
    {
        if (value.Length > 0 && value.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            return Word(value);
        var quoted = new StringBuilder("\"");
        foreach (char c in value)
        {
            if (c is '"' or '\\' or '\'')
                quoted.Append('\\');
            quoted.Append(c);
        }

        return Word(quoted.Append('"').ToString());
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
