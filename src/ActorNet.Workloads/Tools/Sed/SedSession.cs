using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools.Sed;

/// <summary>Runs a script over its input.</summary>
internal sealed class SedSession(ToolRun run, List<SedCommand> script, SedInput input, ByteOutput output, bool isQuiet, Func<string, ToolExit> fail)
{
    // Bound of the pattern and hold spaces, in bytes.
    private const int MaxSpace = 16 << 20;

    private readonly List<SedCommand> _appended = [];
    private string _pattern = "";
    private string _hold = "";
    private Regex? _lastRegex;
    private bool _isWhole = true;
    private bool _isSubstituted;
    private bool _lacksNewline;
    private bool _keepsPattern;

    private enum Step
    {
        Next,
        EndCycle,
        DeleteCycle,
        Quit,
    }

    public async ValueTask RunAsync()
    {
        bool goesOn = true;
        while (goesOn && (_keepsPattern || await ReadAsync(appends: false).ConfigureAwait(false)))
        {
            _keepsPattern = false;
            _isSubstituted = false;
            Step end = await RunCycleAsync().ConfigureAwait(false);
            if (!isQuiet && end != Step.DeleteCycle)
                await PrintAsync(_pattern, _isWhole).ConfigureAwait(false);
            await FlushAppendedAsync().ConfigureAwait(false);
            goesOn = end != Step.Quit;
        }

        await output.FlushAsync().ConfigureAwait(false);
    }

    private async ValueTask<Step> RunCycleAsync()
    {
        for (int i = 0; i < script.Count; i++)
        {
            SedCommand command = script[i];
            if (IsChosen(command) == command.IsNegated)
            {
                if (command.Letter == '{')
                    i = command.Target;
                continue;
            }

            bool jumps = command.Letter == 'b' || (command.Letter == 't' && _isSubstituted);
            if (jumps)
            {
                run.Context.Cancellation.ThrowIfCancellationRequested();
                _isSubstituted &= command.Letter != 't';
                i = command.Target - 1;
                continue;
            }

            Step step = await RunOneAsync(command).ConfigureAwait(false);
            if (step != Step.Next)
                return step;
        }

        return Step.EndCycle;
    }

    private async ValueTask<Step> RunOneAsync(SedCommand command)
    {
        switch (command.Letter)
        {
            case 's':
                await SubstituteAsync(command.Substitution!).ConfigureAwait(false);
                break;
            case 'y':
                string sets = command.Text;
                _pattern = string.Create(_pattern.Length, (_pattern, sets), static (span, s) => Transliterate(span, s._pattern, s.sets));
                break;
            case 'p':
                await PrintAsync(_pattern, _isWhole).ConfigureAwait(false);
                break;
            case 'P':
                await PrintAsync(_pattern.Split('\n')[0], true).ConfigureAwait(false);
                break;
            case '=':
                await PrintAsync(input.Number.ToString(CultureInfo.InvariantCulture), true).ConfigureAwait(false);
                break;
            case 'i':
                await PrintAsync(command.Text[..^1], true).ConfigureAwait(false);
                break;
            case 'a' or 'r':
                _appended.Add(command);
                break;
            case 'c':
                // Of a range only the last line is replaced, the others go.
                if (command.Second is null || command.IsNegated || command.RangeEnd == 0 || input.IsLast)
                    await PrintAsync(command.Text[..^1], true).ConfigureAwait(false);
                return Step.DeleteCycle;
            case 'd':
                return Step.DeleteCycle;
            case 'D':
                int newline = _pattern.IndexOf('\n', StringComparison.Ordinal);
                _keepsPattern = newline >= 0;
                _pattern = newline < 0 ? "" : _pattern[(newline + 1)..];
                return Step.DeleteCycle;
            case 'q':
                return Step.Quit;
            case 'n' or 'N':
                return await NextLineAsync(command.Letter == 'N').ConfigureAwait(false);
            default:
                Exchange(command.Letter);
                break;
        }

        return Step.Next;
    }

    private void Exchange(char letter)
    {
        switch (letter)
        {
            case 'g':
                _pattern = _hold;
                break;
            case 'G':
                _pattern = Bounded(_pattern, _hold);
                break;
            case 'h':
                _hold = _pattern;
                break;
            case 'H':
                _hold = Bounded(_hold, _pattern);
                break;
            case 'x':
                (_pattern, _hold) = (_hold, _pattern);
                break;
        }
    }

    private async ValueTask<Step> NextLineAsync(bool appends)
    {
        if (input.IsLast)
            return Step.Quit;
        if (!appends && !isQuiet)
            await PrintAsync(_pattern, _isWhole).ConfigureAwait(false);
        await FlushAppendedAsync().ConfigureAwait(false);
        await ReadAsync(appends).ConfigureAwait(false);
        return Step.Next;
    }

