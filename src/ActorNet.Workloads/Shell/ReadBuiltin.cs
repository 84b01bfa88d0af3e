using System.Globalization;
using System.Text;
using ActorNet.Workloads.Shell.Syntax;

namespace ActorNet.Workloads.Shell;

/// <summary>read [-r] [-p PROMPT] [-t SECONDS] [NAME...]: one line of standard input, byte by byte, so that the next command gets the rest.</summary>
internal static class ReadBuiltin
{
    private const int MaxLine = 1 << 20;

    public static async ValueTask<int> RunAsync(ShellProcess shell, List<string> words)
    {
        bool isRaw = false;
        TimeSpan? timeout = null;
        int at = 1;
        for (; at < words.Count && words[at].Length > 1 && words[at][0] == '-'; at++)
        {
            if (words[at] == "--")
            {
                at++;
                break;
            }

            if (words[at] == "-r")
                isRaw = true;
            else if (words[at] is "-p" && at + 1 < words.Count)
                await shell.WriteAsync(2, words[++at]).ConfigureAwait(false);
            else if (words[at] == "-t" && at + 1 < words.Count && double.TryParse(words[at + 1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds))
                (timeout, at) = (TimeSpan.FromSeconds(Math.Min(seconds, 1e6)), at + 1);
            else
                throw new ShellFailure($"illegal option {words[at]}");
        }

        List<string> names = words[at..];
        if (names.Find(static n => !WordReader.IsName(n)) is { } bad)
        {
            await shell.WriteAsync(2, $"{shell.Name}: read: '{bad}': bad variable name\n").ConfigureAwait(false);
            return 1;
        }

        (string line, string marks, bool isWhole) = await ReadLineAsync(shell, isRaw, timeout).ConfigureAwait(false);
        if (names.Count == 0)
            shell.Assign("REPLY", line);
        else
            Assign(shell, names, line, marks);
        return isWhole ? 0 : 1;
    }

    // The marks say which characters came from behind a backslash: they do not separate.
    private static async ValueTask<(string Line, string Marks, bool IsWhole)> ReadLineAsync(ShellProcess shell, bool isRaw, TimeSpan? timeout)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(shell.Cancellation);
        using CancellationTokenSource? timer = timeout is { } span ? new CancellationTokenSource(span, shell.Context.Time) : null;
        using CancellationTokenRegistration? ring = timer?.Token.Register(stop.Cancel);
        Stream input = shell.Descriptors[0];
        var line = new List<byte>();
        var marks = new StringBuilder();
        byte[] one = new byte[1];
        bool escaped = false;
        bool isWhole = false;
        try
        {
            while (line.Count < MaxLine && await input.ReadAsync(one, stop.Token).ConfigureAwait(false) > 0)
            {
                byte b = one[0];
                if (!isRaw && !escaped && b == '\\')
                {
                    escaped = true;
                    continue;
                }

                if (b == '\n' && !escaped)
                {
                    isWhole = true;
                    break;
                }

                if (b != 0 && !(b == '\n' && escaped))
                {
                    line.Add(b);
                    // One mark per character: a byte that continues one has none.
                    if ((b & 0xC0) != 0x80)
                        marks.Append(escaped ? 'q' : 'u', b >= 0xF0 ? 2 : 1);
                }

                escaped = false;
            }
        }
        catch (OperationCanceledException) when (!shell.Cancellation.IsCancellationRequested)
        {
            // -t: what came until then is kept.
        }

        string text = Encoding.UTF8.GetString([.. line]);
        while (marks.Length < text.Length)
            marks.Append('u');
        return (text, marks.ToString(), isWhole);
    }

    private static void Assign(ShellProcess shell, List<string> names, string line, string marks)
    {
        string ifs = shell.Variables.Get("IFS") ?? " \t\n";
        bool IsSeparator(int i) => marks[i] == 'u' && ifs.Contains(line[i], StringComparison.Ordinal);
        bool IsBlank(int i) => IsSeparator(i) && line[i] is ' ' or '\t' or '\n' && IsSeparator(i);
        int at = 0;
        int end = line.Length;
        while (at < end && IsBlank(at))
            at++;
        for (int n = 0; n < names.Count; n++)
        {
            int start = at;
            if (n == names.Count - 1)
            {
                Assign(shell, names[n], Last(start));
                return;
            }

            while (at < end && !IsSeparator(at))
                at++;
            shell.Assign(names[n], line[start..at]);
            SkipSeparator();
        }

        void SkipSeparator()
        {
            while (at < end && IsBlank(at))
                at++;
            if (at < end && IsSeparator(at))
                at++;
            while (at < end && IsBlank(at))
                at++;
        }

        // The last name gets the rest, without the blanks at its end, and without a separator that ends its only field.
        string Last(int start)
        {
            int stop = end;
            while (stop > start && IsBlank(stop - 1))
                stop--;
            int inner = start;
            while (inner < stop && !IsSeparator(inner))
                inner++;
            bool isOnlyField = inner == stop - 1 && !IsBlank(inner);
            return line[start..(isOnlyField ? inner : stop)];
        }
    }

    private static void Assign(ShellProcess shell, string name, string value) => shell.Assign(name, value);
}
