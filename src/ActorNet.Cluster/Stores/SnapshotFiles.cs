using System.Globalization;
using ActorNet.Cluster.Stores.Linux;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// The snapshots of one store in their directory, each named by the entry of the log that it stands for: INDEX-TERM.snapshot. One becomes
/// visible whole: it is written beside, made durable, and then given its name.
/// </summary>
/// <param name="directory">The directory, made when it is missing.</param>
internal sealed class SnapshotFiles(string directory)
{
    private const string Suffix = ".snapshot", Unfinished = ".tmp";

    /// <summary>The newest snapshot, or null; what was left unfinished is removed.</summary>
    public SnapshotFile? Newest()
    {
        Directory.CreateDirectory(directory);
        foreach (string rest in Directory.EnumerateFiles(directory, "*" + Unfinished))
            File.Delete(rest);
        return All().MaxBy(each => each.Index);
    }

    /// <summary>Writes the bytes of a snapshot that another host sends, or of a view.</summary>
    /// <param name="index">The last entry of the log that it stands for.</param>
    /// <param name="term">The term of that entry.</param>
    /// <param name="write">Writes the bytes.</param>
    public async Task<SnapshotFile> WriteAsync(long index, long term, Func<Stream, Task> write)
    {
        string path = PathOf(index, term);
        string beside = $"{path}{Unfinished}";
        try
        {
            await using (var output = new FileStream(beside, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                await write(output).ConfigureAwait(false);
                output.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
            if (OperatingSystem.IsLinux())
                DirectorySync.Flush(directory);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }

        return new SnapshotFile(path, index, term);
    }

    /// <summary>Removes the snapshots that stand for less than an index.</summary>
    public void RemoveBelow(long index)
    {
        foreach (SnapshotFile old in All().Where(each => each.Index < index))
            File.Delete(old.Path);
    }

    private IEnumerable<SnapshotFile> All()
    {
        foreach (string path in Directory.EnumerateFiles(directory, "*" + Suffix))
        {
            string[] numbers = Path.GetFileName(path)[..^Suffix.Length].Split('-');
            if (numbers.Length != 2 || !long.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out long index)
                || !long.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out long term))
            {
                throw new StoreDamagedException($"{path} is not named as a snapshot is (INDEX-TERM{Suffix}): move it away.");
            }

            yield return new SnapshotFile(path, index, term);
        }
    }

    private string PathOf(long index, long term) => Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{index}-{term}{Suffix}"));
}

/// <summary>A snapshot on disk.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Index">The last entry of the log that it stands for.</param>
/// <param name="Term">The term of that entry.</param>
internal sealed record SnapshotFile(string Path, long Index, long Term)
{
    /// <summary>Reads the state.</summary>
    /// <exception cref="StoreDamagedException">The file is not what was written.</exception>
    public SnapshotContent Read()
    {
        using FileStream input = Open();
        return SnapshotFormat.Read(input, Path);
    }

    /// <summary>Opens the bytes for reading.</summary>
    public FileStream Open() => new(Path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16);
}
