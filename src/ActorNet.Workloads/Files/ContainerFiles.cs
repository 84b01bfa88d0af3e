using ActorNet.Workloads.Streams;

namespace ActorNet.Workloads.Files;

/// <summary>The files that every container starts with.</summary>
public static class ContainerFiles
{
    /// <summary>PATH of a container whose image says nothing else (containerd, defaultUnixEnv).</summary>
    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Where a container leaves the message of its end unless it says otherwise (core/v1, terminationMessagePath).</summary>
    public const string TerminationLog = "/dev/termination-log";

    /// <summary>Makes a container's files.</summary>
    /// <param name="hostName">The pod's name.</param>
    /// <param name="address">The pod's address for /etc/hosts, or null.</param>
    /// <param name="programs">Names of the programs, which get a file in /bin.</param>
    /// <param name="time">Stamps.</param>
    /// <param name="seed">What /dev/urandom starts from.</param>
    /// <param name="beside">A tree whose lock it shares, so that they can be mounted into one another; null for none.</param>
    public static FileTree Create(string hostName, string? address, IEnumerable<string> programs, TimeProvider time, ulong seed = 0, FileTree? beside = null)
    {
        ArgumentNullException.ThrowIfNull(programs);
        var tree = new FileTree(time, beside: beside);
        foreach (string directory in (string[])["/bin", "/dev", "/etc", "/home", "/proc", "/root", "/usr/bin", "/usr/sbin", "/var/log", "/var/run"])
            tree.AddDirectory(directory);
        tree.AddDirectory("/tmp", 0x3FF);
        foreach (string program in programs)
            tree.AddProgram("/bin/" + program, program);
        AddEtc(tree, hostName, address);
        AddDevices(tree, seed);
        AddProc(tree, hostName);
        return tree;
    }

    private static void AddEtc(FileTree tree, string hostName, string? address)
    {
        tree.AddText("/etc/hostname", hostName + "\n");
        // The file that a kubelet writes (kubernetes pkg/kubelet/kubelet_pods.go managedHostsFileContent).
        string own = address is null ? "" : $"{address}\t{hostName}\n";
        tree.AddText(
            "/etc/hosts",
            "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
            + "fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n" + own);
        tree.AddText("/etc/resolv.conf", "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n");
        tree.AddText("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n");
        tree.AddText("/etc/group", "root:x:0:\nnogroup:x:65534:\n");
    }

    private static void AddDevices(FileTree tree, ulong seed)
    {
        long opened = 0;
        tree.AddDevice("/dev/null", static () => new NullDeviceStream());
        tree.AddDevice("/dev/zero", static () => new EndlessStream(null));
        tree.AddDevice("/dev/urandom", () => new EndlessStream(seed ^ ((ulong)Interlocked.Increment(ref opened) << 32)));
        tree.AddDevice("/dev/random", () => new EndlessStream(seed ^ ((ulong)Interlocked.Increment(ref opened) << 32)));
    }

    // What a pod's scripts look at first; values of a fresh network namespace of Linux.
    private static void AddProc(FileTree tree, string hostName)
    {
        tree.AddGenerated("/proc/sys/kernel/hostname", () => hostName + "\n");
        tree.AddGenerated("/proc/sys/net/ipv4/ip_forward", static () => "0\n");
        tree.AddGenerated("/proc/sys/net/ipv4/ip_default_ttl", static () => "64\n");
        tree.AddGenerated("/proc/sys/net/ipv4/ip_local_port_range", static () => "32768\t60999\n");
    }
}
