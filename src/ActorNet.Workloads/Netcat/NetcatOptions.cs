using System.Globalization;

namespace ActorNet.Workloads.Netcat;

/// <summary>
/// netcat's options, read as getopt reads them: clusters, and words between options. Busybox's `nc -l -p PORT` and `nc -lp PORT` mean the same
/// here, for Debian's netcat takes them too.
/// </summary>
internal sealed class NetcatOptions
{
    private const string WithValue = "IiMmOPpqsTVWwXx";

    // What needs something that is not emulated: Unix sockets, DCCP, MD5 signatures, passed descriptors, proxies, routing tables.
    private const string NotEmulated = "FSUZPVXxmt";

    private readonly List<string> _words = [];

    public bool Listen { get; private set; }

    public bool KeepListening { get; private set; }

    public bool Verbose { get; private set; }

    public bool Udp { get; private set; }

    public bool Scan { get; private set; }

    public bool Numeric { get; private set; }

    public bool DetachInput { get; private set; }

    public bool CarriageReturns { get; private set; }

    public bool Broadcast { get; private set; }

    public bool RandomPorts { get; private set; }

    public bool Ipv6 { get; private set; }

    /// <summary>-N; -q implies it.</summary>
    public bool ShutdownSend { get; private set; }

    /// <summary>-q: seconds, or null.</summary>
    public TimeSpan? Quit { get; private set; }

    /// <summary>-w: of connecting, and of silence.</summary>
    public TimeSpan? Timeout { get; private set; }

    public TimeSpan Interval { get; private set; }

    public int ReceiveLimit { get; private set; }

    public int ReceiveBuffer { get; private set; }

    public int SendBuffer { get; private set; }

    public byte TimeToLive { get; private set; }

    public byte TypeOfService { get; private set; }

    public string? SourcePort { get; private set; }

    public string? SourceAddress { get; private set; }

    public string? Host { get; private set; }

    public string Port { get; private set; } = "";

    public string Protocol => Udp ? "udp" : "tcp";

    /// <summary>Reads a command line.</summary>
    /// <param name="args">Arguments behind the program's name.</param>
    /// <exception cref="NetcatExit">It is wrong, or asks for help.</exception>
    public static NetcatOptions Parse(IReadOnlyList<string> args)
    {
        var options = new NetcatOptions();
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i] == "--")
            {
                options._words.AddRange(args.Skip(i + 1));
                break;
            }

            if (args[i].Length < 2 || args[i][0] != '-')
                options._words.Add(args[i]);
            else
                options.TakeCluster(args, ref i);
        }

        options.TakeWords();
        return options;
    }

    private static NetcatExit Misuse(string complaint = "") => new(complaint + NetcatText.Usage);

    private void TakeCluster(IReadOnlyList<string> args, ref int at)
    {
        string cluster = args[at];
        for (int i = 1; i < cluster.Length; i++)
        {
            char option = cluster[i];
            if (NotEmulated.Contains(option, StringComparison.Ordinal))
                throw NetcatExit.Failure($"-{option} is not emulated");
            if (WithValue.Contains(option, StringComparison.Ordinal))
            {
                string? value = i + 1 < cluster.Length ? cluster[(i + 1)..] : ++at < args.Count ? args[at] : null;
                TakeValue(option, value ?? throw Misuse($"nc: option requires an argument -- '{option}'\n"));
                return;
            }

            TakeFlag(option);
        }
    }

    private void TakeFlag(char option)
    {
        switch (option)
        {
            case '4': Ipv6 = false; break;
            case '6': Ipv6 = true; break;
            case 'b': Broadcast = true; break;
            case 'C': CarriageReturns = true; break;
            case 'D': break;
            case 'd': DetachInput = true; break;
            case 'h': throw new NetcatExit(NetcatText.Version + NetcatText.Usage + NetcatText.Summary, 0);
            case 'k': KeepListening = true; break;
            case 'l': Listen = true; break;
            case 'N': ShutdownSend = true; break;
            case 'n': Numeric = true; break;
            case 'r': RandomPorts = true; break;
            case 'u': Udp = true; break;
            case 'v': Verbose = true; break;
            case 'z': Scan = true; break;
            default: throw Misuse($"nc: invalid option -- '{option}'\n");
        }
    }

    private void TakeValue(char option, string value)
    {
        switch (option)
        {
            case 'I': ReceiveBuffer = (int)Number(value, 1, 65_536 << 14, "TCP receive window"); break;
            case 'i': Interval = TimeSpan.FromSeconds(Number(value, 0, uint.MaxValue, "interval")); break;
            case 'M': TimeToLive = (byte)NumberOr(value, 0, 255, static why => $"ttl is {why}"); break;
            case 'O': SendBuffer = (int)Number(value, 1, 65_536 << 14, "TCP send window"); break;
            case 'p': SourcePort = value; break;
            case 'q': TakeQuit(Number(value, int.MinValue, int.MaxValue, "quit timer")); break;
            case 's': SourceAddress = value; break;
            case 'T': TakeService(value); break;
            case 'W': ReceiveLimit = (int)Number(value, 1, int.MaxValue, "receive limit"); break;
            default: Timeout = TimeSpan.FromSeconds(Number(value, 0, int.MaxValue / 1000, "timeout")); break;
        }
    }

    private void TakeQuit(long seconds)
    {
        Quit = seconds >= 0 ? TimeSpan.FromSeconds(seconds) : null;
        ShutdownSend |= seconds >= 0;
    }

    private void TakeService(string value)
    {
        int number = NetcatService.Find(value);
        bool isHex = number < 0 && value.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && int.TryParse(value.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
        if (number < 0 && !isHex && !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number))
            number = -1;
        if (number is < 0 or > 255)
            throw NetcatExit.Failure($"illegal tos value {value}");
        TypeOfService = (byte)number;
    }

    // netcat.c main: which words are host and port.
    private void TakeWords()
    {
        if (_words.Count == 0 && Listen)
            (Host, Port) = (SourceAddress, SourcePort ?? throw NetcatExit.Failure("missing port number"));
        else if (_words.Count == 1 && SourcePort is null && SourceAddress is null)
            Port = Listen ? _words[0] : throw NetcatExit.Failure("missing port number");
        else if (_words.Count >= 2 && !(Listen && (SourcePort is not null || SourceAddress is not null || _words.Count > 2)))
            (Host, Port) = (_words[0], _words[1]);
        else
            throw Misuse();
        if (Listen && Scan)
            throw NetcatExit.Failure("cannot use -z and -l");
        if (!Listen && KeepListening)
            throw NetcatExit.Failure("must use -l with -k");
    }

    private static long Number(string value, long min, long max, string what) => NumberOr(value, min, max, why => $"{what} {why}: {value}");

    // strtonum(3) and its three complaints.
    internal static long NumberOr(string value, long min, long max, Func<string, string> complain)
    {
        bool isNumber = Int128.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out Int128 number);
        if (isNumber && number >= min && number <= max)
            return (long)number;
        throw NetcatExit.Failure(complain(!isNumber ? "invalid" : number < min ? "too small" : "too large"));
    }
}
