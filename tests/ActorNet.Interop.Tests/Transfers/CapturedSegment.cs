using System.Globalization;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>One TCP segment of a capture, in tshark's words; numbers are relative to the connection's first.</summary>
/// <param name="Frame">The frame's number.</param>
/// <param name="Time">Seconds since the capture's first frame.</param>
/// <param name="Stream">The connection.</param>
/// <param name="Source">The sender's address.</param>
/// <param name="End">The sequence number behind its data, SYN and FIN; null when it has none of them.</param>
/// <param name="Ack">The acknowledgment number; 0 without ACK.</param>
/// <param name="Window">The window in bytes.</param>
/// <param name="IsSentAgain">tcp.analysis.retransmission.</param>
/// <param name="IsDuplicateAck">tcp.analysis.duplicate_ack.</param>
/// <param name="SackEdges">The left edges of the SACK blocks.</param>
/// <param name="Flaws">What else tshark's analysis says of it that no segment of a clean link has.</param>
internal sealed record CapturedSegment(
    int Frame, double Time, string Stream, string Source, long? End, long Ack, long Window, bool IsSentAgain, bool IsDuplicateAck,
    IReadOnlyList<long> SackEdges, IReadOnlyList<string> Flaws)
{
    // wireshark-filter(4) names; each would be a segment sent for nothing, lost, or out of place.
    private static readonly string[] FlawFields =
    [
        "tcp.analysis.fast_retransmission", "tcp.analysis.lost_segment", "tcp.analysis.out_of_order", "tcp.analysis.ack_lost_segment", "tcp.analysis.reused_ports",
        "tcp.flags.reset",
    ];

    private static readonly string[] Fields =
    [
        "frame.number", "frame.time_relative", "tcp.stream", "ip.src", "tcp.nxtseq", "tcp.ack", "tcp.window_size",
        "tcp.analysis.retransmission", "tcp.analysis.duplicate_ack", "tcp.options.sack_le",
        .. FlawFields,
    ];

    /// <summary>Whether the ACK tells of a hole: it has a block beyond its number. A block before it is a D-SACK (RFC 2883): something came twice.</summary>
    public bool TellsOfHole => SackEdges.Any(edge => edge > Ack);

    /// <summary>Reads the TCP segments of a capture.</summary>
    public static async Task<IReadOnlyList<CapturedSegment>> ReadAsync(string file)
    {
        string[] command = ["tshark", "-n", "-r", file, "-Y", "tcp", "-T", "fields", .. Fields.SelectMany(field => new[] { "-e", field })];
        string printed = (await ProcessRunner.RunAsync(command)).EnsureSuccess().Output;
        return [.. printed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Parse(line.Split('\t')))];
    }

    private static CapturedSegment Parse(string[] fields) => new(
        int.Parse(fields[0], CultureInfo.InvariantCulture), double.Parse(fields[1], CultureInfo.InvariantCulture), fields[2], fields[3],
        fields[4].Length > 0 ? Number(fields[4]) : null, fields[5].Length > 0 ? Number(fields[5]) : 0, Number(fields[6]),
        fields[7].Length > 0, fields[8].Length > 0, [.. fields[9].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Number)],
        [.. FlawFields.Where((_, index) => fields[10 + index] is not ("" or "0" or "False"))]);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
