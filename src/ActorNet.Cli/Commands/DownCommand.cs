using System.CommandLine;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet down`: ends a lab and removes what it made.</summary>
internal static class DownCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var lab = new LabOptionSet();
        var command = new Command("down", $"End a lab and remove its directory: actornet down. A host that has not ended {LabEnd.Grace.TotalSeconds} s after it was asked to is killed");
        var keep = new Option<bool>("--keep") { Description = "Leave what the lab holds: `actornet up` starts it again with its objects. Default: everything of it is removed" };
        lab.AddTo(command);
        command.Options.Add(keep);
        command.SetAction((result, _) => RootCommandFactory.GuardAsync(() => RunAsync(lab.ReadDirectory(result), result.GetValue(keep))));
        return command;
    }

    private static async Task<int> RunAsync(LabDirectory directory, bool keep)
    {
        if (!Directory.Exists(directory.Parent))
            throw NoLab(directory);
        LabRecord record;
        IReadOnlyList<string> left;
        using (LabLock.Take(directory))
        {
            record = LabRecord.Load(directory) ?? throw NoLab(directory);
            await LabEnd.EndHostsAsync(directory, record, Console.WriteLine).ConfigureAwait(false);
            if (record.Alive().Any())
                throw new UsageException($"lab {directory.Name}: a host still runs; {directory.Root} stays.");
            if (keep)
            {
                Console.WriteLine($"lab {directory.Name} has ended; {directory.Root} stays, and `actornet up{LabStart.Which(directory)} --nodes {record.Hosts.Count}` starts it again");
                return 0;
            }

            left = directory.Remove(record);
        }

        if (record.MadeParent)
            directory.RemoveParent();
        Console.WriteLine(left.Count == 0
            ? $"lab {directory.Name} is gone, {directory.Root} removed"
            : $"lab {directory.Name} is gone; {directory.Root} stays, for this in it is not the lab's: {string.Join(", ", left.Select(static l => Path.GetFileName(l)))}");
        return 0;
    }

    private static UsageException NoLab(LabDirectory directory)
    {
        string[] there = [.. LabDirectory.In(directory.Parent).Select(static l => l.Name)];
        return new UsageException($"there is no lab {directory.Name} in {directory.Parent}.{(there.Length == 0 ? "" : $" There are: {string.Join(", ", there)}; name one with --name.")}");
    }
}
