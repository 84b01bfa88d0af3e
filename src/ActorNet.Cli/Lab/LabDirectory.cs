using ActorNet.Cli.Client;
using ActorNet.Cli.Host;

namespace ActorNet.Cli.Lab;

/// <summary>The directory of a lab: DIR/NAME with the record of its hosts, its kubeconfig and a directory for each host.</summary>
/// <param name="Parent">The directory given with --state-dir.</param>
/// <param name="Name">The lab's name.</param>
internal sealed record LabDirectory(string Parent, string Name)
{
    /// <summary>The lab's name when none is given.</summary>
    public const string DefaultName = "lab";

    private const string HostLogName = "host.log";

    /// <summary>Where everything of the lab is.</summary>
    public string Root => Path.Combine(Parent, Name);

    /// <summary>The administrator's kubeconfig.</summary>
    public string Kubeconfig => Path.Combine(Root, HostSecurity.KubeconfigName);

    /// <summary>The record of the lab's hosts.</summary>
    public string RecordFile => Path.Combine(Root, "lab.json");

    /// <summary>Held while somebody starts or ends the lab.</summary>
    public string LockFile => Path.Combine(Parent, $"{Name}.lock");

    /// <summary>The lab whose everything is in a directory.</summary>
    /// <param name="root">The directory.</param>
    public static LabDirectory At(string root)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        return new LabDirectory(Path.GetDirectoryName(full) ?? full, Path.GetFileName(full));
    }

    /// <summary>A host's state directory.</summary>
    /// <param name="host">Node name.</param>
    public string StateOf(string host) => Path.Combine(Root, host);

    /// <summary>What a host printed.</summary>
    /// <param name="host">Node name.</param>
    public string LogOf(string host) => LogIn(StateOf(host));

    /// <summary>What the host of a state directory printed.</summary>
    /// <param name="stateDirectory">The host's state directory.</param>
    public static string LogIn(string stateDirectory) => Path.Combine(stateDirectory, HostLogName);

    /// <summary>A host's local socket.</summary>
    /// <param name="host">Node name.</param>
    public string SocketOf(string host) => Path.Combine(StateOf(host), HostClient.SocketName);

    /// <summary>The labs of a directory.</summary>
    /// <param name="parent">The directory given with --state-dir.</param>
    public static IReadOnlyList<LabDirectory> In(string parent) => !Directory.Exists(parent)
        ? []
        : [.. Directory.EnumerateDirectories(parent).Select(d => new LabDirectory(parent, Path.GetFileName(d))).Where(static l => File.Exists(l.RecordFile)).OrderBy(static l => l.Name, StringComparer.Ordinal)];

    /// <summary>Removes what a lab made, and nothing else.</summary>
    /// <param name="record">What it made.</param>
    /// <returns>What somebody else put there, which stays.</returns>
    public IReadOnlyList<string> Remove(LabRecord record)
    {
        foreach (string state in record.Hosts.Select(h => StateOf(h.Name)).Where(Directory.Exists))
            Directory.Delete(state, recursive: true);
        File.Delete(Kubeconfig);
        File.Delete(RecordFile);
        string[] left = [.. Directory.EnumerateFileSystemEntries(Root)];
        if (left.Length == 0)
            Directory.Delete(Root);
        return left;
    }

    /// <summary>Removes the directory that was made for the lab, once nothing is in it.</summary>
    public void RemoveParent()
    {
        if (Directory.Exists(Parent) && !Directory.EnumerateFileSystemEntries(Parent).Any())
            Directory.Delete(Parent);
    }
}
