using System.Globalization;

namespace ActorNet.Interop.Tests.Wire;

/// <summary>Wireshark's dissectors over a capture, with UDP port 8472 as VXLAN and every checksum verified.</summary>
public static class Tshark
{
    /// <summary>The fields that <see cref="DissectAsync"/> asks for. Outer headers come before inner ones.</summary>
    private static readonly string[] Fields =
    [
        "frame.number", "frame.protocols", "frame.len",
        "ip.src", "ip.dst", "ip.dsfield", "ip.id", "ip.flags.df", "ip.flags.mf", "ip.frag_offset", "ip.ttl", "ip.len", "ip.checksum.status",
        "udp.srcport", "udp.dstport", "udp.checksum", "udp.checksum.status", "tcp.checksum.status", "icmp.checksum.status",
        "icmp.type", "icmp.code", "icmp.mtu",
        "vxlan.flags", "vxlan.vni", "vxlan.gbp", "vxlan.reserved8",
        "eth.src", "eth.dst", "arp.opcode",
        "_ws.malformed", "_ws.expert.message",
    ];

    private static readonly string[] Preferences =
    [
        "-d", "udp.port==8472,vxlan",
        "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
        // The embedded headers of an ICMP error and repeated fields stay apart; reassembly lets the checksum of a whole datagram be judged.
        "-o", "ip.defragment:TRUE",
    ];

    /// <summary>Dissects the packets of a capture that match a display filter.</summary>
    /// <param name="file">A pcap or pcapng file.</param>
    /// <param name="displayFilter">A filter in wireshark-filter(4) syntax; every packet when empty.</param>
    public static async Task<IReadOnlyList<DissectedPacket>> DissectAsync(string file, string displayFilter = "")
    {
        Need.Tool("tshark");
        List<string> command = ["tshark", "-n", "-r", file, .. Preferences];
        if (displayFilter.Length > 0)
            command.AddRange(["-Y", displayFilter]);
        command.AddRange(["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=|"]);
        command.AddRange(Fields.SelectMany(field => new[] { "-e", field }));
        CommandResult result = (await ProcessRunner.RunAsync(command)).EnsureSuccess();
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    /// <summary>What tshark prints of one packet with all its details, for a failed test's message.</summary>
    public static async Task<string> ExplainAsync(string file, int frameNumber)
    {
        string filter = string.Create(CultureInfo.InvariantCulture, $"frame.number=={frameNumber}");
        return (await ProcessRunner.RunAsync(["tshark", "-n", "-r", file, .. Preferences, "-Y", filter, "-V", "-x"])).Output;
    }

    /// <summary>Fails when a packet is malformed, has a checksum that does not fit, or made a dissector doubt.</summary>
    /// <param name="file">The capture, for the message.</param>
    /// <param name="packets">What <see cref="DissectAsync"/> returned for it.</param>
    public static async Task AssertSoundAsync(string file, IReadOnlyList<DissectedPacket> packets)
    {
        ArgumentNullException.ThrowIfNull(packets);
        Assert.NotEmpty(packets);
        foreach (DissectedPacket packet in packets)
        {
            if (packet.Faults().FirstOrDefault() is { } fault)
                Assert.Fail($"frame {packet.Number}: {fault}\n{await ExplainAsync(file, packet.Number)}");
        }
    }

    private static DissectedPacket Parse(string line)
    {
        string[] values = line.Split('\t');
        Assert.Equal(Fields.Length, values.Length);
        return new DissectedPacket(Fields.Zip(values).ToDictionary(
            pair => pair.First, IReadOnlyList<string> (pair) => pair.Second.Length == 0 ? [] : pair.Second.Split('|'), StringComparer.Ordinal));
    }
}
