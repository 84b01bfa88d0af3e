using System.Globalization;
using System.Text;
using ActorNet.Workloads.Shell.Syntax;

namespace ActorNet.Workloads.Shell.Expansion;

/// <summary>Expands words: tilde, parameters, commands, arithmetic, fields, path names, quotes (POSIX XCU 2.6, in its order).</summary>
internal sealed class Expander(ShellProcess shell)
{
    /// <summary>The most fields and characters that one command line may come to: what execve(2) would refuse as too long.</summary>
    private const int MaxFields = 131_072;

    private readonly Globber _globber = new(shell);

    /// <summary>Expands words to the fields of a command.</summary>
    public async ValueTask<List<string>> ExpandFieldsAsync(IEnumerable<Word> words)
    {
        var fields = new List<string>();
        foreach (Word word in words)
        {
            if (word.Plain is { } plain && !plain.AsSpan().ContainsAny("*?[~"))
            {
                fields.Add(plain);
                continue;
            }

            var builder = new FieldBuilder(shell.Variables.Get("IFS") ?? " \t\n");
            await ExpandAsync(word, builder, isAssignment: false).ConfigureAwait(false);
            builder.EndWord();
            foreach (MarkedText field in builder.Fields)
                fields.AddRange(shell.Options.NoGlob || !field.MayBePattern() ? [field.ToString()] : _globber.Expand(field));
            if (fields.Count > MaxFields)
                throw new ShellFailure("Argument list too long");
        }

        return fields;
    }

    /// <summary>Expands a word to one text: an assignment's value, a redirection's target, a here-document.</summary>
    public async ValueTask<string> ExpandTextAsync(Word word, bool isAssignment = false) =>
        (await ExpandMarkedAsync(word, isAssignment).ConfigureAwait(false)).ToString();

    /// <summary>Expands a word to a pattern.</summary>
    public async ValueTask<Pattern> ExpandPatternAsync(Word word) => Pattern.Of(await ExpandMarkedAsync(word, false).ConfigureAwait(false));

    private async ValueTask<MarkedText> ExpandMarkedAsync(Word word, bool isAssignment)
    {
        var builder = new FieldBuilder(null);
        await ExpandAsync(word, builder, isAssignment).ConfigureAwait(false);
        builder.EndField();
        return builder.Fields[0];
    }

    private async ValueTask ExpandAsync(Word word, FieldBuilder target, bool isAssignment)
    {
        for (int i = 0; i < word.Parts.Count; i++)
        {
            if (word.Parts[i] is LiteralPart { IsQuoted: false } literal)
                target.AppendLiteral(ExpandTilde(literal.Text, i == 0, isAssignment, isLast: i == word.Parts.Count - 1));
            else
                await ExpandPartAsync(word.Parts[i], target, isQuoted: false).ConfigureAwait(false);
        }
    }

    private string ExpandTilde(string text, bool isFirst, bool isAssignment, bool isLast)
    {
        if (!isFirst || text[0] != '~')
            return text;
        int end = text.IndexOfAny(isAssignment ? ['/', ':'] : ['/']);
        string user = end < 0 ? text[1..] : text[1..end];
        if (end < 0 && !isLast)
            return text;
        string? home = user switch
        {
            "" => shell.Variables.Get("HOME"),
            "root" => "/root",
            _ => null,
        };
        return home is null ? text : home + (end < 0 ? "" : text[end..]);
    }

    private async ValueTask ExpandPartAsync(WordPart part, FieldBuilder target, bool isQuoted)
    {
        switch (part)
        {
            case LiteralPart literal when literal.IsQuoted || isQuoted:
                target.AppendQuoted(literal.Text);
                break;
            case LiteralPart literal:
                target.AppendLiteral(literal.Text);
                break;
            case QuotedPart quoted:
                // "" is a field; "$@" without positions is none.
                if (!(quoted.Parts.Count > 0 && quoted.Parts.All(static p => p is ParameterPart { Name: "@", Operation: ParameterOperation.None }) && shell.Positions.Count == 0))
                    target.AppendQuoted("");
                foreach (WordPart inner in quoted.Parts)
                    await ExpandPartAsync(inner, target, isQuoted: true).ConfigureAwait(false);
                break;
            case CommandPart command:
                Append(target, await shell.SubstituteAsync(command.Commands).ConfigureAwait(false), isQuoted);
                break;
            case ArithmeticPart arithmetic:
                string expression = await ExpandTextAsync(arithmetic.Expression).ConfigureAwait(false);
                Append(target, Arithmetic.Evaluate(expression, shell.ReadNumber, shell.Assign).ToString(CultureInfo.InvariantCulture), isQuoted);
                break;
            case ParameterPart parameter:
                await ExpandParameterAsync(parameter, target, isQuoted).ConfigureAwait(false);
                break;
        }
    }

    private static void Append(FieldBuilder target, string text, bool isQuoted)
    {
        if (isQuoted)
            target.AppendQuoted(text);
        else
            target.AppendExpanded(text);
    }

