namespace ActorNet.Kubernetes.Manifests;

/// <summary>One YAML document of a file, with its place.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Number">Which document, from 1; empty ones do not count.</param>
/// <param name="FirstLine">The file's line at which the text begins, from 1.</param>
/// <param name="Text">The document.</param>
internal sealed record ManifestDocument(string File, int Number, int FirstLine, string Text)
{
    /// <summary>file, document N.</summary>
    public string Place => $"{File}, document {Number}";

    /// <summary>
    /// Splits a file at its document markers: a line that begins with "---" or "..." is one wherever it stands, also in a block scalar
    /// (YAML 1.2.2, 9.1.2 c-forbidden). Documents of blanks, comments and directives alone are left out.
    /// </summary>
    public static List<ManifestDocument> Split(ManifestSource source, List<ManifestProblem> problems)
    {
        var documents = new List<ManifestDocument>();
        if (source.Text.Length > ManifestReader.MaxLength)
        {
            problems.Add(new ManifestProblem(source.File, 1, 1, "document", $"the file has {source.Text.Length} characters", $"at most {ManifestReader.MaxLength}", "Split it."));
            return documents;
        }

        string[] lines = source.Text.Split('\n');
        int start = 0;
        for (int i = 0; i <= lines.Length; i++)
        {
            if (i < lines.Length && !IsMarker(lines[i]))
                continue;
            Add(documents, source.File, lines, start, i);
            start = i;
            if (i < lines.Length)
                lines[i] = lines[i].StartsWith("---", StringComparison.Ordinal) ? "   " + lines[i][3..] : "";
        }

        return documents;
    }

    /// <summary>The file's line of a line of the text, both from 1.</summary>
    public int LineOf(long line) => FirstLine + (int)Math.Max(0, line - 1);

    /// <summary>A problem at the document's begin.</summary>
    public ManifestProblem Problem(string subject, string found, string expected, string remedy) => new(File, Number, FirstLine, subject, found, expected, remedy);

    private static void Add(List<ManifestDocument> documents, string file, string[] lines, int start, int end)
    {
        while (start < end && !HasContent(lines[start]))
            start++;
        if (start < end)
            documents.Add(new ManifestDocument(file, documents.Count + 1, start + 1, string.Join('\n', lines[start..end])));
    }

    private static bool IsMarker(string line) =>
        (line.StartsWith("---", StringComparison.Ordinal) || line.StartsWith("...", StringComparison.Ordinal)) && (line.Length == 3 || char.IsWhiteSpace(line[3]));

    private static bool HasContent(string line)
    {
        ReadOnlySpan<char> content = line.AsSpan().Trim();
        return !content.IsEmpty && content[0] != '#' && line[0] != '%';
    }
}
