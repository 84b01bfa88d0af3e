namespace ActorNet.Workloads.Iperf;

/// <summary>Which side understands an option.</summary>
internal enum OptionSide
{
    Both,
    Client,
    Server,
}

/// <summary>An option of the command line.</summary>
/// <param name="Short">Its letter, or NUL.</param>
/// <param name="Long">Its long name.</param>
/// <param name="Value">What its value is called in the help, or null when it takes none.</param>
/// <param name="Side">Who understands it.</param>
/// <param name="Help">What it does; null when iperf3 has it and this does not.</param>
internal sealed record IperfOption(char Short, string Long, string? Value, OptionSide Side, string? Help)
{
    /// <summary>The options of iperf 3.12 in the order of its manual page.</summary>
    public static readonly IReadOnlyList<IperfOption> All =
    [
        new('p', "port", "#", OptionSide.Both, "port of the server, 5201 unless given"),
        new('f', "format", "[kmgtKMGT]", OptionSide.Both, "unit of rates: bits by small letters, bytes by large ones"),
        new('i', "interval", "#", OptionSide.Both, "seconds between reports, 0 for none"),
        new('B', "bind", "<host>[%<dev>]", OptionSide.Both, "own address, and device"),
        new('\0', "bind-dev", "<dev>", OptionSide.Both, "own device"),
        new('V', "verbose", null, OptionSide.Both, "more about the test and its end"),
        new('J', "json", null, OptionSide.Both, "one JSON document instead of lines"),
        new('\0', "forceflush", null, OptionSide.Both, "accepted; every report is flushed"),
        new('\0', "snd-timeout", "#", OptionSide.Both, "milliseconds that sent data may stay unacknowledged"),
        new('v', "version", null, OptionSide.Both, "print the version"),
        new('h', "help", null, OptionSide.Both, "print this"),
        new('4', "version4", null, OptionSide.Both, "accepted; there is no other version"),
        new('s', "server", null, OptionSide.Server, "be a server, for one test at a time"),
        new('1', "one-off", null, OptionSide.Server, "end after one test"),
        new('c', "client", "<host>[%<dev>]", OptionSide.Client, "be a client of this server"),
        new('u', "udp", null, OptionSide.Client, "UDP instead of TCP"),
        new('\0', "connect-timeout", "#", OptionSide.Client, "milliseconds for the control connection"),
        new('b', "bitrate", "#[KMG][/#]", OptionSide.Client, "bits per second of each stream, 0 for no bound; blocks in a burst (UDP: 1M unless given)"),
        new('\0', "bandwidth", "#[KMG][/#]", OptionSide.Client, "older name of --bitrate"),
        new('\0', "pacing-timer", "#", OptionSide.Client, "microseconds between looks at the rate, at least 1000"),
        new('t', "time", "#", OptionSide.Client, "seconds, 10 unless given, 0 for no end"),
        new('n', "bytes", "#[KMG]", OptionSide.Client, "bytes to send instead of a time"),
        new('k', "blockcount", "#[KMG]", OptionSide.Client, "blocks to send instead of a time"),
        new('l', "length", "#[KMG]", OptionSide.Client, "bytes of a write (128K unless given) or datagram (what fits the path)"),
        new('\0', "cport", "<port>", OptionSide.Client, "own port of the first stream"),
        new('P', "parallel", "#", OptionSide.Client, "number of streams"),
        new('R', "reverse", null, OptionSide.Client, "the server sends"),
        new('w', "window", "#[KMG]", OptionSide.Client, "bytes of the socket buffers"),
        new('C', "congestion", "<algo>", OptionSide.Client, "congestion control of both sides: cubic, the only one here"),
        new('M', "set-mss", "#", OptionSide.Client, "bytes of data in a segment at most"),
        new('N', "no-delay", null, OptionSide.Client, "Nagle's algorithm off"),
        new('S', "tos", "N", OptionSide.Client, "type of service, 0 to 255, octal with 0, hexadecimal with 0x"),
        new('O', "omit", "N", OptionSide.Client, "seconds at the start that do not count"),
        new('\0', "udp-counters-64bit", null, OptionSide.Client, "eight bytes for the number of a datagram"),
        new('\0', "dont-fragment", null, OptionSide.Client, "UDP with DF set"),
        // What iperf3 has beyond that.
        new('I', "pidfile", "file", OptionSide.Both, null),
        new('F', "file", "name", OptionSide.Both, null),
        new('A', "affinity", "n", OptionSide.Both, null),
        new('\0', "logfile", "f", OptionSide.Both, null),
        new('\0', "timestamps", null, OptionSide.Both, null),
        new('\0', "rcv-timeout", "#", OptionSide.Both, null),
        new('d', "debug", null, OptionSide.Both, null),
        new('6', "version6", null, OptionSide.Both, null),
        new('D', "daemon", null, OptionSide.Server, null),
        new('\0', "server-bitrate-limit", "#", OptionSide.Server, null),
        new('\0', "idle-timeout", "#", OptionSide.Server, null),
        new('\0', "rsa-private-key-path", "file", OptionSide.Server, null),
        new('\0', "authorized-users-path", "file", OptionSide.Server, null),
        new('\0', "sctp", null, OptionSide.Client, null),
        new('X', "xbind", "name", OptionSide.Client, null),
        new('\0', "nstreams", "#", OptionSide.Client, null),
        new('\0', "fq-rate", "#", OptionSide.Client, null),
        new('\0', "bidir", null, OptionSide.Client, null),
        new('\0', "dscp", "N", OptionSide.Client, null),
        new('L', "flowlabel", "N", OptionSide.Client, null),
        new('Z', "zerocopy", null, OptionSide.Client, null),
        new('T', "title", "str", OptionSide.Client, null),
        new('\0', "time-skew-threshold", "#", OptionSide.Server, null),
        new('\0', "extra-data", "str", OptionSide.Client, null),
        new('\0', "get-server-output", null, OptionSide.Client, null),
        new('\0', "repeating-payload", null, OptionSide.Client, null),
        new('\0', "username", "name", OptionSide.Client, null),
        new('\0', "rsa-public-key-path", "file", OptionSide.Client, null),
    ];

    /// <summary>The option as a user types it.</summary>
    public string Name => Short == '\0' ? $"--{Long}" : $"-{Short}, --{Long}";
}