    private async ValueTask<bool> ReadAsync(bool appends)
    {
        if (await input.ReadAsync().ConfigureAwait(false) is not { } line)
            return false;
        _pattern = appends ? Bounded(_pattern, line.Text) : line.Text;
        _isWhole = line.IsWhole;
        return true;
    }

    private async ValueTask SubstituteAsync(SedSubstitution substitution)
    {
        Regex regex = Remember(substitution.Regex);
        var result = new StringBuilder();
        int copied = 0;
        int number = 0;
        bool isChanged = false;
        for (Match match = regex.Match(_pattern); match.Success; match = match.NextMatch())
        {
            // An empty match right behind the last one does not count (POSIX regcomp's users).
            if (match.Length == 0 && match.Index == copied && number > 0 && match.Index > 0 && isChanged)
                continue;
            if (++number < substitution.Ordinal)
                continue;
            result.Append(_pattern, copied, match.Index - copied);
            AppendReplacement(result, substitution.Replacement, match);
            copied = match.Index + match.Length;
            isChanged = true;
            if (result.Length > MaxSpace)
                throw fail("out of memory");
            if (!substitution.IsGlobal)
                break;
        }

        if (!isChanged)
            return;
        _pattern = result.Append(_pattern, copied, _pattern.Length - copied).ToString();
        _isSubstituted = true;
        if (substitution.Prints)
            await PrintAsync(_pattern, _isWhole).ConfigureAwait(false);
    }

    private static void AppendReplacement(StringBuilder result, string replacement, Match match)
    {
        for (int i = 0; i < replacement.Length; i++)
        {
            char c = replacement[i];
            if (c == '&')
                result.Append(match.ValueSpan);
            else if (c != '\\' || i + 1 == replacement.Length)
                result.Append(c);
            else if (char.IsAsciiDigit(replacement[++i]))
                result.Append(match.Groups[replacement[i] - '0'].ValueSpan);
            else
                result.Append(replacement[i]);
        }
    }

    private static void Transliterate(Span<char> target, string text, string sets)
    {
        ReadOnlySpan<char> from = sets.AsSpan(0, sets.Length / 2);
        for (int i = 0; i < text.Length; i++)
        {
            int at = from.IndexOf(text[i]);
            target[i] = at < 0 ? text[i] : sets[(sets.Length / 2) + at];
        }
    }

    // POSIX XCU sed, "Addresses in sed": a range's second line is looked for from the line after the first.
    private bool IsChosen(SedCommand command)
    {
        if (command.First is null)
            return true;
        if (command.Second is null)
            return Matches(command.First);
        if (command.RangeEnd == 0)
        {
            if (!Matches(command.First))
                return false;
            long end = command.Second.Count >= 0 ? input.Number + command.Second.Count
                : command.Second.Line > 0 ? command.Second.Line : long.MaxValue;
            command.RangeEnd = end > input.Number ? end : 0;
            return true;
        }

        if (input.Number > command.RangeEnd)
        {
            command.RangeEnd = 0;
            return false;
        }

        bool isOver = command.RangeEnd == long.MaxValue ? Matches(command.Second) : input.Number == command.RangeEnd;
        if (isOver)
            command.RangeEnd = 0;
        return true;
    }

    private bool Matches(SedAddress address) =>
        address.IsLast ? input.IsLast
        : address.Regex is not null || address.IsEmptyRegex ? Remember(address.Regex).IsMatch(_pattern)
        : address.Line == input.Number;

    private Regex Remember(Regex? regex) => _lastRegex = regex ?? _lastRegex ?? throw fail("no previous regexp");

    private async ValueTask FlushAppendedAsync()
    {
        foreach (SedCommand command in _appended)
        {
            if (command.Letter == 'a')
                await PrintAsync(command.Text[..^1], true).ConfigureAwait(false);
            else
                await PrintFileAsync(ToolRun.Text(command.Text)).ConfigureAwait(false);
        }

        _appended.Clear();
    }

    // r: a file that cannot be read is as good as empty.
    private async ValueTask PrintFileAsync(string file)
    {
        try
        {
            Stream stream = run.Context.OpenRead(file);
            await using (stream.ConfigureAwait(false))
            {
                var lines = new ByteLines(stream, run.Context.Cancellation);
                while (await lines.ReadAsync().ConfigureAwait(false) is { } line)
                    await PrintAsync(line, lines.IsWhole).ConfigureAwait(false);
            }
        }
        catch (FileException)
        {
        }
    }

    // A last line without a newline gets one only when something follows it.
    private ValueTask PrintAsync(string text, bool isWhole)
    {
        string before = _lacksNewline ? "\n" : "";
        _lacksNewline = !isWhole;
        return output.WriteAsync(isWhole ? $"{before}{text}\n" : before + text);
    }

    private string Bounded(string first, string second) =>
        first.Length + second.Length < MaxSpace ? $"{first}\n{second}" : throw fail("out of memory");
}
