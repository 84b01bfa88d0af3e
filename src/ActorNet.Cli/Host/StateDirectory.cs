namespace ActorNet.Cli.Host;

/// <summary>All that a host keeps in its state directory. What else lies there is somebody else's and stays.</summary>
internal static class StateDirectory
{
    // By the first ones it would come back without a token: they go first.
    private static readonly string[] Kept = ["pki", "cluster.json", KnownPeers.FileName, "host.json", "kubeconfig", "store", "store.removed"];

    /// <summary>Removes what a host that left its cluster has kept, so that another one may begin here.</summary>
    /// <param name="directory">The state directory.</param>
    /// <exception cref="UsageException">Something of it could not be removed.</exception>
    public static void Forget(string directory)
    {
        foreach (string path in Kept.Select(name => Path.Combine(directory, name)))
        {
            try
            {
                if (Directory.Exists(path))
                    Directory.Delete(path, recursive: true);
                else
                    File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"the host has left its cluster, and {path} could not be removed: {e.Message} Remove it: with it nothing can be begun in {directory}.");
            }
        }
    }
}
