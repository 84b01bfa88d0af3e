using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Shell.Expansion;

/// <summary>Path name expansion on the container's files (POSIX XCU 2.6.6, 2.13.3): without a match the field stays as it is.</summary>
internal sealed class Globber(ShellProcess shell)
{
    private const int MaxMatches = 16_384;

    public IReadOnlyList<string> Expand(MarkedText field)
    {
        List<MarkedText> segments = Split(field);
        List<string> found = [""];
        for (int i = 0; i < segments.Count && found.Count > 0; i++)
        {
            Pattern pattern = Pattern.Of(segments[i]);
            bool isLast = i == segments.Count - 1;
            found = pattern.IsSpecial
                ? [.. found.SelectMany(prefix => Matches(prefix, segments[i], pattern)).Take(MaxMatches).Select(path => isLast ? path : path + "/")]
                : [.. found.Select(prefix => prefix + segments[i] + (isLast ? "" : "/"))];
        }

        List<string> existing = [.. found.Where(path => shell.Files.TryStat(FileTree.Join(shell.WorkingDirectory, path), out _))];
        existing.Sort(StringComparer.Ordinal);
        return existing.Count > 0 ? existing : [field.ToString()];
    }

    private IEnumerable<string> Matches(string prefix, MarkedText segment, Pattern pattern)
    {
        string directory = FileTree.Join(shell.WorkingDirectory, prefix.Length == 0 ? "." : prefix);
        if (!shell.Files.TryStat(directory, out FileStatus status) || !status.IsDirectory)
            return [];
        bool takesHidden = segment.Length > 0 && segment[0] == '.';
        try
        {
            return [.. shell.Files.List(directory).Where(name => (takesHidden || name[0] != '.') && pattern.Matches(name)).Select(name => prefix + name)];
        }
        catch (FileException)
        {
            return [];
        }
    }

    private static List<MarkedText> Split(MarkedText field)
    {
        var segments = new List<MarkedText>();
        int start = 0;
        for (int i = 0; i <= field.Length; i++)
        {
            if (i < field.Length && field[i] != '/')
                continue;
            var segment = new MarkedText();
            segment.Append(field, start, i - start);
            segments.Add(segment);
            start = i + 1;
        }

        return segments;
    }
}
