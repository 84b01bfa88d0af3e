using ActorNet.Workloads.Names;

namespace ActorNet.Workloads.Netstat;

/// <summary>The options of netstat of net-tools 2.10; words are ignored, as the real one ignores them.</summary>
internal sealed class NetstatOptions
{
    private static readonly LongOptions LongNames = new(
        ("interfaces", 'i'), ("route", 'r'), ("groups", 'g'), ("statistics", 's'), ("masquerade", 'M'), ("version", 'V'), ("verbose", 'v'),
        ("wide", 'W'), ("numeric", 'n'), ("numeric-hosts", '!'), ("numeric-ports", '"'), ("numeric-users", '$'), ("symbolic", 'N'), ("extend", 'e'),
        ("programs", 'p'), ("timers", 'o'), ("continuous", 'c'), ("listening", 'l'), ("all", 'a'), ("fib", 'F'), ("cache", 'C'), ("context", 'Z'),
        ("tcp", 't'), ("udp", 'u'), ("udplite", 'U'), ("sctp", 'S'), ("raw", 'w'), ("unix", 'x'), ("inet", '4'), ("inet6", '6'), ("help", 'h'));

    public bool Interfaces { get; private set; }

    public bool Routes { get; private set; }

    public bool Statistics { get; private set; }

    public bool NumericHosts { get; private set; }

    public bool NumericPorts { get; private set; }

    public bool Programs { get; private set; }

    public bool Timers { get; private set; }

    public bool Listening { get; private set; }

    public bool All { get; private set; }

    public bool Wide { get; private set; }

    public int Extended { get; private set; }

    /// <summary>Whether IPv4 is listed: -6 alone leaves it out.</summary>
    public bool Ipv4 { get; private set; } = true;

    /// <summary>The tables that were asked for: t, u, w, x; none means all.</summary>
    public HashSet<char> Tables { get; } = [];

    /// <summary>What asks for a text of its own: V or h, or none.</summary>
    public char Text { get; private set; }

    /// <summary>Reads a command line.</summary>
    /// <param name="args">Arguments behind the program's name.</param>
    /// <exception cref="NetstatExit">It is wrong.</exception>
    public static NetstatOptions Parse(IReadOnlyList<string> args)
    {
        var options = new NetstatOptions();
        foreach (string word in args.TakeWhile(static word => word != "--"))
        {
            if (word.StartsWith("--", StringComparison.Ordinal))
                options.Take(Find(word));
            else if (word.Length > 1 && word[0] == '-')
                options.TakeCluster(word);
        }

        if ((options.Interfaces ? 1 : 0) + (options.Routes ? 1 : 0) + (options.Statistics ? 1 : 0) > 1)
            throw new NetstatExit(3, NetstatText.Usage);
        return options;
    }

    private static char Find(string word) => LongNames.Find(word[2..], out _, out char letter) is { } complaint
        ? throw new NetstatExit(3, $"netstat: {complaint}\n" + NetstatText.Usage)
        : letter;

    private void TakeCluster(string cluster)
    {
        foreach (char letter in cluster.AsSpan(1))
        {
            if (!LongNames.Has(letter) || "!\"$".Contains(letter, StringComparison.Ordinal))
                throw new NetstatExit(3, $"netstat: invalid option -- '{letter}'\n" + NetstatText.Usage);
            Take(letter);
        }
    }

    private void Take(char letter)
    {
        switch (letter)
        {
            case 'i': Interfaces = true; break;
            case 'r': Routes = true; break;
            case 's': Statistics = true; break;
            case 'n': (NumericHosts, NumericPorts) = (true, true); break;
            case '!': NumericHosts = true; break;
            case '"': NumericPorts = true; break;
            case 'p': Programs = true; break;
            case 'o': Timers = true; break;
            case 'l': Listening = true; break;
            case 'a': (All, Listening) = (true, true); break;
            case 'W': Wide = true; break;
            case 'e': Extended++; break;
            case '6': Ipv4 = false; break;
            case 't' or 'u' or 'w' or 'x': Tables.Add(letter); break;
            case 'V' or 'h': Text = letter; break;
            case 'v' or 'N' or 'F' or '4' or '$': break;
            default: throw new NetstatExit(1, $"netstat: -{letter} is not emulated\n");
        }
    }
}

/// <summary>Ends netstat with a message and its exit code; it never leaves this folder.</summary>
/// <param name="exitCode">The real tool's exit code.</param>
/// <param name="text">All of what goes to standard error.</param>
internal sealed class NetstatExit(int exitCode, string text) : Exception(text)
{
    /// <summary>The exit code.</summary>
    public int ExitCode => exitCode;
}
