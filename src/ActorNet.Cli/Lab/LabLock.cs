namespace ActorNet.Cli.Lab;

/// <summary>Held by whoever starts or ends a lab, so that two never do at once. The system lets go of it when its holder ends, however that happens.</summary>
internal sealed class LabLock : IDisposable
{
    private readonly FileStream _file;

    private LabLock(FileStream file) => _file = file;

    /// <summary>Takes the lock; nobody waits for it.</summary>
    /// <param name="directory">The lab's directory, whose parent is there.</param>
    /// <exception cref="UsageException">Another command has it, or the directory cannot be written.</exception>
    public static LabLock Take(LabDirectory directory)
    {
        try
        {
            return new LabLock(new FileStream(directory.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose));
        }
        catch (UnauthorizedAccessException e)
        {
            throw NotWritable(directory.Parent, e);
        }
        catch (IOException e)
        {
            throw new UsageException($"lab {directory.Name}: another command starts or ends it at this moment ({e.Message}). Wait for it, then look with `actornet status`.");
        }
    }

    /// <summary>The refusal for a directory that cannot be written.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="why">What the system said.</param>
    public static UsageException NotWritable(string path, Exception why) => new($"--state-dir: {path} cannot be written: {why.Message} Give a directory that you may write, or nothing for ~/.actornet.");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
