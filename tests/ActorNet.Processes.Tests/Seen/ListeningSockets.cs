using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace ActorNet.Processes.Tests.Seen;

/// <summary>What a process listens on and is connected with, by the kernel: its open sockets (/proc/PID/fd) among those of /proc/PID/net (proc_pid_net(5)).</summary>
internal static partial class ListeningSockets
{
    // The states of include/net/tcp_states.h: TCP_LISTEN, and TCP_CLOSE, which a UDP socket without a peer has.
    private const string Listen = "0A", Close = "07";

    // __SO_ACCEPTCON: a Unix socket that listens.
    private const int Accepts = 0x10000;

    /// <summary>As "tcp 127.0.0.1:80", "udp ..." and "unix PATH".</summary>
    public static HashSet<string> Of(int process)
    {
        string root = RootOf(process);
        HashSet<string> own = OwnOf(root);
        var found = new HashSet<string>();
        foreach ((string table, string protocol, string state) in new[] { ("tcp", "tcp", Listen), ("tcp6", "tcp", Listen), ("udp", "udp", Close), ("udp6", "udp", Close) })
        {
            foreach (string[] row in Rows($"{root}/net/{table}").Where(row => row[3] == state && own.Contains(row[9])))
                found.Add($"{protocol} {EndPoint(row[1])}");
        }

        // Num RefCount Protocol Flags Type St Inode Path
        foreach (string[] row in Rows($"{root}/net/unix").Where(row => own.Contains(row[6]) && (int.Parse(row[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & Accepts) != 0))
            found.Add($"unix {(row.Length > 7 ? row[7] : "")}");
        return found;
    }

    /// <summary>A process's TCP connections with an address, whatever their state, as "local remote".</summary>
    public static List<string> ConnectionsWith(int process, IPAddress remote)
    {
        string root = RootOf(process);
        HashSet<string> own = OwnOf(root);
        return
        [
            .. Rows($"{root}/net/tcp").Concat(Rows($"{root}/net/tcp6")).Where(row => own.Contains(row[9]))
                .Select(static row => (Local: EndPoint(row[1]), Remote: EndPoint(row[2]))).Where(each => each.Remote.Address.Equals(remote)).Select(static each => $"{each.Local} {each.Remote}"),
        ];
    }

    private static string RootOf(int process) => string.Create(CultureInfo.InvariantCulture, $"/proc/{process}");

    private static HashSet<string> OwnOf(string root) =>
        [.. Directory.EnumerateFiles($"{root}/fd").Select(static file => SocketName().Match(new FileInfo(file).LinkTarget ?? "")).Where(static name => name.Success).Select(static name => name.Groups[1].Value)];

    private static IEnumerable<string[]> Rows(string file) => File.ReadLines(file).Skip(1).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    // Words of the machine's own byte order, in hexadecimal.
    private static IPEndPoint EndPoint(string text)
    {
        string[] parts = text.Split(':');
        byte[] address = Convert.FromHexString(parts[0]);
        for (int word = 0; BitConverter.IsLittleEndian && word < address.Length; word += 4)
            Array.Reverse(address, word, 4);
        var known = new IPAddress(address);
        // A socket of both families that is bound to an IPv4 address.
        return new IPEndPoint(known.IsIPv4MappedToIPv6 ? known.MapToIPv4() : known, int.Parse(parts[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"^socket:\[(\d+)\]$")]
    private static partial Regex SocketName();
}
