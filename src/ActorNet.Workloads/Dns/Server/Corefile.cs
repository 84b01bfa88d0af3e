using System.Globalization;
using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Dns.Server;

/// <summary>A Corefile is not one that can be run.</summary>
internal sealed class CorefileException(string message) : Exception(message);

/// <summary>
/// A Corefile (coredns.io/manual/configuration), as far as it is emulated: one server block for everything, with kubernetes, health, ready,
/// errors, log and template. What is known to change nothing here is passed over with a notice; what is not known is refused by its name.
/// </summary>
internal sealed record Corefile
{
    /// <summary>Where the server listens.</summary>
    public ushort Port { get; private init; } = 53;

    /// <summary>The cluster's zone; null: none.</summary>
    public KubernetesZone? Kubernetes { get; private init; }

    /// <summary>TCP port of /health; 0: none.</summary>
    public ushort HealthPort { get; private init; }

    /// <summary>TCP port of /ready; 0: none.</summary>
    public ushort ReadyPort { get; private init; }

    /// <summary>Whether every question is logged.</summary>
    public bool LogsQuestions { get; private init; }

    /// <summary>What is said of names outside the zones. There is nobody to ask: coredns without a next plugin says SERVFAIL.</summary>
    public DnsCode Outside { get; private init; } = DnsCode.ServerFailure;

    /// <summary>What was passed over, for the log.</summary>
    public IReadOnlyList<string> Notices { get; private init; } = [];

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="text">Its text.</param>
    /// <exception cref="CorefileException">It cannot be run; the message is for the log.</exception>
    public static Corefile Read(string path, string text)
    {
        var lines = text.Split('\n').Select((line, index) => (Words: Words(line), Number: index + 1)).Where(static each => each.Words.Length > 0).ToList();
        if (lines.Count == 0 || lines[0].Words[^1] != "{")
            throw Wrong(path, 1, "a server block is expected, as '.:53 {'");
        var file = new Corefile { Port = PortOf(path, lines[0].Words, lines[0].Number) };
        int at = 1;
        while (at < lines.Count && lines[at].Words is not ["}"])
            file = file.Take(path, lines, ref at);
        if (at != lines.Count - 1)
            throw Wrong(path, lines[Math.Min(at, lines.Count - 1)].Number, "one server block is emulated, and it ends with '}'");
        return file;
    }

    private Corefile Take(string path, List<(string[] Words, int Number)> lines, ref int at)
    {
        (string[] words, int number) = lines[at++];
        var block = new List<(string[] Words, int Number)>();
        if (words[^1] == "{")
        {
            words = words[..^1];
            while (at < lines.Count && lines[at].Words is not ["}"])
                block.Add(lines[at++]);
            if (at++ == lines.Count)
                throw Wrong(path, number, $"'{words[0]}' has no '}}'");
        }

        switch (words[0])
        {
            case "kubernetes":
                return this with { Kubernetes = ZoneOf(path, words, block, number) };
            case "health":
                return this with { HealthPort = PortOf(path, words, number, 8080) };
            case "ready":
                return this with { ReadyPort = PortOf(path, words, number, 8181) };
            case "errors":
                return this;
            case "log":
                return this with { LogsQuestions = true };
            case "template" when block is [(["rcode", "NXDOMAIN"], _)] && words is ["template", "IN" or "ANY", "ANY", ..]:
                return this with { Outside = DnsCode.NameError };
            case "template":
                throw Wrong(path, number, "of template only 'template IN ANY . { rcode NXDOMAIN }' is emulated");
            case "cache" or "loop" or "reload" or "loadbalance" or "prometheus":
                return this with { Notices = [.. Notices, $"plugin/{words[0]}: not emulated, passed over"] };
            case "forward":
                return this with { Notices = [.. Notices, "plugin/forward: not emulated: names outside the cluster are answered with SERVFAIL"] };
            default:
                throw Wrong(path, number, $"Unknown directive '{words[0]}'");
        }
    }

    private static KubernetesZone ZoneOf(string path, string[] words, List<(string[] Words, int Number)> block, int number)
    {
        if (words.Length < 2 || !DnsName.TryParse(words[1], out DnsName zone))
            throw Wrong(path, number, "kubernetes needs a zone, as 'kubernetes cluster.local'");
        var made = new KubernetesZone(zone, words.Contains("in-addr.arpa"), PodMode.Disabled, 5);
        foreach ((string[] line, int at) in block)
        {
            made = line switch
            {
                ["pods", "insecure"] => made with { Pods = PodMode.Insecure },
                ["pods", "disabled"] => made with { Pods = PodMode.Disabled },
                ["ttl", var text] when uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint ttl) && ttl <= 3600 => made with { Ttl = ttl },
                ["ttl", ..] => throw Wrong(path, at, $"ttl must be in range [0, 3600]: {string.Join(' ', line.Skip(1))}"),
                // There is nobody to fall through to.
                ["fallthrough", ..] => made,
                _ => throw Wrong(path, at, $"unknown property '{line[0]}'"),
            };
        }

        return made;
    }

    private static ushort PortOf(string path, string[] words, int number)
    {
        if (words is not [".", "{"] and not [[.., _], "{"] || (!words[0].StartsWith(".:", StringComparison.Ordinal) && words[0] != "."))
            throw Wrong(path, number, $"the server block '{words[0]}' is not emulated; use '.:53'");
        if (words[0] == ".")
            return 53;
        return ushort.TryParse(words[0].AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0 ? port : throw Wrong(path, number, $"invalid port in '{words[0]}'");
    }

    private static ushort PortOf(string path, string[] words, int number, ushort otherwise)
    {
        if (words.Length == 1)
            return otherwise;
        int colon = words[1].LastIndexOf(':');
        return colon >= 0 && ushort.TryParse(words[1].AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0
            ? port : throw Wrong(path, number, $"{words[0]}: '{words[1]}' is no address with a port, as :{otherwise}");
    }

    private static string[] Words(string line) => line.Split('#')[0].Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);

    private static CorefileException Wrong(string path, int line, string why) => new(string.Create(CultureInfo.InvariantCulture, $"{path}:{line} - Error during parsing: {why}"));
}
