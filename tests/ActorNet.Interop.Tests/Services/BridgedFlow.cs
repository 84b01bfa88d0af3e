using ActorNet.Interop.Tests.Wire;

namespace ActorNet.Interop.Tests.Services;

/// <summary>
/// The TCP frames of one request by way of a ClusterIP between pods of one bridge, in words that do not name the cluster: who sent them to whom on the
/// bridge and by IP, with which TTL. C is the client, S the server, G the bridge, V the Service.
/// </summary>
internal static class BridgedFlow
{
    private static readonly string[] Fields = ["frame.interface_name", "eth.src", "eth.dst", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "ip.ttl", "tcp.flags"];

    /// <summary>Reads captures at the client's and the server's device.</summary>
    /// <param name="captures">The files; where there is one for all, the device names tell them apart.</param>
    /// <param name="devices">Device names in a file for both, or null when each device has a file.</param>
    /// <param name="addresses">The addresses of client, server, bridge and Service.</param>
    /// <returns>For each device each kind of frame once, in order.</returns>
    public static async Task<string[][]> ReadAsync(string[] captures, string[]? devices, (string Client, string Server, string Bridge, string Service) addresses)
    {
        var read = new List<string[]>();
        foreach (string file in captures)
        {
            await Tshark.AssertSoundAsync(file, await Tshark.DissectAsync(file));
            string[] command = ["tshark", "-n", "-r", file, "-Y", "tcp", "-T", "fields", .. Fields.SelectMany(static f => new[] { "-e", f })];
            read.AddRange((await ProcessRunner.RunAsync(command)).EnsureSuccess().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => ((string[])[file, .. l.Split('\t')])));
        }

        string[][][] places = devices is null ? [.. captures.Select(file => read.Where(f => f[0] == file).ToArray())] : [.. devices.Select(device => read.Where(f => f[1] == device).ToArray())];
        // SYN alone; at the client's device it goes to the bridge's address, at the server's to the server's.
        string[] first = Syn(places[0]), last = places[^1].Last(static f => f[9] == "0x0002");
        var names = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [first[2]] = "C",
            [addresses.Client] = "C",
            [addresses.Bridge] = "G",
            [addresses.Service] = "V",
        };
        names.TryAdd(first[3], "G");
        names.TryAdd(last[3], "S");
        names.TryAdd(addresses.Server, "S");
        return [.. places.Select(frames => frames.Select(f => $"{Name(f[2])}>{Name(f[3])} {Name(f[4])}:{Port(f[5])}>{Name(f[6])}:{Port(f[7])} ttl {f[8]}").Distinct().Order(StringComparer.Ordinal).ToArray())];

        string Name(string address) => names.GetValueOrDefault(address, address);

        static string[] Syn(string[][] frames) => frames.First(static f => f[9] == "0x0002");

        static string Port(string port) => port is "80" or "8080" ? port : "c";
    }
}
