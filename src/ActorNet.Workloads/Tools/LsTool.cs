using System.Globalization;
using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>ls [-1aAdFhlnpRrSt] [FILE...]: one name a line, as to what is no terminal.</summary>
internal sealed class LsTool : Tool
{
    private const int BlockSize = 4096;

    protected override string Name => "ls";

    protected override string Usage => "ls [-1aAdFhlnpRrSt] [FILE]...";

    protected override string Options => "1aAdFhlnpRrSt";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        var files = new List<Entry>();
        var directories = new List<Entry>();
        await run.ForEachFileAsync(options.Words.Count > 0 ? options.Words : ["."], word =>
        {
            FileStatus status = run.Context.Files.Stat(run.Path(word));
            (status.IsDirectory && !options.Has('d') ? directories : files).Add(new Entry(word, word, status));
            return ValueTask.CompletedTask;
        }, "{0}: {1}").ConfigureAwait(false);
        await PrintAsync(run, options, files).ConfigureAwait(false);
        bool isFirst = files.Count == 0;
        bool isNamed = options.Words.Count > 1 || options.Has('R');
        foreach (Entry directory in Sorted(directories, options))
        {
            await PrintDirectoryAsync(run, options, directory.Path, isNamed, isFirst).ConfigureAwait(false);
            isFirst = false;
        }

        return 0;
    }

    private static async ValueTask PrintDirectoryAsync(ToolRun run, ToolOptions options, string directory, bool isNamed, bool isFirst)
    {
        List<Entry> entries;
        try
        {
            entries = [.. Entries(run, options, directory)];
        }
        catch (FileException e)
        {
            await run.WarnAsync($"{directory}: {e.Message}").ConfigureAwait(false);
            return;
        }

        if (isNamed)
            await run.Out.WriteTextAsync($"{(isFirst ? "" : "\n")}{directory}:\n").ConfigureAwait(false);
        if (options.Has('l') || options.Has('n'))
            await run.Out.WriteTextAsync($"total {entries.Sum(static e => (e.Status.Length + BlockSize - 1) / BlockSize * (BlockSize / 1024))}\n").ConfigureAwait(false);
        await PrintAsync(run, options, entries).ConfigureAwait(false);
        if (!options.Has('R'))
            return;
        foreach (Entry inner in Sorted(entries, options).Where(static e => e.Status.IsDirectory && e.Name is not ("." or "..")))
            await PrintDirectoryAsync(run, options, inner.Path, isNamed: true, isFirst: false).ConfigureAwait(false);
    }

    private static IEnumerable<Entry> Entries(ToolRun run, ToolOptions options, string directory)
    {
        FileTree files = run.Context.Files;
        IEnumerable<string> names = files.List(run.Path(directory));
        if (options.Has('a'))
            names = names.Prepend("..").Prepend(".");
        else if (!options.Has('A'))
            names = names.Where(static n => n[0] != '.');
        foreach (string name in names)
        {
            string path = $"{directory.TrimEnd('/')}/{name}";
            // What was removed meanwhile is not listed.
            if (files.TryStat(run.Path(path), out FileStatus status))
                yield return new Entry(name, path, status);
        }
    }

    private static IEnumerable<Entry> Sorted(IEnumerable<Entry> entries, ToolOptions options)
    {
        IOrderedEnumerable<Entry> sorted = options.Has('S') ? entries.OrderByDescending(static e => e.Status.Length).ThenBy(static e => e.Name, StringComparer.Ordinal)
            : options.Has('t') ? entries.OrderByDescending(static e => e.Status.Modified).ThenBy(static e => e.Name, StringComparer.Ordinal)
            : entries.OrderBy(static e => e.Name, StringComparer.Ordinal);
        return options.Has('r') ? sorted.Reverse() : sorted;
    }

    private static async ValueTask PrintAsync(ToolRun run, ToolOptions options, List<Entry> entries)
    {
        foreach (Entry entry in Sorted(entries, options))
        {
            string mark = entry.Status.IsDirectory && (options.Has('F') || options.Has('p')) ? "/" : options.Has('F') && entry.Status.IsExecutable && !entry.Status.IsDirectory ? "*" : "";
            string details = options.Has('l') || options.Has('n') ? Details(run, options, entry) : "";
            await run.Out.WriteTextAsync($"{details}{entry.Name}{mark}\n").ConfigureAwait(false);
        }
    }

    private static string Details(ToolRun run, ToolOptions options, Entry entry)
    {
        FileTree files = run.Context.Files;
        FileStatus status = entry.Status;
        // "." and ".." of a directory count as links to it.
        int links = !status.IsDirectory ? 1 : 2 + files.List(run.Path(entry.Path)).Count(n => files.TryStat(run.Path($"{entry.Path}/{n}"), out FileStatus inner) && inner.IsDirectory);
        string owner = options.Has('n') ? "0" : "root";
        string size = options.Has('h') ? Human(status.Length).PadLeft(7) : status.Length.ToString(CultureInfo.InvariantCulture).PadLeft(9);
        return $"{ModeText.Describe(status)} {links,4} {owner,-8} {owner,-8} {size} {When(status.Modified, run.Context.Time.GetUtcNow())} ";
    }

    // The time of day, or the year of what is older than half a year.
    private static string When(DateTimeOffset time, DateTimeOffset now)
    {
        TimeSpan age = now - time;
        bool isNear = age < TimeSpan.FromDays(182.5) && age > -TimeSpan.FromMinutes(15);
        return DateText.Format(time, isNear ? "%b %e %H:%M" : "%b %e  %Y");
    }

    private static string Human(long length)
    {
        if (length < 1024)
            return length.ToString(CultureInfo.InvariantCulture);
        double value = length;
        int unit = -1;
        for (; value >= 1024; value /= 1024)
            unit++;
        return value.ToString("0.0", CultureInfo.InvariantCulture) + "KMGT"[unit];
    }

    private readonly record struct Entry(string Name, string Path, FileStatus Status);
}
