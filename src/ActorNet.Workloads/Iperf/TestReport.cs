using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>What is known when a test starts.</summary>
/// <param name="IsServer">Whether this side is the server.</param>
/// <param name="Peer">The server that the client was told, or the client's control connection.</param>
/// <param name="PeerName">The server's name as the client was told it; the client's address at a server.</param>
/// <param name="Cookie">The test's cookie.</param>
/// <param name="ControlMss">MSS of the control connection in bytes.</param>
/// <param name="At">When.</param>
/// <param name="Parameters">What was agreed on.</param>
/// <param name="Streams">The streams.</param>
internal sealed record TestStart(
    bool IsServer, Ipv4Endpoint Peer, string PeerName, string Cookie, int ControlMss, DateTimeOffset At, TestParameters Parameters, IReadOnlyList<TestStream> Streams)
{
    /// <summary>Buffer sizes of the first stream in bytes; 0 for UDP.</summary>
    public (int Send, int Receive) Buffers { get; init; }

    public bool IsSender => Parameters.Reverse == IsServer;

    /// <summary>The number that stands for a stream in the output: that of the file descriptor that iperf3 would have.</summary>
    public static int SocketNumber(int index) => 5 + (2 * index);

    /// <summary>A stream's number on the wire: iperf counts 1, 3, 4, 5 (src/iperf_api.c iperf_add_stream).</summary>
    public static int StreamId(int index) => index == 0 ? 1 : index + 2;
}

/// <summary>One direction's end of a stream.</summary>
/// <param name="Bytes">Bytes sent or received.</param>
/// <param name="Seconds">In how many seconds.</param>
/// <param name="Retransmissions">Segments sent again, or -1 where that is not known.</param>
/// <param name="Datagrams">Of UDP: how many there were, how many are missing or came out of order, and the jitter.</param>
internal readonly record struct StreamTotal(long Bytes, double Seconds, long Retransmissions, DatagramTotal Datagrams);

/// <summary>What UDP adds to a total.</summary>
/// <param name="Packets">Datagrams sent, or the highest number received.</param>
/// <param name="Lost">Datagrams missing.</param>
/// <param name="OutOfOrder">Datagrams overtaken.</param>
/// <param name="Jitter">Seconds.</param>
internal readonly record struct DatagramTotal(long Packets, long Lost, long OutOfOrder, double Jitter);

/// <summary>What a stream came to.</summary>
/// <param name="Sent">At the sender.</param>
/// <param name="Received">At the receiver.</param>
/// <param name="Extremes">Of the sender's TCP, when the sender is this side.</param>
internal sealed record StreamEnd(StreamTotal Sent, StreamTotal Received, StreamExtremes Extremes);

/// <summary>What a test came to.</summary>
/// <param name="Streams">Its streams.</param>
/// <param name="Local">This side's processor time.</param>
/// <param name="Remote">The other side's.</param>
/// <param name="SenderCongestion">Congestion control of the sender, or null.</param>
/// <param name="ReceiverCongestion">Of the receiver, or null.</param>
internal sealed record TestEnd(IReadOnlyList<StreamEnd> Streams, CpuShare Local, CpuShare Remote, string? SenderCongestion, string? ReceiverCongestion)
{
    /// <summary>Joins what both sides know.</summary>
    /// <param name="start">The test.</param>
    /// <param name="measurement">This side's part.</param>
    /// <param name="peer">The other side's part, or null when it is not to be shown: a server tells its own alone.</param>
    public static TestEnd Join(TestStart start, Measurement measurement, PeerResults? peer)
    {
        StreamTotal[] own = OwnTotals(start, measurement);
        var streams = new StreamEnd[own.Length];
        for (int i = 0; i < streams.Length; i++)
        {
            StreamTotal other = PeerTotal(peer, i);
            if (start.IsSender)
            {
                // A sender knows of loss and jitter what the receiver tells; what it sent itself it knows.
                streams[i] = new StreamEnd(own[i], other, measurement.Extremes[i]);
            }
            else
            {
                streams[i] = new StreamEnd(other, own[i], new StreamExtremes());
            }
        }

        string? congestion = start.Parameters.IsUdp ? null : TestParameters.OnlyCongestion;
        return start.IsSender
            ? new TestEnd(streams, measurement.Cpu, peer?.Cpu ?? default, congestion, peer?.Congestion)
            : new TestEnd(streams, measurement.Cpu, peer?.Cpu ?? default, peer?.Congestion, congestion);
    }

    /// <summary>What this side tells the other.</summary>
    public static PeerResults ToPeer(TestStart start, Measurement measurement)
    {
        StreamTotal[] own = OwnTotals(start, measurement);
        return new PeerResults(measurement.Cpu, start.Parameters.IsUdp ? null : TestParameters.OnlyCongestion,
            [.. own.Select((total, i) => new PeerStream(TestStart.StreamId(i), total.Bytes, total.Retransmissions, total.Datagrams.Jitter,
                total.Datagrams.Lost, total.Datagrams.Packets, total.Seconds))]);
    }

    private static StreamTotal[] OwnTotals(TestStart start, Measurement measurement)
    {
        bool counts = start.IsSender && !start.Parameters.IsUdp;
        return [.. measurement.Totals.Select((sample, i) => new StreamTotal(sample.Bytes, measurement.Seconds,
            counts ? measurement.Retransmissions[i] : -1, new DatagramTotal(sample.Packets, sample.Lost, sample.OutOfOrder, sample.Jitter)))];
    }

    private static StreamTotal PeerTotal(PeerResults? peer, int index)
    {
        int id = TestStart.StreamId(index);
        PeerStream stream = peer?.Streams.FirstOrDefault(each => each.Id == id) ?? default;
        return new StreamTotal(stream.Bytes, stream.Seconds, stream.Id == 0 ? -1 : stream.Retransmissions,
            new DatagramTotal(stream.Packets, stream.Lost, 0, stream.Jitter));
    }
}

/// <summary>Tells the user about a test.</summary>
internal interface ITestReport
{
    /// <summary>The control connection stands.</summary>
    Task ConnectedAsync(string peerName, Ipv4Endpoint peer, bool reverse);

    Task StartAsync(TestStart start);

    Task IntervalAsync(Interval interval);

    Task EndAsync(TestEnd end);

    /// <summary>The test is over, with an error or without one.</summary>
    /// <param name="error">What went wrong, or null.</param>
    Task FinishAsync(string? error);
}
