using System.Globalization;
using ActorNet.Packets;
using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Dns.Tools;

/// <summary>What dig is told: one question of one or more servers.</summary>
internal sealed class DigOptions
{
    /// <summary>@SERVER; null: resolv.conf's.</summary>
    public string? Server { get; private set; }

    public ushort Port { get; private set; } = 53;

    public string Name { get; private set; } = ".";

    public DnsType Type { get; private set; } = DnsType.A;

    /// <summary>+search: names are completed by the search list.</summary>
    public bool Search { get; private set; }

    public bool Tcp { get; private set; }

    public bool Short { get; private set; }

    public bool Recurses { get; private set; } = true;

    public bool Edns { get; private set; } = true;

    public bool Cookie { get; private set; } = true;

    public bool DnssecOk { get; private set; }

    public bool AuthenticData { get; private set; } = true;

    public ushort Size { get; private set; } = 1232;

    /// <summary>+ignore: a cut answer is not asked for again by TCP.</summary>
    public bool IgnoresTruncation { get; private set; }

    public int Tries { get; private set; } = 3;

    public TimeSpan Patience { get; private set; } = TimeSpan.FromSeconds(5);

    public bool ShowsCommand { get; private set; } = true;

    public bool ShowsComments { get; private set; } = true;

    public bool ShowsQuestion { get; private set; } = true;

    public bool ShowsAnswer { get; private set; } = true;

    public bool ShowsAuthority { get; private set; } = true;

    public bool ShowsAdditional { get; private set; } = true;

    public bool ShowsStatistics { get; private set; } = true;

    /// <summary>Reads the words.</summary>
    /// <param name="args">The words behind the program's name.</param>
    /// <param name="complaint">What is wrong with them, as dig says it.</param>
    public static DigOptions? Parse(IReadOnlyList<string> args, out string complaint)
    {
        var options = new DigOptions();
        bool hasName = false, hasType = false;
        complaint = "";
        for (int i = 0; i < args.Count; i++)
        {
            string word = args[i];
            bool isGood = word switch
            {
                ['@', ..] => options.TakeServer(word[1..]),
                ['+', ..] => options.Take(word[1..].ToLowerInvariant()),
                "-x" when i + 1 < args.Count => hasName = options.TakeAddress(args[++i]),
                "-p" when i + 1 < args.Count => options.TakePort(args[++i]),
                "-t" when i + 1 < args.Count => hasType = options.TakeType(args[++i]),
                "-q" when i + 1 < args.Count => hasName = options.TakeName(args[++i]),
                "-4" => true,
                ['-', ..] => false,
                _ => true,
            };
            if (!isGood)
            {
                complaint = $"Invalid option: {word}\n";
                return null;
            }

            if (word[0] is '@' or '+' or '-')
                continue;
            // A word that is a type is one, once; any other is the name.
            if (!hasType && options.TakeType(word))
                hasType = true;
            else if (!word.Equals("in", StringComparison.OrdinalIgnoreCase))
                hasName = options.TakeName(word);
        }

        if (!hasName && !hasType)
            options.Type = DnsType.NS;
        return options;
    }

    private bool TakeServer(string server)
    {
        Server = server;
        return server.Length > 0;
    }

    private bool TakeName(string name)
    {
        Name = name;
        return true;
    }

    private bool TakeAddress(string text)
    {
        if (!Ipv4Address.TryParse(text, out Ipv4Address address))
            return false;
        (Name, Type) = (DnsName.Reverse(address).ToString(), DnsType.PTR);
        return true;
    }

    private bool TakePort(string text)
    {
        bool isGood = ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0;
        Port = port;
        return isGood;
    }

    private bool TakeType(string text)
    {
        if (char.IsAsciiDigit(text[0]) || !Enum.TryParse(text, ignoreCase: true, out DnsType type) || !Enum.IsDefined(type) || type == DnsType.OPT)
            return false;
        Type = type;
        return true;
    }

    private bool Take(string word)
    {
        bool on = !word.StartsWith("no", StringComparison.Ordinal);
        string name = on ? word : word[2..];
        int equals = name.IndexOf('=', StringComparison.Ordinal);
        int number = equals >= 0 && int.TryParse(name.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int read) ? read : -1;
        switch (equals >= 0 ? name[..equals] : name)
        {
            case "short":
                Short = on;
                (ShowsComments, ShowsStatistics, ShowsCommand) = on ? (false, false, false) : (ShowsComments, ShowsStatistics, ShowsCommand);
                return true;
            case "all":
                (ShowsComments, ShowsQuestion, ShowsAnswer) = (on, on, on);
                (ShowsAuthority, ShowsAdditional, ShowsStatistics, ShowsCommand) = (on, on, on, on);
                return true;
            case "tcp" or "vc": Tcp = on; return true;
            case "search": Search = on; return true;
            case "recurse" or "rec" or "rdflag": Recurses = on; return true;
            case "comments": ShowsComments = on; return true;
            case "question": ShowsQuestion = on; return true;
            case "answer": ShowsAnswer = on; return true;
            case "authority": ShowsAuthority = on; return true;
            case "additional": ShowsAdditional = on; return true;
            case "stats": ShowsStatistics = on; return true;
            case "cmd": ShowsCommand = on; return true;
            case "edns": Edns = on; return true;
            case "cookie": Cookie = on; return true;
            case "dnssec" or "do": DnssecOk = on; return true;
            case "adflag" or "aaonly": AuthenticData = on; return true;
            case "ignore": IgnoresTruncation = on; return true;
            case "bufsize" when number is >= 0 and <= ushort.MaxValue: Size = (ushort)number; return true;
            case "tries" when number > 0: Tries = number; return true;
            case "retry" when number >= 0: Tries = number + 1; return true;
            case "time" or "timeout" when number >= 0: Patience = TimeSpan.FromSeconds(Math.Max(1, number)); return true;
            default: return false;
        }
    }
}
