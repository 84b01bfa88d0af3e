using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ActorNet.Interop.Tests.Kubectl;

/// <summary>A file of kubectl command lines with what each prints; the file's head says how it is written.</summary>
/// <param name="Files">Files that the commands find in their folder, by name.</param>
/// <param name="Cases">The command lines in order.</param>
internal sealed record KubectlScript(IReadOnlyDictionary<string, string> Files, IReadOnlyList<KubectlCase> Cases)
{
    /// <summary>Reads a script.</summary>
    public static KubectlScript Read(string path)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        var cases = new List<KubectlCase>();
        string source = "";
        string[] lines = File.ReadAllLines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("file ", StringComparison.Ordinal))
            {
                int end = Array.IndexOf(lines, "end", i);
                files[lines[i][5..]] = string.Concat(lines[(i + 1)..end].Select(line => line + "\n"));
                i = end;
            }
            else if (lines[i].StartsWith("from: ", StringComparison.Ordinal))
            {
                source = lines[i][6..];
            }
            else if (lines[i].StartsWith("$ ", StringComparison.Ordinal))
            {
                string[] expected = [.. lines[(i + 1)..].TakeWhile(line => !IsNext(line))];
                cases.Add(KubectlCase.Of(source, lines[i][2..], expected));
                i += expected.Length;
            }
        }

        return new KubectlScript(files, cases);
    }

    // A comment begins with a word; what kubectl prints may begin with "# Deployment".
    private static bool IsNext(string line) =>
        line.StartsWith("$ ", StringComparison.Ordinal) || line.StartsWith("from: ", StringComparison.Ordinal) || line.StartsWith("file ", StringComparison.Ordinal)
        || line.StartsWith("## ", StringComparison.Ordinal);
}

/// <summary>One command line.</summary>
/// <param name="Source">Where the expectation comes from.</param>
/// <param name="Line">The shell line.</param>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Expected">What it prints, as written.</param>
internal sealed record KubectlCase(string Source, string Line, int ExitCode, IReadOnlyList<string> Expected)
{
    public static KubectlCase Of(string source, string line, string[] following)
    {
        int code = 0;
        var expected = new List<string>();
        foreach (string each in following)
        {
            if (each.StartsWith("? ", StringComparison.Ordinal))
                code = int.Parse(each[2..], CultureInfo.InvariantCulture);
            else
                expected.Add(each);
        }

        while (expected.Count > 0 && expected[^1].Length == 0)
            expected.RemoveAt(expected.Count - 1);
        return new KubectlCase(source, line, code, expected);
    }

    /// <summary>True when the output is the expected one. Columns end in spaces, which nobody sees.</summary>
    public bool Matches(int exitCode, string output)
    {
        var pattern = new StringBuilder("\\A");
        foreach (string line in Expected)
            pattern.Append(line == "..." ? "(?:.*\n)*" : string.Join(".*", line.Split("{}").Select(Regex.Escape)) + " *\n");
        string text = output.Length == 0 || output.EndsWith('\n') ? output : output + "\n";
        return exitCode == ExitCode && Regex.IsMatch(text, pattern.Append("\\z").ToString());
    }
}
