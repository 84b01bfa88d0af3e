using System.Globalization;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>test EXPRESSION and [ EXPRESSION ] (POSIX XCU test), with -a, -o and parentheses.</summary>
internal sealed class TestTool(string name) : Tool
{
    private const int MaxDepth = 64;

    protected override string Name => name;

    protected override string Usage => "test EXPRESSION";

    protected override int FailureCode => 2;

    protected override string Options => "-";

    protected override Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        List<string> words = options.Words;
        string who = run.Context.Host ?? name;
        if (name == "[")
        {
            if (words.Count == 0 || words[^1] != "]")
                throw new ToolExit(2, $"{who}: missing ]\n");
            words.RemoveAt(words.Count - 1);
        }

        var reader = new Reader(run, who, words);
        return Task.FromResult(reader.Evaluate() ? 0 : 1);
    }

    private sealed class Reader(ToolRun run, string who, List<string> words)
    {
        private static readonly HashSet<string> Binary = new(
            ["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"], StringComparer.Ordinal);

        private int _at;
        private int _depth;

        public bool Evaluate()
        {
            // POSIX decides up to four words by their number.
            switch (words.Count)
            {
                case 0:
                    return false;
                case 1:
                    return words[0].Length > 0;
                case 2 when words[0] == "!":
                    return words[1].Length == 0;
                case 3 when Binary.Contains(words[1]):
                    return Compare(words[0], words[1], words[2]);
                case 3 when words[1] == "-a":
                    return words[0].Length > 0 && words[2].Length > 0;
                case 3 when words[1] == "-o":
                    return words[0].Length > 0 || words[2].Length > 0;
                case 4 when words[0] == "!" && Binary.Contains(words[2]):
                    return !Compare(words[1], words[2], words[3]);
            }

            bool value = Or();
            return _at == words.Count ? value : throw Complain($"{words[_at]}: unknown operand");
        }

        private bool Or()
        {
            bool value = And();
            while (Take("-o"))
                value |= And();
            return value;
        }

        private bool And()
        {
            bool value = Not();
            while (Take("-a"))
                value &= Not();
            return value;
        }

        private bool Not()
        {
            if (++_depth > MaxDepth)
                throw Complain("too many levels");
            bool value = Take("!") ? !Not() : Primary();
            _depth--;
            return value;
        }

        private bool Primary()
        {
            if (_at >= words.Count)
                throw Complain("argument expected");
            if (_at + 2 < words.Count && Binary.Contains(words[_at + 1]))
            {
                _at += 3;
                return Compare(words[_at - 3], words[_at - 2], words[_at - 1]);
            }

            if (Take("("))
            {
                bool value = Or();
                return Take(")") ? value : throw Complain("closing paren expected");
            }

            string word = words[_at++];
            bool isUnary = word.Length == 2 && word[0] == '-' && "bcdefghknprsStuwxzLO".Contains(word[1], StringComparison.Ordinal);
            if (!isUnary || _at == words.Count)
                return word.Length > 0;
            return Unary(word[1], words[_at++]);
        }

        private bool IsTerminal(string descriptor)
        {
            if (run.Context.Terminal is not { } terminal)
                return false;
            return descriptor switch
            {
                "0" => run.Context.Input == terminal.Input,
                "1" => run.Context.Output == terminal.Output,
                "2" => run.Context.Error == terminal.Output,
                _ => false,
            };
        }

        private bool Unary(char op, string word)
        {
            switch (op)
            {
                case 'n':
                    return word.Length > 0;
                case 'z':
                    return word.Length == 0;
                case 't':
                    return IsTerminal(word);
            }

            if (word.Length == 0 || !run.Context.Files.TryStat(run.Path(word), out FileStatus status))
                return false;
            return op switch
            {
                'f' => status.Kind == FileKind.Regular,
                'd' => status.IsDirectory,
                'c' => status.Kind == FileKind.Device,
                's' => status.Length > 0,
                'x' => status.IsExecutable,
                'e' or 'r' or 'w' or 'O' => true,
                'k' => (status.Mode & 0x200) != 0,
                _ => false,
            };
        }

        private bool Compare(string left, string op, string right)
        {
            switch (op)
            {
                case "=" or "==":
                    return left == right;
                case "!=":
                    return left != right;
                case "<":
                    return string.CompareOrdinal(left, right) < 0;
                case ">":
                    return string.CompareOrdinal(left, right) > 0;
                case "-nt" or "-ot" or "-ef":
                    return CompareFiles(left, op, right);
            }

            int order = Number(left).CompareTo(Number(right));
            return op switch
            {
                "-eq" => order == 0,
                "-ne" => order != 0,
                "-lt" => order < 0,
                "-le" => order <= 0,
                "-gt" => order > 0,
                _ => order >= 0,
            };
        }

        private bool CompareFiles(string left, string op, string right)
        {
            if (!run.Context.Files.TryStat(run.Path(left), out FileStatus a) || !run.Context.Files.TryStat(run.Path(right), out FileStatus b))
                return false;
            return op switch
            {
                "-nt" => a.Modified > b.Modified,
                "-ot" => a.Modified < b.Modified,
                _ => a.Inode == b.Inode,
            };
        }

        private long Number(string word) => long.TryParse(word.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number : throw Complain($"{word}: bad number");

        private bool Take(string word)
        {
            if (_at >= words.Count || words[_at] != word)
                return false;
            _at++;
            return true;
        }

        private ToolExit Complain(string message) => new(2, $"{who}: {message}\n");
    }
}
