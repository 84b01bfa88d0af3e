using System.Text.Json;
using ActorNet.Cli.Host;

namespace ActorNet.Cli.Lab;

/// <summary>What a lab consists of, kept in its directory so that other commands find it.</summary>
internal sealed record LabRecord
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The lab's name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the hosts outlive the command that started them.</summary>
    public required bool IsDetached { get; init; }

    /// <summary>Whether the directory that holds the lab's was made for it.</summary>
    public required bool MadeParent { get; init; }

    /// <summary>Where its API's objects are, as --store of a host.</summary>
    public string Store { get; init; } = HostOptions.MemoryStore;

    /// <summary>The hosts that were started, the first one first.</summary>
    public required IReadOnlyList<LabHostRecord> Hosts { get; init; }

    /// <summary>The hosts that still run.</summary>
    public IEnumerable<LabHostRecord> Alive() => Hosts.Where(static h => h.Process.IsAlive);

    /// <summary>Reads a lab's record.</summary>
    /// <param name="directory">The lab's directory.</param>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="UsageException">It is damaged.</exception>
    public static LabRecord? Load(LabDirectory directory)
    {
        try
        {
            return JsonSerializer.Deserialize<LabRecord>(File.ReadAllText(directory.RecordFile), Json);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{directory.RecordFile}: the lab's record cannot be read: {e.Message} End its hosts by hand (`actornet status --state-dir {directory.Root}` shows their process ids) and remove {directory.Root}.");
        }
    }

    /// <summary>Writes it: first aside, then in place, so that a crash leaves the old or the new one.</summary>
    /// <param name="directory">The lab's directory.</param>
    public void Save(LabDirectory directory)
    {
        string aside = directory.RecordFile + ".new";
        try
        {
            File.WriteAllText(aside, JsonSerializer.Serialize(this, Json));
            File.Move(aside, directory.RecordFile, overwrite: true);
        }
        finally
        {
            File.Delete(aside);
        }
    }
}

/// <summary>A host of a lab.</summary>
/// <param name="Name">Node name.</param>
/// <param name="Process">Its process.</param>
/// <param name="At">Where it listens.</param>
internal sealed record LabHostRecord(string Name, ProcessMark Process, LabAddress At);
