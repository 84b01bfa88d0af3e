using System.Globalization;
using ActorNet.Packets;
using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Traceroute;

/// <summary>traceroute's options, read as its own library reads them (traceroute 2.1.2 libsupp/clif.c).</summary>
internal sealed class TracerouteOptions
{
    // IP header and the one of UDP or ICMP.
    private const int HeaderLength = 28;
    private const int DefaultLength = 60;
    private const int MaxLength = 65_000;

    private static readonly (string Name, char Letter, string Argument)[] Known =
    [
        ("", '4', ""), ("", '6', ""), ("debug", 'd', ""), ("dont-fragment", 'F', ""), ("first", 'f', "first_ttl"), ("gateway", 'g', "gate,..."), ("icmp", 'I', ""),
        ("tcp", 'T', ""), ("interface", 'i', "device"), ("max-hops", 'm', "max_ttl"), ("sim-queries", 'N', "squeries"), ("", 'n', ""), ("port", 'p', "port"),
        ("tos", 't', "tos"), ("flowlabel", 'l', "flow_label"), ("wait", 'w', "MAX,HERE,NEAR"), ("queries", 'q', "nqueries"), ("", 'r', ""), ("source", 's', "src_addr"),
        ("sendwait", 'z', "sendwait"), ("extensions", 'e', ""), ("as-path-lookups", 'A', ""), ("module", 'M', "name"), ("options", 'O', "OPTS,..."), ("udp", 'U', ""),
        ("dccp", 'D', ""), ("protocol", 'P', "prot"), ("version", 'V', ""), ("help", 'h', ""), ("sport", '\0', "num"), ("fwmark", '\0', "num"), ("mtu", '\0', ""), ("back", '\0', ""),
    ];

    private readonly List<(string Word, int Position)> _words = [];

    public string Host { get; private set; } = "";

    public Ipv4Address Address { get; private set; }

    public int FirstHop { get; private set; } = 1;

    public int MaxHops { get; private set; } = 30;

    public int Queries { get; private set; } = 3;

    public int Simultaneous { get; private set; } = 16;

    public bool Numeric { get; private set; }

    public bool Icmp { get; private set; }

    /// <summary>-U: one destination port for all probes.</summary>
    public bool ConstantPort { get; private set; }

    public bool DontFragment { get; private set; }

    public int Port { get; private set; }

    public byte TypeOfService { get; private set; }

    public string? Device { get; private set; }

    public string? Source { get; private set; }

    /// <summary>The longest wait for a probe, in seconds; then the factors of a wait for the same hop and for a next one.</summary>
    public (double Most, double Here, double Near) Wait { get; private set; } = (5, 3, 10);

    public TimeSpan SendWait { get; private set; }

    /// <summary>Bytes of a probe, headers included.</summary>
    public int PacketLength { get; private set; } = DefaultLength;

    /// <summary>Bytes behind the headers.</summary>
    public int DataLength => PacketLength - HeaderLength;

