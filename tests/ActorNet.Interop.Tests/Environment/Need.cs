using System.Runtime.InteropServices;

namespace ActorNet.Interop.Tests;

/// <summary>
/// What a test needs from the machine. A missing thing skips the test with a reason that says how to get it; with <c>CI=true</c> it
/// fails the test instead, so that a judge cannot fall silent where it must speak.
/// </summary>
/// <remarks>Call it from inside the test: a skip thrown by a fixture's constructor would count as a failure.</remarks>
public static class Need
{
    private static readonly Dictionary<string, string> Packages = new(StringComparer.Ordinal)
    {
        ["ip"] = "iproute2",
        ["bridge"] = "iproute2",
        ["brctl"] = "bridge-utils",
        ["ping"] = "iputils-ping",
        ["capinfos"] = "wireshark-common",
        ["route"] = "net-tools",
        ["netstat"] = "net-tools",
        ["arp"] = "net-tools",
        ["ifconfig"] = "net-tools",
        ["sysctl"] = "procps",
        ["busybox"] = "busybox",
        ["dash"] = "dash",
        ["kubectl"] = "kubernetes-client",
        ["nginx"] = "nginx-light",
        ["nc"] = "netcat-openbsd",
        ["dig"] = "bind9-dnsutils",
        ["iptables-nft-restore"] = "iptables",
        ["iptables-nft-save"] = "iptables",
        ["iptables-legacy-restore"] = "iptables",
        ["iptables-legacy-save"] = "iptables",
        ["ss"] = "iproute2",
        ["script"] = "bsdutils",
        ["node"] = "nodejs",
        ["etcd"] = "etcd-server",
        ["mkfs.btrfs"] = "btrfs-progs",
        ["mkfs.ext4"] = "e2fsprogs",
        ["cp"] = "coreutils",
        ["gcc"] = "gcc libc6-dev",
    };

    /// <summary>True when this run may not skip: continuous integration has everything, so a lack is a fault.</summary>
    public static bool IsStrict => string.Equals(
        System.Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The test needs a Linux kernel.</summary>
    public static void Linux()
    {
        if (!OperatingSystem.IsLinux())
            Lacks($"needs a Linux kernel, and this is {RuntimeInformation.OSDescription}. Run it on Linux, in a VM or in a container.");
    }

    /// <summary>The test needs root on Linux.</summary>
    /// <param name="why">What for: the end of "because ...".</param>
    public static void Root(string why = "it makes network namespaces")
    {
        Linux();
        if (!System.Environment.IsPrivilegedProcess)
            Lacks($"needs root, because {why}. Run the tests with sudo, or in a privileged container.");
    }

    /// <summary>The test needs each of these programs on the PATH (or in the sbin folders, which a user's PATH often lacks).</summary>
    /// <param name="names">Program names without a folder, such as <c>tshark</c>.</param>
    public static void Tool(params string[] names)
    {
        ArgumentNullException.ThrowIfNull(names);
        string[] missing = [.. names.Where(name => Find(name) is null)];
        if (missing.Length == 0)
            return;
        IEnumerable<string> packages = missing.Select(name => Packages.GetValueOrDefault(name, name)).Distinct();
        Lacks($"needs {string.Join(", ", missing)}, not found on the PATH. On Debian or Ubuntu: apt-get install {string.Join(' ', packages)}");
    }

    /// <summary>What a test on network namespaces needs: root and the tools that build them.</summary>
    public static void Namespaces()
    {
        Root();
        Tool("ip", "bridge", "ethtool", "sysctl");
    }

    /// <summary>The full path of a program, or null when the machine does not have it.</summary>
    public static string? Find(string name)
    {
        string path = System.Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/sbin", "/sbin"])
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>Something else that the test needs is not there.</summary>
    /// <param name="what">The end of "This test ...".</param>
    public static void Lacks(string what)
    {
        if (IsStrict)
            Assert.Fail($"CI=true, so nothing may be skipped, but this test {what}");
        Assert.Skip($"This test {what}");
    }
}