    private async ValueTask ExpandParameterAsync(ParameterPart part, FieldBuilder target, bool isQuoted)
    {
        bool isList = part.Name is "@" or "*";
        string? value = shell.Parameter(part.Name);
        bool hasValue = isList ? shell.Positions.Count > 0 : value is not null;
        if (part.TreatsEmptyAsUnset)
            hasValue = isList ? shell.Positions.Exists(static p => p.Length > 0) : value is { Length: > 0 };
        switch (part.Operation)
        {
            case ParameterOperation.Bad:
                throw new ShellFailure("syntax error: bad substitution");
            case ParameterOperation.Default when !hasValue:
            case ParameterOperation.Alternative when hasValue:
                foreach (WordPart inner in part.Argument.Parts)
                {
                    // Text of the word is a result of the expansion: where nothing quotes it, it is split.
                    if (!isQuoted && inner is LiteralPart { IsQuoted: false } literal)
                        target.AppendExpanded(literal.Text);
                    else
                        await ExpandPartAsync(inner, target, isQuoted).ConfigureAwait(false);
                }

                return;
            case ParameterOperation.Alternative:
                return;
            case ParameterOperation.Assign when !hasValue:
                value = await ExpandTextAsync(part.Argument).ConfigureAwait(false);
                if (!WordReader.IsName(part.Name))
                    throw new ShellFailure($"{part.Name}: bad variable name");
                shell.Assign(part.Name, value);
                break;
            case ParameterOperation.Error when !hasValue:
                string message = await ExpandTextAsync(part.Argument).ConfigureAwait(false);
                throw new ShellFailure($"{part.Name}: {(message.Length > 0 ? message : part.TreatsEmptyAsUnset ? "parameter not set or null" : "parameter not set")}");
        }

        if (!hasValue && value is null && !isList && shell.Options.NoUnset && part.Operation is not (ParameterOperation.Default or ParameterOperation.Assign))
            throw new ShellFailure($"{part.Name}: parameter not set");
        if (part.Operation == ParameterOperation.Length)
            Append(target, (isList ? shell.Positions.Count : value?.Length ?? 0).ToString(CultureInfo.InvariantCulture), isQuoted);
        else if (isList)
            await AppendListAsync(part, target, isQuoted).ConfigureAwait(false);
        else
            Append(target, await TransformAsync(part, value ?? "").ConfigureAwait(false), isQuoted);
    }

    private async ValueTask AppendListAsync(ParameterPart part, FieldBuilder target, bool isQuoted)
    {
        string ifs = shell.Variables.Get("IFS") ?? " ";
        string separator = part.Name == "@" ? " " : ifs.Length > 0 ? ifs[..1] : "";
        for (int i = 0; i < shell.Positions.Count; i++)
        {
            string value = await TransformAsync(part, shell.Positions[i]).ConfigureAwait(false);
            if (i > 0 && target.Splits && (part.Name == "@" || !isQuoted))
            {
                // Quoted, each position is a field, also an empty one; unquoted an empty one is none.
                if (isQuoted)
                    target.EndField();
                else
                    target.EndWord();
            }
            else if (i > 0)
            {
                Append(target, separator, true);
            }

            Append(target, value, isQuoted);
        }
    }

    private async ValueTask<string> TransformAsync(ParameterPart part, string value)
    {
        switch (part.Operation)
        {
            case ParameterOperation.RemoveSmallestSuffix or ParameterOperation.RemoveLargestSuffix or
                ParameterOperation.RemoveSmallestPrefix or ParameterOperation.RemoveLargestPrefix:
                return ParameterText.Remove(value, await ExpandPatternAsync(part.Argument).ConfigureAwait(false), part.Operation);
            case ParameterOperation.ReplaceFirst or ParameterOperation.ReplaceAll:
                Pattern pattern = await ExpandPatternAsync(part.Argument).ConfigureAwait(false);
                string replacement = part.Second is null ? "" : await ExpandTextAsync(part.Second).ConfigureAwait(false);
                return ParameterText.Replace(value, pattern, replacement, part.Operation == ParameterOperation.ReplaceAll);
            case ParameterOperation.Substring:
                long offset = await NumberAsync(part.Argument).ConfigureAwait(false);
                long? length = part.Second is null ? null : await NumberAsync(part.Second).ConfigureAwait(false);
                return ParameterText.Substring(value, offset, length);
            default:
                return value;
        }
    }

    private async ValueTask<long> NumberAsync(Word word) =>
        Arithmetic.Evaluate(await ExpandTextAsync(word).ConfigureAwait(false), shell.ReadNumber, shell.Assign);
}

/// <summary>What the operators of a parameter expansion make of its value.</summary>
internal static class ParameterText
{
    public static string Remove(string value, Pattern pattern, ParameterOperation operation)
    {
        bool isPrefix = operation is ParameterOperation.RemoveSmallestPrefix or ParameterOperation.RemoveLargestPrefix;
        bool isLargest = operation is ParameterOperation.RemoveLargestPrefix or ParameterOperation.RemoveLargestSuffix;
        for (int i = 0; i <= value.Length; i++)
        {
            int length = isLargest ? value.Length - i : i;
            if (isPrefix && pattern.Matches(value.AsSpan(0, length)))
                return value[length..];
            if (!isPrefix && pattern.Matches(value.AsSpan(value.Length - length)))
                return value[..^length];
        }

        return value;
    }

    public static string Replace(string value, Pattern pattern, string replacement, bool all)
    {
        var result = new StringBuilder();
        int at = 0;
        while (at < value.Length)
        {
            int length = value.Length - at;
            while (length > 0 && !pattern.Matches(value.AsSpan(at, length)))
                length--;
            if (length == 0)
            {
                result.Append(value[at++]);
                continue;
            }

            result.Append(replacement);
            at += length;
            if (!all)
                break;
        }

        return result.Append(value.AsSpan(Math.Min(at, value.Length))).ToString();
    }

    public static string Substring(string value, long offset, long? length)
    {
        long start = offset < 0 ? value.Length + offset : offset;
        if (start < 0 || start > value.Length)
            return "";
        long end = length switch
        {
            null => value.Length,
            < 0 => value.Length + length.Value,
            _ => Math.Min(value.Length, start + length.Value),
        };
        return end > start ? value[(int)start..(int)end] : "";
    }
}