    /// <summary>Reads a command line and finds the host.</summary>
    /// <param name="context">What names hosts.</param>
    /// <param name="args">Arguments behind the program's name.</param>
    /// <exception cref="TracerouteExit">It is wrong, or asks for help.</exception>
    public static async Task<TracerouteOptions> ParseAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        if (args.Count == 0)
            throw new TracerouteExit(0, TracerouteText.Usage);
        var options = new TracerouteOptions();
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i].StartsWith("--", StringComparison.Ordinal) && args[i].Length > 2)
                options.TakeLong(args, ref i);
            else if (args[i].Length > 1 && args[i][0] == '-')
                options.TakeCluster(args, ref i);
            else
                options._words.Add((args[i], i + 1));
        }

        await options.TakeWordsAsync(context).ConfigureAwait(false);
        options.Check();
        return options;
    }

    private static TracerouteExit Misuse(string complaint) => new(2, complaint + "\n");

    private void TakeLong(IReadOnlyList<string> args, ref int at)
    {
        string word = args[at];
        string name = word[2..].Split('=')[0];
        (string Name, char Letter, string Argument)[] found = Array.FindAll(Known, each => each.Name == name);
        if (found.Length == 0)
            found = Array.FindAll(Known, each => each.Name.Length > 0 && each.Name.StartsWith(name, StringComparison.Ordinal));
        if (found.Length != 1)
            throw Misuse($"Bad option `{word}' (argc {at + 1})");
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        string? value = found[0].Argument.Length == 0 ? null : equals >= 0 ? word[(equals + 1)..] : Next(args, ref at, "--" + found[0].Name, $"--{found[0].Name}={found[0].Argument}");
        Take(found[0].Name, found[0].Letter, "--" + name, value, at + 1);
    }

    private void TakeCluster(IReadOnlyList<string> args, ref int at)
    {
        string cluster = args[at];
        for (int i = 1; i < cluster.Length; i++)
        {
            int known = Array.FindIndex(Known, each => each.Letter == cluster[i] && each.Letter != 'h');
            if (known < 0)
                throw Misuse($"Bad option `-{cluster[i]}' (argc {at + 1})");
            (string name, char letter, string argument) = Known[known];
            if (argument.Length == 0)
            {
                Take(name, letter, "-" + letter, null, at + 1);
                continue;
            }

            string value = i + 1 < cluster.Length ? cluster[(i + 1)..] : Next(args, ref at, "-" + letter, $"-{letter} {argument}");
            Take(name, letter, "-" + letter, value, at + 1);
            return;
        }
    }

    private static string Next(IReadOnlyList<string> args, ref int at, string option, string usage) =>
        at + 1 < args.Count ? args[++at] : throw Misuse($"Option `{option}' (argc {at + 1}) requires an argument: `{usage}'");

    private void Take(string name, char letter, string option, string? value, int position)
    {
        switch (letter)
        {
            case '4' or 'd' or 'r': break;
            case 'F': DontFragment = true; break;
            case 'I': Icmp = true; break;
            case 'U': ConstantPort = true; break;
            case 'n': Numeric = true; break;
            case 'V': throw new TracerouteExit(0, TracerouteText.Version);
            case 'h': throw new TracerouteExit(0, TracerouteText.Usage);
            case 'f': FirstHop = Number(value!, option, position); break;
            case 'm': MaxHops = Number(value!, option, position); break;
            case 'N': Simultaneous = Number(value!, option, position); break;
            case 'p': Port = Number(value!, option, position); break;
            case 'q': Queries = Number(value!, option, position); break;
            case 't': TypeOfService = (byte)Number(value!, option, position); break;
            case 'i': Device = value; break;
            case 's': Source = value; break;
            case 'w': TakeWait(value!, option, position); break;
            case 'z': TakeSendWait(value!, option, position); break;
            default: throw Misuse($"traceroute: {(letter == '\0' ? "--" + name : "-" + letter)} is not emulated");
        }
    }

    // strtoul of base 0 that has to end at the end of the word.
    private static int Number(string value, string option, int position)
    {
        bool isHex = value.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        bool good = int.TryParse(isHex ? value.AsSpan(2) : value, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number);
        return good ? number : throw Unreadable(value, option, position);
    }

    private static TracerouteExit Unreadable(string value, string option, int position) => Misuse($"Cannot handle `{option}' option with arg `{value}' (argc {position})");

    private static double Seconds(string value, string option, string whole, int position) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds <= 100_000 ? seconds : throw Unreadable(whole, option, position);

    private void TakeWait(string value, string option, int position)
    {
        string[] parts = value.Split(',');
        if (parts.Length > 3)
            throw Unreadable(value, option, position);
        Wait = (
            parts[0].Length > 0 ? Seconds(parts[0], option, value, position) : Wait.Most,
            parts.Length > 1 && parts[1].Length > 0 ? Seconds(parts[1], option, value, position) : Wait.Here,
            parts.Length > 2 && parts[2].Length > 0 ? Seconds(parts[2], option, value, position) : Wait.Near);
    }

    // More than ten are milliseconds.
    private void TakeSendWait(string value, string option, int position)
    {
        double number = Seconds(value, option, value, position);
        SendWait = number > 10 ? TimeSpan.FromMilliseconds(number) : TimeSpan.FromSeconds(number);
    }

    private async Task TakeWordsAsync(ProgramContext context)
    {
        if (_words.Count == 0)
            throw Misuse("Specify \"host\" missing argument.");
        (Host, int position) = _words[0];
        Lookup found = await context.LookUpAsync(Host).ConfigureAwait(false);
        if (found.Outcome != LookupOutcome.Found)
            throw Misuse($"{Host}: {found.Describe()}\nCannot handle \"host\" cmdline arg `{Host}' on position 1 (argc {position})");
        Address = found.Address.IsAny ? Ipv4Address.Loopback : found.Address;
        if (_words.Count > 1)
        {
            (string length, int at) = _words[1];
            if (!int.TryParse(length, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int bytes))
                throw Misuse($"Cannot handle \"packetlen\" cmdline arg `{length}' on position 2 (argc {at})");
            PacketLength = bytes;
        }

        if (_words.Count > 2)
            throw Misuse($"Extra arg `{_words[2].Word}' (position 3, argc {_words[2].Position})");
    }

    private void Check()
    {
        if (FirstHop < 1 || FirstHop > MaxHops)
            throw Misuse("first hop out of range");
        if (MaxHops > 255)
            throw Misuse("max hops cannot be more than 255");
        if (Queries is < 1 or > 10)
            throw Misuse("no more than 10 probes per hop");
        if (Wait.Most < 0 || Wait.Here < 0 || Wait.Near < 0)
            throw Misuse("bad wait specifications `" + Wait.Most.ToString(CultureInfo.InvariantCulture) + "' specified");
        if (PacketLength > MaxLength)
            throw Misuse(string.Create(CultureInfo.InvariantCulture, $"too big packetlen {PacketLength} specified"));
        PacketLength = Math.Max(PacketLength, HeaderLength);
        Simultaneous = Math.Max(Simultaneous, 1);
        if (Port == 0)
            Port = Icmp ? 1 : ConstantPort ? 53 : 33_434;
    }
}
