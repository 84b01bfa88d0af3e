namespace ActorNet.Histories;

/// <summary>A version of a list, as a watch or the answer to a write told of it.</summary>
/// <param name="Revision">The revision that made it; of all lists together each has one of its own.</param>
/// <param name="Key">Which list.</param>
/// <param name="List">What it was.</param>
public sealed record ListVersion(long Revision, string Key, TokenList List);

/// <summary>All that one watcher was told, over all of its connections, in the order in which it came.</summary>
/// <param name="Name">Who.</param>
/// <param name="Behind">The revision behind which it began.</param>
/// <param name="Through">The last revision that it had to be told of.</param>
/// <param name="Told">What it was told.</param>
public sealed record WatchedVersions(string Name, long Behind, long Through, IReadOnlyList<ListVersion> Told);

/// <summary>Judges what watchers were told: all, in order, once.</summary>
public static class WatchAudit
{
    /// <summary>What is wrong, a sentence each; none when all is well.</summary>
    /// <param name="watches">The watchers.</param>
    /// <param name="acknowledged">Versions that clients were told to be there.</param>
    public static IReadOnlyList<string> Violations(IReadOnlyCollection<WatchedVersions> watches, IReadOnlyCollection<ListVersion> acknowledged)
    {
        var violations = new List<string>();
        SortedDictionary<long, (ListVersion Version, string By)> known = [];
        foreach (ListVersion each in acknowledged)
            Agree(known, each, "a client", violations);
        foreach (WatchedVersions watch in watches)
        {
            long last = watch.Behind;
            foreach (ListVersion each in watch.Told)
            {
                if (each.Revision <= last)
                    violations.Add($"{watch.Name} was told {each} {(each.Revision == last ? "once more" : $"behind {last}")}");
                last = Math.Max(last, each.Revision);
                Agree(known, each, watch.Name, violations);
            }
        }

        foreach (WatchedVersions watch in watches)
        {
            HashSet<long> told = [.. watch.Told.Select(static each => each.Revision)];
            violations.AddRange(known.Where(each => each.Key > watch.Behind && each.Key <= watch.Through && !told.Contains(each.Key))
                .Select(each => $"{watch.Name} was not told {each.Value.Version}, as {each.Value.By} was"));
        }

        return violations;
    }

    private static void Agree(SortedDictionary<long, (ListVersion Version, string By)> known, ListVersion version, string by, List<string> violations)
    {
        if (!known.TryGetValue(version.Revision, out (ListVersion Version, string By) other))
            known[version.Revision] = (version, by);
        else if (other.Version != version)
            violations.Add($"{by} was told {version}, {other.By} {other.Version}");
    }
}
