using System.Runtime.Versioning;

namespace ActorNet.Cli.Lab.Linux;

/// <summary>Linux's table of processes, /proc.</summary>
[SupportedOSPlatform("linux")]
internal static class ProcessTable
{
    // proc(5), /proc/PID/stat: field 3 is the state, field 22 the start in clock ticks after boot.
    private const int FieldsBeforeState = 3;
    private const int StartField = 22;

    /// <summary>When a process was started: the boot's id and the clock ticks since then; null for one that is not there or is a zombie.</summary>
    /// <param name="id">Process id.</param>
    public static string? StartOf(int id)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            // The name, field 2, stands in brackets and may hold anything.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : $"{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}/{fields[StartField - FieldsBeforeState]}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The process that listens on a port, as far as this user may see it.</summary>
    /// <param name="isTcp">TCP, else UDP.</param>
    /// <param name="address">Local address; a socket bound to all addresses counts too.</param>
    /// <param name="port">Port.</param>
    /// <returns>Id and name, or null when nobody is found.</returns>
    public static (int Id, string Name)? OwnerOf(bool isTcp, System.Net.IPAddress address, int port)
    {
        string table = isTcp ? "/proc/net/tcp" : "/proc/net/udp";
        if ((SocketOf(table, address, port) ?? SocketOf($"{table}6", address, port)) is not { } inode)
            return null;
        string target = $"socket:[{inode}]";
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out int id) && Holds(directory, target))
                return (id, NameOf(directory));
        }

        return null;
    }

    // Lines of proc(5), /proc/net/tcp: "sl local_address rem_address st ... inode", the address as hexadecimal of the four bytes in memory order.
    private static string? SocketOf(string table, System.Net.IPAddress address, int port)
    {
        uint own = BitConverter.ToUInt32(address.GetAddressBytes());
        // Of an IPv6 socket that takes IPv4 too: the address mapped (RFC 4291 2.5.5.2), or none.
        string[] wanted = [$"{own:X8}:{port:X4}", $"{0:X8}:{port:X4}", $"0000000000000000FFFF0000{own:X8}:{port:X4}", $"{new string('0', 32)}:{port:X4}"];
        const string listen = "0A", unconnected = "07";
        try
        {
            return File.ReadLines(table).Skip(1)
                .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .FirstOrDefault(f => f.Length > 9 && wanted.Contains(f[1]) && f[3] is listen or unconnected)?[9];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool Holds(string process, string target)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd")).Any(file => new FileInfo(file).LinkTarget == target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's, or one that has just ended.
            return false;
        }
    }

    private static string NameOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "comm")).Trim();
        }
        catch (IOException)
        {
            return "?";
        }
    }
}
