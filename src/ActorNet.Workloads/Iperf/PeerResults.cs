using System.Text;
using System.Text.Json;

namespace ActorNet.Workloads.Iperf;

/// <summary>One stream in a <see cref="PeerResults"/>.</summary>
/// <param name="Id">1 for the first stream, 3 for the second and so on: iperf skips 2.</param>
/// <param name="Bytes">Bytes sent or received.</param>
/// <param name="Retransmissions">Segments sent again, or -1 where they are not known: at a receiver, for UDP.</param>
/// <param name="Jitter">Seconds.</param>
/// <param name="Lost">Datagrams that did not come.</param>
/// <param name="Packets">Datagrams sent, or the highest number seen.</param>
/// <param name="Seconds">How long the stream's part took.</param>
internal readonly record struct PeerStream(int Id, long Bytes, long Retransmissions, double Jitter, long Lost, long Packets, double Seconds);

/// <summary>What each side tells the other at the end, as the JSON of esnet/iperf src/iperf_api.c send_results.</summary>
/// <param name="Cpu">Processor time of the teller.</param>
/// <param name="Congestion">Congestion control in use, or null.</param>
/// <param name="Streams">The streams.</param>
internal sealed record PeerResults(CpuShare Cpu, string? Congestion, IReadOnlyList<PeerStream> Streams)
{
    private const double Unsigned = 9_223_372_036_854_775_808d;
    private const double MaxCount = 1L << 53;

    public string ToJson(bool knowsRetransmissions)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("cpu_util_total", Cpu.Total);
            json.WriteNumber("cpu_util_user", Cpu.User);
            json.WriteNumber("cpu_util_system", Cpu.System);
            json.WriteNumber("sender_has_retransmits", knowsRetransmissions ? 1 : 0);
            if (Congestion is not null)
                json.WriteString("congestion_used", Congestion);
            json.WriteStartArray("streams");
            foreach (PeerStream stream in Streams)
                Write(json, stream);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Reads the peer's results; what is missing counts as zero.</summary>
    public static PeerResults Parse(JsonElement json)
    {
        var streams = new List<PeerStream>();
        if (json.TryGetProperty("streams", out JsonElement list) && list.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement each in list.EnumerateArray().Take(TestParameters.MaxStreams))
            {
                if (each.ValueKind == JsonValueKind.Object)
                    streams.Add(Parse1(each));
            }
        }

        string? congestion = json.TryGetProperty("congestion_used", out JsonElement used) && used.ValueKind == JsonValueKind.String ? used.GetString() : null;
        var cpu = new CpuShare(Number(json, "cpu_util_total"), Number(json, "cpu_util_user"), Number(json, "cpu_util_system"));
        return new PeerResults(cpu, congestion, streams);
    }

    /// <summary>A finite number of an object.</summary>
    public static bool TryNumber(JsonElement json, string name, out double number)
    {
        number = 0;
        return json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out number) && double.IsFinite(number);
    }

    // packets and errors of a receiver that omitted a start count from the beginning; newer versions (3.17) tell what falls to the start.
    private static PeerStream Parse1(JsonElement json) => new(
        (int)Number(json, "id"),
        Count(json, "bytes"),
        json.TryGetProperty("retransmits", out _) ? Count(json, "retransmits") : -1,
        Number(json, "jitter"),
        Count(json, "errors") - Count(json, "omitted_errors"),
        Count(json, "packets") - Count(json, "omitted_packets"),
        Number(json, "end_time") - Number(json, "start_time"));

    // 3.12 writes -1 as the unsigned number of its 64 bits. What no count can be is bounded, so that the sums of all streams fit.
    private static long Count(JsonElement json, string name) => Number(json, name) switch
    {
        >= Unsigned => -1,
        double number => (long)Math.Clamp(number, -MaxCount, MaxCount),
    };

    private static double Number(JsonElement json, string name) => TryNumber(json, name, out double number) ? number : 0;

    private static void Write(Utf8JsonWriter json, in PeerStream stream)
    {
        json.WriteStartObject();
        json.WriteNumber("id", stream.Id);
        json.WriteNumber("bytes", stream.Bytes);
        json.WriteNumber("retransmits", stream.Retransmissions);
        json.WriteNumber("jitter", stream.Jitter);
        json.WriteNumber("errors", stream.Lost);
        json.WriteNumber("packets", stream.Packets);
        json.WriteNumber("start_time", 0);
        json.WriteNumber("end_time", stream.Seconds);
        json.WriteEndObject();
    }
}
