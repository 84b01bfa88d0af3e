using ActorNet.Dataplane.Netfilter.Rules;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>Reads the options of one match or target of one rule.</summary>
/// <typeparam name="T"><see cref="RuleMatch"/> or <see cref="RuleTarget"/>.</typeparam>
internal abstract class ExtensionSyntax<T>
{
    // Most extensions have one option or two.
    private string? _first;
    private string? _second;
    private List<string>? _more;

    /// <summary>Whether it can be used for one rule after the other, as those are that programs of many thousand rules name: <see cref="Begin"/>.</summary>
    internal virtual bool IsReusable => false;

    /// <summary>Forgets the options of the rule before.</summary>
    internal virtual void Begin()
    {
        (_first, _second) = (null, null);
        _more?.Clear();
    }

    /// <summary>Takes an option with its arguments, when it is one of this extension's.</summary>
    /// <param name="option">The option as written.</param>
    /// <param name="inverted">Whether ! stood before it.</param>
    /// <param name="words">Behind the option.</param>
    /// <param name="head">The rule's head so far.</param>
    internal abstract bool TryRead(string option, bool inverted, RuleWords words, RuleHead head);

    /// <summary>Makes the extension when the rule ends.</summary>
    internal abstract T Build(RuleHead head);

    /// <summary>Refuses a second use of an option, and ! where it means nothing (libxtables xtables_option_parse).</summary>
    protected void Once(string extension, string option, bool inverted, bool mayInvert = false)
    {
        if (option == _first || option == _second || _more?.Contains(option) == true)
            throw new RuleSyntaxException($"{extension}: option \"{option}\" can only be used once.\n");
        Note(option);
        if (inverted && !mayInvert)
            throw new RuleSyntaxException($"{extension}: option \"{option}\" cannot be inverted.\n");
    }

    private void Note(string option)
    {
        if (_first is null)
            _first = option;
        else if (_second is null)
            _second = option;
        else
            (_more ??= []).Add(option);
    }
}
