using ActorNet.Workloads.Files;
using ActorNet.Workloads.Nginx;

namespace ActorNet.Workloads.Programs;

/// <summary>What an image runs when the container says nothing.</summary>
/// <param name="Entrypoint">The image's ENTRYPOINT, replaced by a container's command.</param>
/// <param name="Arguments">The image's CMD, replaced by a container's args.</param>
/// <param name="Notice">A message for the pod's events, or null.</param>
/// <param name="AddFiles">Adds the image's own files to a container's; null where it has none.</param>
public sealed record ImageWorkload(IReadOnlyList<string> Entrypoint, IReadOnlyList<string> Arguments, string? Notice = null, Action<FileTree>? AddFiles = null)
{
    /// <summary>
    /// The words to run for a container's command and args: a command drops the image's own arguments too (Kubernetes documentation,
    /// "Define a Command and Arguments for a Container").
    /// </summary>
    /// <param name="command">The container's command; empty when it has none.</param>
    /// <param name="args">The container's args; empty when it has none.</param>
    public IReadOnlyList<string> Compose(IReadOnlyList<string>? command, IReadOnlyList<string>? args)
    {
        bool hasArgs = args is { Count: > 0 };
        if (command is { Count: > 0 })
            return hasArgs ? [.. command, .. args!] : command;
        return [.. Entrypoint, .. hasArgs ? args! : Arguments];
    }
}

/// <summary>Which image runs which built-in program.</summary>
public static class ImageTable
{
    /// <summary>Finds the workload of an image; an unknown one pauses, and its notice says so.</summary>
    /// <param name="image">Image reference, as registry.k8s.io/e2e-test-images/agnhost:2.53.</param>
    public static ImageWorkload Find(string image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return RepositoryName(image) switch
        {
            // ENTRYPOINT ["/agnhost"], CMD ["pause"] (kubernetes test/images/agnhost/Dockerfile).
            "agnhost" => new ImageWorkload(["/agnhost"], ["pause"]),
            "pause" => new ImageWorkload(["/pause"], []),
            // CMD ["sh"]: without a terminal the shell reads end of file and ends with 0.
            "busybox" => new ImageWorkload([], ["sh"], $"Image \"{image}\" starts a shell, which ends at once without a terminal; give the container a command, as [\"sleep\", \"infinity\"]."),
            // curlimages/curl: its /entrypoint.sh puts curl before the arguments (curl/curl-container).
            "curl" => new ImageWorkload(["curl"], []),
            // ENTRYPOINT ["/coredns"] (coredns Dockerfile).
            "coredns" => new ImageWorkload(["/coredns"], []),
            // CMD ["nginx", "-g", "daemon off;"]; its entrypoint runs whatever words it is given (nginxinc/docker-nginx).
            "nginx" => new ImageWorkload([], ["nginx", "-g", "daemon off;"], AddFiles: NginxImage.AddFiles),
            _ => new ImageWorkload(["pause"], [], $"Image \"{image}\" has no built-in workload; the container runs pause. Known: agnhost, busybox, coredns, curl, nginx, pause."),
        };
    }

    /// <summary>Whether an image has a workload of its own.</summary>
    /// <param name="image">Image reference.</param>
    public static bool Knows(string image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return RepositoryName(image) is "agnhost" or "pause" or "busybox" or "coredns" or "curl" or "nginx";
    }

    // The last path component without tag and digest.
    private static string RepositoryName(string image)
    {
        int digest = image.IndexOf('@', StringComparison.Ordinal);
        string name = digest < 0 ? image : image[..digest];
        name = name[(name.LastIndexOf('/') + 1)..];
        int tag = name.IndexOf(':', StringComparison.Ordinal);
        return tag < 0 ? name : name[..tag];
    }
}
