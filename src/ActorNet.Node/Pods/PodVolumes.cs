using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Volumes;
using ActorNet.Workloads.Files;
using k8s.Models;

namespace ActorNet.Node.Pods;

/// <summary>The volumes of a pod: a tree of files each, mounted into the trees of its containers. They outlive containers and end with the pod.</summary>
/// <param name="time">Stamps.</param>
internal sealed class PodVolumes(TimeProvider time)
{
    private readonly Dictionary<string, (FileTree Tree, bool IsWritable)> _volumes = new(StringComparer.Ordinal);

    /// <summary>What all trees of the pod are made beside.</summary>
    public FileTree Beside { get; } = new(time);

    /// <summary>Gives a volume its content: everyone who has it mounted sees the whole of the new at once.</summary>
    /// <param name="name">Volume.</param>
    /// <param name="content">Content.</param>
    public void Set(string name, VolumeContent content)
    {
        if (!_volumes.TryGetValue(name, out (FileTree Tree, bool IsWritable) volume))
            _volumes[name] = volume = (new FileTree(time, beside: Beside), content.IsWritable);
        if (content.Files is { } files)
            volume.Tree.Replace(files.Select(static f => (f.Key, f.Value.Bytes.AsMemory(), f.Value.Mode)));
    }

    /// <summary>Mounts what a container asks for into its tree.</summary>
    /// <param name="files">The container's tree.</param>
    /// <param name="mounts">Its mounts.</param>
    /// <exception cref="FileException">One cannot be mounted; the message names it.</exception>
    public void Mount(FileTree files, IEnumerable<V1VolumeMount> mounts)
    {
        // A mount inside another comes after it.
        foreach (V1VolumeMount mount in mounts.OrderBy(static m => m.MountPath.Length))
        {
            if (!_volumes.TryGetValue(mount.Name, out (FileTree Tree, bool IsWritable) volume))
                continue;
            string path = mount.MountPath.StartsWith('/') ? mount.MountPath : "/" + mount.MountPath;
            try
            {
                files.Mount(path, volume.Tree, mount.SubPath, mount.ReadOnlyProperty == true || !volume.IsWritable);
            }
            catch (FileException e)
            {
                // runc libcontainer/rootfs_linux.go, mountToRootfs; there is no path of the node behind a volume, so its name stands for one.
                throw new FileException($"error mounting \"{mount.Name}\" to rootfs at \"{path}\": {e.Message}", e);
            }
        }
    }
}

/// <summary>The files of a pod's container that its kubelet writes (kubernetes pkg/kubelet/kubelet_pods.go, network/dns/dns.go).</summary>
internal static class KubeletFiles
{
    /// <summary>Writes resolv.conf, adds host aliases, and makes the file of the termination message.</summary>
    /// <param name="files">The container's tree.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="container">The container.</param>
    /// <param name="settings">The cluster's DNS.</param>
    public static void Add(FileTree files, V1Pod pod, V1Container container, KubeletSettings settings)
    {
        files.AddText("/etc/resolv.conf", ResolverFile(pod, settings));
        if (pod.Spec.HostAliases is { Count: > 0 } aliases)
        {
            using Stream hosts = files.OpenWrite("/etc/hosts", FileWriteMode.Append);
            hosts.Write(System.Text.Encoding.UTF8.GetBytes("\n# Entries added by HostAliases.\n" + string.Concat(aliases.Select(static a => $"{a.Ip}\t{string.Join('\t', a.Hostnames ?? [])}\n"))));
        }

        files.AddText(MessagePath(container), "");
        files.SetMode(MessagePath(container), 0x1B6);
    }

    /// <summary>Where a container leaves its termination message.</summary>
    /// <param name="container">The container.</param>
    public static string MessagePath(V1Container container) =>
        container.TerminationMessagePath is ['/', _, ..] path ? path : ContainerFiles.TerminationLog;

    private const int MaxServers = 3;

    private static string ResolverFile(V1Pod pod, KubeletSettings settings)
    {
        string ns = pod.Metadata.NamespaceProperty;
        // Where the node's own settings would be taken there are none: the emulated world outside has no name servers.
        bool isCluster = pod.Spec.DnsPolicy switch
        {
            "None" or "Default" => false,
            "ClusterFirstWithHostNet" => true,
            _ => pod.Spec.HostNetwork != true,
        };
        List<string> servers = isCluster ? [settings.ClusterDns] : [];
        List<string> searches = isCluster ? [$"{ns}.svc.{settings.ClusterDomain}", $"svc.{settings.ClusterDomain}", settings.ClusterDomain] : [];
        List<string> options = isCluster ? ["ndots:5"] : [];
        if (pod.Spec.DnsConfig is { } more)
        {
            servers.AddRange(more.Nameservers ?? []);
            searches.AddRange(more.Searches ?? []);
            foreach (V1PodDNSConfigOption option in more.Options ?? [])
            {
                options.RemoveAll(o => o.Split(':')[0] == option.Name);
                options.Add(string.IsNullOrEmpty(option.Value) ? option.Name : $"{option.Name}:{option.Value}");
            }
        }

        return (searches.Count > 0 ? $"search {string.Join(' ', searches.Distinct())}\n" : "") + string.Concat(servers.Distinct().Take(MaxServers).Select(static s => $"nameserver {s}\n"))
            + (options.Count > 0 ? $"options {string.Join(' ', options)}\n" : "");
    }
}
