using System.Text;
using System.Text.Json;

namespace ActorNet.Workloads.Iperf;

/// <summary>What client and server agree on, as the JSON of esnet/iperf src/iperf_api.c send_parameters.</summary>
internal sealed record TestParameters
{
    public const int MaxStreams = 128;

    public const int MaxTcpBlock = 1 << 20;

    public const int MaxUdpBlock = 65_507;

    // MAX_BURST, MAX_TIME, MAX_OMIT_TIME and MAX_TCP_BUFFER of src/iperf.h.
    public const int MaxBurst = 1000;

    public const int MaxTime = 86_400;

    public const int MaxOmit = 600;

    public const int MaxWindow = 512 << 20;

    public const int MaxMss = 9 * 1024;

    /// <summary>IEUNIMP of src/iperf_api.h: "an option you are trying to set is not implemented yet".</summary>
    public const int NotImplementedError = 13;

    /// <summary>The congestion control of our TCP.</summary>
    public const string OnlyCongestion = "cubic";

    public bool IsUdp { get; init; }

    /// <summary>Seconds at the start that do not count.</summary>
    public int Omit { get; init; }

    /// <summary>Seconds that count; 0 for no end.</summary>
    public int Time { get; init; } = 10;

    /// <summary>Bytes to be sent by all streams together, instead of a time; 0 for no bound.</summary>
    public long Bytes { get; init; }

    /// <summary>Blocks to be sent by all streams together, instead of a time; 0 for no bound.</summary>
    public long Blocks { get; init; }

    /// <summary>TCP_MAXSEG in bytes; 0 for the path's.</summary>
    public int Mss { get; init; }

    public bool NoDelay { get; init; }

    public int Streams { get; init; } = 1;

    /// <summary>The server sends.</summary>
    public bool Reverse { get; init; }

    /// <summary>Socket buffers in bytes; 0 leaves them to TCP.</summary>
    public int Window { get; init; }

    /// <summary>Bytes of a write or datagram.</summary>
    public int BlockSize { get; init; }

    /// <summary>Bits per second of each stream; 0 for no bound.</summary>
    public long Rate { get; init; }

    /// <summary>Blocks that leave at once when the rate permits any.</summary>
    public int Burst { get; init; } = 1;

    /// <summary>Microseconds between two looks at the rate.</summary>
    public int PacingTimer { get; init; } = 1000;

    public byte TypeOfService { get; init; }

    /// <summary>Whether datagrams carry their number in eight bytes instead of four.</summary>
    public bool Udp64Bit { get; init; }

    public bool DontFragment { get; init; }

    /// <summary>TCP_CONGESTION as asked for, or null for each side's own choice.</summary>
    public string? Congestion { get; init; }

    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteBoolean(IsUdp ? "udp" : "tcp", true);
            json.WriteNumber("omit", Omit);
            json.WriteNumber("time", Bytes > 0 || Blocks > 0 ? 0 : Time);
            json.WriteNumber("num", Bytes);
            json.WriteNumber("blockcount", Blocks);
            WriteSet(json, "MSS", Mss);
            WriteSet(json, "nodelay", NoDelay);
            json.WriteNumber("parallel", Streams);
            WriteSet(json, "reverse", Reverse);
            WriteSet(json, "window", Window);
            json.WriteNumber("len", BlockSize);
            WriteSet(json, "bandwidth", Rate);
            json.WriteNumber("pacing_timer", PacingTimer);
            if (Burst > 1)
                json.WriteNumber("burst", Burst);
            WriteSet(json, "TOS", TypeOfService);
            if (IsUdp && Udp64Bit)
                json.WriteNumber("udp_counters_64bit", 1);
            if (DontFragment)
                json.WriteNumber("dont_fragment", 1);
            if (Congestion is not null)
                json.WriteString("congestion", Congestion);
            json.WriteString("client_version", IperfProgram.Version);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Reads a client's parameters; numbers outside iperf's own bounds are brought inside.</summary>
    /// <param name="json">An object.</param>
    /// <param name="missing">What the client wants and is not built in, or null.</param>
    public static TestParameters Parse(JsonElement json, out string? missing)
    {
        bool udp = Flag(json, "udp");
        string? congestion = json.TryGetProperty("congestion", out JsonElement asked) && asked.ValueKind == JsonValueKind.String ? asked.GetString() : null;
        missing = Flag(json, "sctp") ? "sctp"
            : Flag(json, "bidirectional") ? "bidir"
            : Flag(json, "get_server_output") ? "get-server-output"
            : congestion is not (null or OnlyCongestion) ? $"congestion {congestion}"
            : null;
        return new TestParameters
        {
            IsUdp = udp,
            Omit = (int)Number(json, "omit", 0, 0, MaxOmit),
            Time = (int)Number(json, "time", 0, 0, MaxTime),
            Bytes = Number(json, "num", 0, 0, long.MaxValue),
            Blocks = Number(json, "blockcount", 0, 0, long.MaxValue),
            Mss = (int)Number(json, "MSS", 0, 0, MaxMss),
            NoDelay = Flag(json, "nodelay"),
            Streams = (int)Number(json, "parallel", 1, 1, MaxStreams),
            Reverse = Flag(json, "reverse"),
            Window = (int)Number(json, "window", 0, 0, MaxWindow),
            BlockSize = (int)Number(json, "len", udp ? 1460 : 128 << 10, udp ? UdpTestHeader.MaxLength : 1, udp ? MaxUdpBlock : MaxTcpBlock),
            Rate = Number(json, "bandwidth", 0, 0, long.MaxValue),
            Burst = (int)Number(json, "burst", 1, 1, MaxBurst),
            PacingTimer = (int)Number(json, "pacing_timer", 1000, 1000, 1_000_000),
            TypeOfService = (byte)Number(json, "TOS", 0, 0, byte.MaxValue),
            Udp64Bit = Number(json, "udp_counters_64bit", 0, 0, 1) == 1,
            DontFragment = Number(json, "dont_fragment", 0, 0, 1) == 1,
            Congestion = congestion,
        };
    }

    private static void WriteSet(Utf8JsonWriter json, string name, long value)
    {
        if (value != 0)
            json.WriteNumber(name, value);
    }

    private static void WriteSet(Utf8JsonWriter json, string name, bool value)
    {
        if (value)
            json.WriteBoolean(name, true);
    }

    private static bool Flag(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && (value.ValueKind == JsonValueKind.True || (value.ValueKind == JsonValueKind.Number && value.GetDouble() != 0));

    private static long Number(JsonElement json, string name, long otherwise, long least, long most) =>
        PeerResults.TryNumber(json, name, out double value) ? (long)Math.Clamp(value, least, most) : otherwise;
}
