using System.Globalization;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Ping;

/// <summary>The options of ping, parsed as iputils 20221126 does: getopt with words and options mixed.</summary>
internal sealed class PingOptions
{
    private const string WithValue = "cisWwtMI";

    public string Target { get; private set; } = "";

    public long Count { get; private set; }

    public TimeSpan Interval { get; private set; } = TimeSpan.FromSeconds(1);

    public int DataLength { get; private set; } = 56;

    public TimeSpan Linger { get; private set; } = TimeSpan.FromSeconds(10);

    public int Deadline { get; private set; }

    public byte TimeToLive { get; private set; }

    public PathMtuDiscovery PathMtuDiscovery { get; private set; } = PathMtuDiscovery.Want;

    public bool Quiet { get; private set; }

    public bool Broadcast { get; private set; }

    public bool Timestamps { get; private set; }

    /// <summary>-n: addresses are not looked up for names.</summary>
    public bool IsNumeric { get; private set; }

    public string? Interface { get; private set; }

    /// <summary>What goes to standard error before anything else, or instead of it.</summary>
    public string Message { get; private set; } = "";

    /// <summary>The exit code when the arguments are refused, or 0.</summary>
    public int ExitCode { get; private set; }

    public static PingOptions Parse(IReadOnlyList<string> args)
    {
        var options = new PingOptions();
        var words = new List<string>();
        bool ended = false;
        for (int i = 0; i < args.Count && options.ExitCode == 0; i++)
        {
            if (ended || args[i].Length < 2 || args[i][0] != '-')
                words.Add(args[i]);
            else if (args[i] == "--")
                ended = true;
            else
                options.TakeCluster(args, ref i);
        }

        if (options.ExitCode == 0 && words.Count == 0)
            options.Refuse(1, "ping: usage error: Destination address required\n");
        else if (options.ExitCode == 0 && words.Count > 1)
            options.Refuse(2, "ping: source routes are not supported: name one destination\n");
        else if (words.Count > 0)
            options.Target = words[0];
        return options;
    }

    private void Refuse(int exitCode, string message)
    {
        ExitCode = exitCode;
        Message += message;
    }

    private void TakeCluster(IReadOnlyList<string> args, ref int at)
    {
        string cluster = args[at];
        for (int i = 1; i < cluster.Length && ExitCode == 0; i++)
        {
            char option = cluster[i];
            if (WithValue.Contains(option, StringComparison.Ordinal))
            {
                string? value = i + 1 < cluster.Length ? cluster[(i + 1)..] : ++at < args.Count ? args[at] : null;
                if (value is null)
                    Refuse(2, $"ping: option requires an argument -- '{option}'\n" + PingText.Usage);
                else
                    TakeValue(option, value);
                return;
            }

            TakeFlag(option);
        }
    }

    private void TakeFlag(char option)
    {
        switch (option)
        {
            case 'q':
                Quiet = true;
                break;
            case 'b':
                Broadcast = true;
                break;
            case 'D':
                Timestamps = true;
                break;
            case 'n':
                IsNumeric = true;
                break;
            case '4':
                // There is nothing else.
                break;
            case 'h':
                Refuse(2, PingText.Usage);
                break;
            default:
                Refuse(2, $"ping: invalid option -- '{option}'\n" + PingText.Usage);
                break;
        }
    }

    private void TakeValue(char option, string value)
    {
        switch (option)
        {
            case 'c':
                Count = Integer(value, 1, long.MaxValue);
                break;
            case 's':
                DataLength = (int)Integer(value, 0, int.MaxValue);
                break;
            case 't':
                TimeToLive = (byte)Integer(value, 0, 255);
                break;
            case 'w':
                Deadline = (int)Integer(value, 0, int.MaxValue);
                break;
            case 'i':
                Interval = Seconds(value, "bad timing interval");
                // As for a user, so that a pod's ping never becomes a busy loop (MINUSERINTERVAL).
                if (ExitCode == 0 && Interval < TimeSpan.FromMilliseconds(2))
                    Refuse(2, "ping: cannot flood; minimal interval allowed for user is 2ms\n");
                break;
            case 'W':
                Linger = Seconds(value, "bad linger time");
                break;
            case 'M':
                TakeDiscovery(value);
                break;
            default:
                Interface = value;
                break;
        }
    }

    private void TakeDiscovery(string value)
    {
        if (value.Equals("do", StringComparison.OrdinalIgnoreCase))
            PathMtuDiscovery = PathMtuDiscovery.Do;
        else if (value.Equals("dont", StringComparison.OrdinalIgnoreCase))
            PathMtuDiscovery = PathMtuDiscovery.Dont;
        else if (value.Equals("want", StringComparison.OrdinalIgnoreCase))
            PathMtuDiscovery = PathMtuDiscovery.Want;
        else
            Refuse(2, $"ping: invalid -M argument: {value}\n");
    }

    // strtol_or_err.
    private long Integer(string value, long min, long max)
    {
        if (!long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
            Refuse(1, $"ping: invalid argument: '{value}'\n");
        else if (number < min || number > max)
            Refuse(1, $"ping: invalid argument: '{value}': out of range: {min} <= value <= {max}\n");
        else
            return number;
        return min;
    }

    // ping_strtod: what follows the number is complained about and ignored.
    private TimeSpan Seconds(string value, string complaint)
    {
        int length = value.Length;
        double seconds = 0;
        while (length > 0 && !double.TryParse(value.AsSpan(0, length), NumberStyles.Float, CultureInfo.InvariantCulture, out seconds))
            length--;
        if (length == 0)
            seconds = 0;
        if (length < value.Length)
            Message += $"ping: option argument contains garbage: {value[length..]}\nping: this will become fatal error in the future\n";
        // INT_MAX milliseconds; a not-a-number is out of range too.
        if (!(seconds >= 0 && seconds <= int.MaxValue / 1000))
        {
            Refuse(2, $"ping: {complaint}: {value}\n");
            return TimeSpan.Zero;
        }

        return TimeSpan.FromMilliseconds(Math.Floor(seconds * 1000));
    }
}
