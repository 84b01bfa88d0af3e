using ActorNet.Workloads.Names;

namespace ActorNet.Workloads.Ss;

/// <summary>The options of ss of iproute2 6.1 that have a meaning in a namespace of IPv4 sockets; the real tool's others are refused by name.</summary>
internal sealed class SsOptions
{
    private static readonly LongOptions LongNames = new(
        ("numeric", 'n'), ("resolve", 'r'), ("options", 'o'), ("memory", 'm'), ("info", 'i'), ("processes", 'p'), ("threads", 'T'), ("dccp", 'd'),
        ("tcp", 't'), ("sctp", 'S'), ("udp", 'u'), ("raw", 'w'), ("unix", 'x'), ("all", 'a'), ("listening", 'l'), ("ipv4", '4'), ("ipv6", '6'),
        ("packet", '0'), ("family", 'f'), ("socket", 'A'), ("query", 'A'), ("summary", 's'), ("version", 'V'), ("help", 'h'), ("no-header", 'H'),
        ("oneline", 'O'), ("extended", 'e'), ("kill", 'K'), ("events", 'E'), ("context", 'Z'), ("contexts", 'z'), ("net", 'N'), ("bpf", 'b'),
        ("diag", 'D'), ("filter", 'F'), ("mptcp", 'M'));

    private readonly List<string> _words = [];

    public bool Numeric { get; private set; }

    public bool Resolve { get; private set; }

    public bool All { get; private set; }

    public bool Listening { get; private set; }

    public bool Timers { get; private set; }

    public bool Memory { get; private set; }

    public bool Info { get; private set; }

    public bool Summary { get; private set; }

    public bool OneLine { get; private set; }

    public bool Header { get; private set; } = true;

    /// <summary>Whether IPv4 is listed: -6, -x and -w leave nothing to list here.</summary>
    public bool Ipv4 { get; private set; } = true;

    /// <summary>The tables that were asked for: t, u, w, x; none means all.</summary>
    public HashSet<char> Tables { get; } = [];

    /// <summary>The words behind the options: states and the expression.</summary>
    public IReadOnlyList<string> Words => _words;

    /// <summary>Reads a command line, options and words mixed.</summary>
    /// <param name="args">Arguments behind the program's name.</param>
    /// <exception cref="SsExit">It is wrong, or asks for help.</exception>
    public static SsOptions Parse(IReadOnlyList<string> args)
    {
        var options = new SsOptions();
        for (int i = 0; i < args.Count; i++)
        {
            string word = args[i];
            if (word == "--")
            {
                options._words.AddRange(args.Skip(i + 1));
                break;
            }

            if (word.StartsWith("--", StringComparison.Ordinal))
                options.TakeLong(word[2..], args, ref i);
            else if (word.Length > 1 && word[0] == '-')
                options.TakeCluster(word, args, ref i);
            else
                options._words.Add(word);
        }

        return options;
    }

    /// <summary>The failure for a wrong command line.</summary>
    /// <param name="complaint">What is said before the usage.</param>
    public static SsExit Misuse(string complaint) => new(255, complaint + SsText.Usage);

    // getopt_long: a name may be cut short where that leaves one.
    private void TakeLong(string word, IReadOnlyList<string> args, ref int at)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        if (LongNames.Find(word, out string name, out char letter) is { } complaint)
            throw Misuse($"ss: {complaint}\n");
        string? value = equals < 0 ? null : word[(equals + 1)..];
        if ("fANDF".Contains(letter, StringComparison.Ordinal))
            TakeValue(letter, value ?? (++at < args.Count ? args[at] : throw Misuse($"ss: option '--{name}' requires an argument\n")));
        else if (value is not null)
            throw Misuse($"ss: option '--{name}' doesn't allow an argument\n");
        else
            TakeFlag(letter);
    }

    private void TakeCluster(string cluster, IReadOnlyList<string> args, ref int at)
    {
        for (int i = 1; i < cluster.Length; i++)
        {
            char letter = cluster[i];
            if (!"fANDF".Contains(letter, StringComparison.Ordinal))
            {
                TakeFlag(letter);
                continue;
            }

            string? value = i + 1 < cluster.Length ? cluster[(i + 1)..] : ++at < args.Count ? args[at] : null;
            TakeValue(letter, value ?? throw Misuse($"ss: option requires an argument -- '{letter}'\n"));
            return;
        }
    }

    private void TakeFlag(char letter)
    {
        switch (letter)
        {
            case 'n': Numeric = true; break;
            case 'r': Resolve = true; break;
            case 'a': All = true; break;
            case 'l': Listening = true; break;
            case 'o': Timers = true; break;
            case 'm': Memory = true; break;
            case 'i': Info = true; break;
            case 's': Summary = true; break;
            case 'O': OneLine = true; break;
            case 'H': Header = false; break;
            case 't' or 'u' or 'w' or 'x': Tables.Add(letter); break;
            // Which process has a socket is not known; as for another user's sockets, nothing is said.
            case 'p' or '4': break;
            case '6': Ipv4 = false; break;
            case 'h': throw new SsExit(0, SsText.Usage);
            case 'V' or 'v': throw new SsExit(0, SsText.Version);
            case var known when LongNames.Has(known): throw new SsExit(255, $"ss: -{letter} is not emulated\n");
            default: throw Misuse($"ss: invalid option -- '{letter}'\n");
        }
    }

    private void TakeValue(char letter, string value)
    {
        if (letter == 'f' && value is "inet" or "inet6" or "unix" or "link" or "netlink" or "vsock" or "tipc" or "xdp")
            Ipv4 &= value == "inet";
        else if (letter == 'f')
            throw value == "help" ? new SsExit(0, SsText.Usage) : Misuse($"ss: \"{value}\" is invalid family\n");
        else if (letter == 'A')
            TakeTables(value);
        else
            throw new SsExit(255, $"ss: -{letter} is not emulated\n");
    }

    private void TakeTables(string value)
    {
        foreach (string name in value.Split(','))
        {
            switch (name)
            {
                case "all": Tables.UnionWith("tuwx"); break;
                case "inet": Tables.UnionWith("tuw"); break;
                case "tcp": Tables.Add('t'); break;
                case "udp": Tables.Add('u'); break;
                case "raw": Tables.Add('w'); break;
                case "unix": Tables.Add('x'); break;
                default: throw Misuse($"ss: \"{name}\" is illegal socket table id\n");
            }
        }
    }
}
