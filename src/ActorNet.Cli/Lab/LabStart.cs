using ActorNet.Cli.Host;

namespace ActorNet.Cli.Lab;

/// <summary>What has to be true before a lab may be started, so that nothing is done half.</summary>
internal static class LabStart
{
    /// <summary>Starts a lab: a new one in a directory that has none, or once more one whose hosts have all ended and whose objects are on their disks.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="places">Chooses where the hosts listen; asked when nothing else stands against it.</param>
    /// <param name="how">How its hosts run.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">There is a lab, the directory cannot be written, ports are taken, or a host did not start: nothing new is left.</exception>
    public static async Task<LabCluster> RunAsync(LabDirectory directory, Func<IReadOnlyList<LabAddress>> places, LabManner how, CancellationToken ct)
    {
        bool madeParent = MakeParent(directory);
        bool started = false;
        try
        {
            StateSpace.Require(directory.Parent, newHosts: 0);
            using LabLock held = LabLock.Take(directory);
            LabRecord? before = Before(directory);
            IReadOnlyList<LabAddress> hosts = places();
            if (before is not null)
                RequireSame(directory, before, hosts.Count, how);
            StateSpace.Require(directory.Parent, Math.Max(0, hosts.Count - (before?.Hosts.Count ?? 0)));
            var plan = new LabPlan(directory, hosts, how.Outlives, how.Store, how.Keeps || before is not null) { Passed = how.Passed };
            MakeRoot(directory);
            LabCluster cluster = await LabProgress.ShowAsync(plan.Names, progress => LabCluster.StartAsync(plan, before?.MadeParent ?? madeParent, progress, ct)).ConfigureAwait(false);
            started = true;
            return cluster;
        }
        finally
        {
            if (!started && madeParent)
                directory.RemoveParent();
        }
    }

    // The lab whose hosts have all ended and that can be started once more; null where there is none.
    private static LabRecord? Before(LabDirectory directory)
    {
        if (LabRecord.Load(directory) is not { } record)
        {
            if (Directory.Exists(directory.Root) && Directory.EnumerateFileSystemEntries(directory.Root).Any())
                throw new UsageException($"{directory.Root} is not empty and no lab. Give another --name or --state-dir, or remove it.");
            return null;
        }

        LabHostRecord[] alive = [.. record.Alive()];
        string which = Which(directory);
        if (alive.Length > 0)
        {
            string hosts = string.Join(", ", alive.Select(static h => $"{h.Name} (process {h.Process.Id})"));
            throw new UsageException($"lab {directory.Name} runs already ({directory.Root}): {hosts}{(alive.Length < record.Hosts.Count ? $"; {record.Hosts.Count - alive.Length} of its hosts have ended" : "")}. `actornet status{which}` shows it, `actornet down{which}` ends it; a second one needs another --name and --address.");
        }

        return record.Store != HostOptions.MemoryStore
            ? record
            : throw new UsageException($"lab {directory.Name} is there already ({directory.Root}), but none of its {record.Hosts.Count} hosts runs any more, and its objects were in memory. `actornet down{which}` removes what is left of it; then start it again.");
    }

    // A majority of the disks has to be there again, so none may be left out.
    private static void RequireSame(LabDirectory directory, LabRecord before, int hosts, LabManner how)
    {
        if (hosts < before.Hosts.Count)
            throw new UsageException($"lab {directory.Name} has {before.Hosts.Count} hosts, whose disks hold its objects ({directory.Root}): start it again with --nodes {before.Hosts.Count} or more, or remove it with `actornet down{Which(directory)}`.");
        if (how.Store != before.Store)
            throw new UsageException($"lab {directory.Name} keeps its objects on disk ({directory.Root}), and --store {how.Store} would not show them: leave --store out, or remove the lab with `actornet down{Which(directory)}`.");
    }

    /// <summary>The options that name a lab to another command, as far as they are not the default.</summary>
    /// <param name="directory">The lab.</param>
    public static string Which(LabDirectory directory) =>
        (directory.Name == LabDirectory.DefaultName ? "" : $" --name {directory.Name}")
        + (directory.Parent == Commands.RootCommandFactory.DefaultStateDirectory ? "" : $" --state-dir {directory.Parent}");

    private static bool MakeParent(LabDirectory directory)
    {
        if (Directory.Exists(directory.Parent))
            return false;
        Make(directory.Parent);
        return true;
    }

    private static void MakeRoot(LabDirectory directory) => Make(directory.Root);

    private static void Make(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LabLock.NotWritable(path, e);
        }
    }
}
