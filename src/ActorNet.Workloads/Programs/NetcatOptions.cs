using System.Globalization;
using ActorNet.Packets;

namespace ActorNet.Workloads.Programs;

/// <summary>The options of <see cref="NetcatProgram"/>.</summary>
internal sealed class NetcatOptions
{
    public bool Listen { get; private set; }

    public bool Verbose { get; private set; }

    public bool Udp { get; private set; }

    public string? Host { get; private set; }

    public ushort Port { get; private set; }

    public ushort SourcePort { get; private set; }

    public Ipv4Address SourceAddress { get; private set; }

    public TimeSpan? Timeout { get; private set; }

    public int ReceiveLimit { get; private set; }

    public static bool TryParse(IReadOnlyList<string> args, out NetcatOptions options, out string error)
    {
        options = new NetcatOptions();
        error = "";
        var words = new List<string>();
        for (int i = 0; i < args.Count && error.Length == 0; i++)
        {
            if (args[i].Length < 2 || args[i][0] != '-')
                words.Add(args[i]);
            else
                options.TakeCluster(args, ref i, out error);
        }

        if (error.Length == 0)
            options.TakeWords(words, out error);
        return error.Length == 0;
    }

    private void TakeCluster(IReadOnlyList<string> args, ref int at, out string error)
    {
        error = "";
        string cluster = args[at];
        for (int i = 1; i < cluster.Length; i++)
        {
            char option = cluster[i];
            if ("psWw".Contains(option, StringComparison.Ordinal))
            {
                string? value = i + 1 < cluster.Length ? cluster[(i + 1)..] : ++at < args.Count ? args[at] : null;
                error = value is null ? $"nc: option requires an argument -- '{option}'\n" : TakeValue(option, value);
                return;
            }

            switch (option)
            {
                case 'u': Udp = true; break;
                case 'l': Listen = true; break;
                case 'v': Verbose = true; break;
                case 'n' or '4' or 'k' or 'N': break;
                default:
                    error = $"nc: invalid option -- '{option}'\n";
                    return;
            }
        }
    }

    private string TakeValue(char option, string value)
    {
        switch (option)
        {
            case 'p' when TryPort(value, out ushort port):
                SourcePort = port;
                return "";
            case 's' when Ipv4Address.TryParse(value, out Ipv4Address address):
                SourceAddress = address;
                return "";
            case 'w' when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds):
                Timeout = TimeSpan.FromSeconds(seconds);
                return "";
            case 'W' when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0:
                ReceiveLimit = count;
                return "";
            case 'w':
                return $"nc: timeout invalid: {value}\n";
            case 'W':
                return $"nc: receive limit invalid: {value}\n";
            default:
                return option == 'p' ? PortError(value) : $"nc: address invalid: {value}\n";
        }
    }

    private void TakeWords(List<string> words, out string error)
    {
        // nc -l PORT, nc -l HOST PORT, nc -l -p PORT, nc HOST PORT.
        error = "";
        string? port = words.Count > 0 ? words[^1] : null;
        if (Listen && words.Count == 0 && SourcePort != 0)
            Port = SourcePort;
        else if (port is null || words.Count > 2 || (!Listen && words.Count != 2))
            error = "nc: missing port number\n";
        else if (TryPort(port, out ushort number))
            Port = number;
        else
            error = PortError(port);
        Host = words.Count == 2 ? words[0] : null;
        if (error.Length == 0 && !Udp)
            error = "nc: TCP is not built in yet; use -u\n";
    }

    // strtonum's three complaints.
    private static string PortError(string text) =>
        !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? $"nc: port number invalid: {text}\n"
        : number > ushort.MaxValue ? $"nc: port number too large: {text}\n"
        : $"nc: port number too small: {text}\n";

    private static bool TryPort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port != 0;
}
