namespace ActorNet.Workloads.Shell.Expansion;

/// <summary>Where the expansions of a word go: they become fields, split at IFS where they were not quoted (POSIX XCU 2.6.5).</summary>
/// <param name="separators">IFS, or null to split nowhere: everything stays one field.</param>
internal sealed class FieldBuilder(string? separators)
{
    private MarkedText _current = new();
    private bool _exists;
    private bool _closedByBlank;

    /// <summary>The finished fields.</summary>
    public List<MarkedText> Fields { get; } = [];

    /// <summary>Whether fields are made at all.</summary>
    public bool Splits => separators is not null;

    public void AppendQuoted(string text)
    {
        _current.Append(text, true);
        _exists = true;
    }

    public void AppendLiteral(string text)
    {
        _current.Append(text, false);
        _exists |= text.Length > 0;
    }

    /// <summary>Appends what an unquoted expansion gave.</summary>
    public void AppendExpanded(string text)
    {
        if (separators is null)
        {
            AppendLiteral(text);
            return;
        }

        _closedByBlank = false;
        foreach (char c in text)
        {
            if (!separators.Contains(c, StringComparison.Ordinal))
            {
                _current.Append(c, false);
                _exists = true;
                _closedByBlank = false;
            }
            else if (c is ' ' or '\t' or '\n')
            {
                if (_exists)
                {
                    EndField();
                    _closedByBlank = true;
                }
            }
            else if (_closedByBlank)
            {
                _closedByBlank = false;
            }
            else
            {
                EndField();
            }
        }
    }

    /// <summary>Ends the field: what follows belongs to the next. An empty one counts.</summary>
    public void EndField()
    {
        Fields.Add(_current);
        _current = new MarkedText();
        _exists = false;
    }

    /// <summary>Ends the word: a field that has nothing, not even quotes, is none.</summary>
    public void EndWord()
    {
        if (_exists)
            EndField();
        _closedByBlank = false;
    }
}
