namespace ActorNet.Cli.Lab;

/// <summary>What has to be true before a lab may be started, so that nothing is done half.</summary>
internal static class LabStart
{
    /// <summary>Starts a lab in a directory that has none.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="places">Chooses where the hosts listen; asked when nothing else stands against it.</param>
    /// <param name="outlives">Whether the hosts go on when the command ends.</param>
    /// <param name="store">Where the API's objects are, as --store of a host.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">There is a lab, the directory cannot be written, ports are taken, or a host did not start: nothing is left.</exception>
    public static async Task<LabCluster> RunAsync(LabDirectory directory, Func<IReadOnlyList<LabAddress>> places, bool outlives, string store, CancellationToken ct)
    {
        bool madeParent = MakeParent(directory);
        bool started = false;
        try
        {
            using LabLock held = LabLock.Take(directory);
            RequireNoLab(directory);
            var plan = new LabPlan(directory, places(), outlives, store);
            MakeRoot(directory);
            LabCluster cluster = await LabProgress.ShowAsync(plan.Names, progress => LabCluster.StartAsync(plan, madeParent, progress, ct)).ConfigureAwait(false);
            started = true;
            return cluster;
        }
        finally
        {
            if (!started && madeParent)
                directory.RemoveParent();
        }
    }

    private static void RequireNoLab(LabDirectory directory)
    {
        if (LabRecord.Load(directory) is not { } record)
        {
            if (Directory.Exists(directory.Root) && Directory.EnumerateFileSystemEntries(directory.Root).Any())
                throw new UsageException($"{directory.Root} is not empty and no lab. Give another --name or --state-dir, or remove it.");
            return;
        }

        LabHostRecord[] alive = [.. record.Alive()];
        string which = Which(directory);
        if (alive.Length == 0)
            throw new UsageException($"lab {directory.Name} is there already ({directory.Root}), but none of its {record.Hosts.Count} hosts runs any more. `actornet down{which}` removes what is left of it; then start it again.");
        string hosts = string.Join(", ", alive.Select(static h => $"{h.Name} (process {h.Process.Id})"));
        throw new UsageException($"lab {directory.Name} runs already ({directory.Root}): {hosts}{(alive.Length < record.Hosts.Count ? $"; {record.Hosts.Count - alive.Length} of its hosts have ended" : "")}. `actornet status{which}` shows it, `actornet down{which}` ends it; a second one needs another --name and --address.");
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
