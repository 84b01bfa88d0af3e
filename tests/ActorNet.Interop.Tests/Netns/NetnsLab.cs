using System.Globalization;

namespace ActorNet.Interop.Tests.Netns;

/// <summary>
/// A laboratory of Linux network namespaces. Every namespace has a name that no other run uses, and is removed at the end with the
/// processes that still run in it. What a killed run left behind is removed by the next one.
/// </summary>
/// <remarks>
/// Names are <c>ant-PID-START-NUMBER-ROLE</c>, where START is the start time of the process PID in clock ticks since boot: together they
/// tell a living owner from a later process that was given the same pid.
/// </remarks>
public sealed class NetnsLab : IAsyncDisposable
{
    /// <summary>All names begin with this.</summary>
    public const string Prefix = "ant-";

    private const string NamespaceFolder = "/run/netns";
    private static readonly string Owner = $"{Prefix}{System.Environment.ProcessId}-{StartTicks(System.Environment.ProcessId):x}";
    private static int _lastNumber;
    private readonly List<NetworkNamespace> _namespaces = [];

    private NetnsLab()
    {
    }

    /// <summary>The namespaces in the order they were made.</summary>
    public IReadOnlyList<NetworkNamespace> Namespaces => _namespaces;

    /// <summary>A new, empty laboratory; skips the test when the machine cannot have one.</summary>
    public static async Task<NetnsLab> CreateAsync()
    {
        Need.Namespaces();
        await RemoveLeftoversAsync();
        return new NetnsLab();
    }

    /// <summary>Makes a namespace with lo up and IPv6 off (its router and neighbour messages would disturb captures).</summary>
    /// <param name="role">A short word for messages, such as <c>n1</c>.</param>
    public async Task<NetworkNamespace> AddNamespaceAsync(string role)
    {
        int number = Interlocked.Increment(ref _lastNumber);
        var made = new NetworkNamespace($"{Owner}-{number}-{role}");
        (await ProcessRunner.RunAsync(["ip", "netns", "add", made.Name])).EnsureSuccess();
        _namespaces.Add(made);
        await made.SetSysctlAsync("net.ipv6.conf.all.disable_ipv6", "1");
        await made.SetSysctlAsync("net.ipv6.conf.default.disable_ipv6", "1");
        await made.IpAsync("link set lo up");
        return made;
    }

    /// <summary>
    /// Makes a veth pair with an end in each namespace, up, its offloads off: with them on, a capture shows partial checksums and
    /// unsegmented packets, which says nothing about the wire.
    /// </summary>
    public async Task AddVethAsync(NetworkNamespace first, string firstName, NetworkNamespace second, string secondName, int mtu = 1500)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        await first.IpAsync($"link add name {firstName} mtu {mtu} type veth peer name {secondName} mtu {mtu} netns {second.Name}");
        await first.OffloadsOffAsync(firstName);
        await second.OffloadsOffAsync(secondName);
        await first.IpAsync($"link set {firstName} up");
        await second.IpAsync($"link set {secondName} up");
    }

    /// <summary>Removes the namespaces of runs whose process is gone, and ends the processes that still live in them.</summary>
    public static async Task RemoveLeftoversAsync()
    {
        foreach (string name in Existing().Where(name => !OwnerLives(name)))
            await RemoveAsync(name);
    }

    /// <summary>The names under <see cref="Prefix"/> that exist on this machine now, whoever made them.</summary>
    public static IReadOnlyList<string> Existing() => Directory.Exists(NamespaceFolder)
        ? [.. Directory.EnumerateFiles(NamespaceFolder).Select(path => Path.GetFileName(path)).Where(IsOurs)]
        : [];

    /// <summary>Removes every namespace of this laboratory and ends what runs in them.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (NetworkNamespace made in Enumerable.Reverse(_namespaces))
        {
            made.EndStarted();
            await RemoveAsync(made.Name);
        }

        _namespaces.Clear();
    }

    private static async Task RemoveAsync(string name)
    {
        CommandResult pids = await ProcessRunner.RunAsync(["ip", "netns", "pids", name]);
        foreach (string pid in pids.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            await ProcessRunner.RunAsync(["kill", "-9", pid]);
        CommandResult removed = await ProcessRunner.RunAsync(["ip", "netns", "delete", name]);
        // Another run may have swept the same leftover in the same moment.
        if (removed.ExitCode != 0 && File.Exists(Path.Combine(NamespaceFolder, name)))
            removed.EnsureSuccess();
    }

    private static bool IsOurs(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    private static bool OwnerLives(string name)
    {
        string[] parts = name.Split('-');
        return parts.Length >= 3
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            && long.TryParse(parts[2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long start)
            && StartTicks(pid) == start;
    }

    /// <summary>Field 22 of /proc/PID/stat (proc_pid_stat(5)): start time in clock ticks since boot; -1 when there is no such process.</summary>
    private static long StartTicks(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            // Field 2 is the program's name in parentheses and may hold spaces; field 3 follows the last parenthesis.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return -1;
        }
    }
}
