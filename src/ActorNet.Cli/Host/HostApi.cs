namespace ActorNet.Cli.Host;

/// <summary>Manifests to run or apply.</summary>
/// <param name="Source">Where they came from, for errors.</param>
/// <param name="Text">YAML documents.</param>
/// <param name="Node">The node to run on, or null for each pod's own.</param>
public sealed record ManifestBody(string Source, string Text, string? Node)
{
    /// <summary>Reads a file, or standard input for "-".</summary>
    /// <param name="path">Path.</param>
    /// <param name="node">--node.</param>
    /// <exception cref="UsageException">It cannot be read.</exception>
    public static ManifestBody Read(string path, string? node)
    {
        try
        {
            return path == "-" ? new ManifestBody("standard input", Console.In.ReadToEnd(), node) : new ManifestBody(path, File.ReadAllText(path), node);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"manifest {path} cannot be read: {e.Message}");
        }
    }
}

/// <summary>A Node that was applied.</summary>
/// <param name="Name">Name.</param>
/// <param name="PodCidr">Its pods' network.</param>
public sealed record AppliedNode(string Name, string PodCidr);

/// <summary>A Node in a list.</summary>
/// <param name="Name">Name.</param>
/// <param name="InternalIp">InternalIP, or the public IP of a tunnel peer.</param>
/// <param name="PodCidr">Pods' network.</param>
/// <param name="VtepMac">MAC of its flannel.1.</param>
/// <param name="Underlay">Where its tunnel ends.</param>
public sealed record NodeRow(string Name, string? InternalIp, string? PodCidr, string? VtepMac, string? Underlay);

/// <summary>A pod in a list.</summary>
/// <param name="Name">Name.</param>
/// <param name="Node">Node.</param>
/// <param name="PodIp">Address.</param>
/// <param name="Images">Images of its containers.</param>
/// <param name="Note">What the user should know, such as an unknown image.</param>
public sealed record PodRow(string Name, string Node, string PodIp, IReadOnlyList<string> Images, string? Note);
