namespace ActorNet.Interop.Tests.Transfers;

/// <summary>What is wrong with a capture of a link on which nothing is lost or overtaken.</summary>
/// <param name="Frame">The frame that shows it.</param>
/// <param name="What">What it shows.</param>
/// <param name="IsOfStall">Whether an end that stood still explains it.</param>
internal sealed record CleanLinkFault(int Frame, string What, bool IsOfStall = false);

/// <summary>
/// The rules of a clean link. No ACK tells of a hole; no segment goes beyond what the receiver had offered by then; nothing is sent again but
/// the newest segment, which is a tail probe (RFC 8985, 7.3): the receiver was slow to answer, and nothing was taken for lost; each duplicate
/// ACK answers a segment that was sent again; tshark finds no other flaw.
/// </summary>
internal sealed class CleanLinkJudge
{
    // The least retransmission timeout of Linux and of our TCP, in seconds (linux include/net/tcp.h TCP_RTO_MIN). An end that hears nothing for so
    // long sends again what nobody lost.
    private const double LeastTimeout = 0.2;

    private readonly Dictionary<(string Stream, string Source), End> _ends = [];

    /// <summary>Segments that were held against the receiver's window.</summary>
    public int Judged { get; private set; }

    /// <summary>The first fault of a capture; null when there is none.</summary>
    public CleanLinkFault? Find(IEnumerable<CapturedSegment> segments) => segments.Select(FaultOf).FirstOrDefault(fault => fault is not null);

    private CleanLinkFault? FaultOf(CapturedSegment segment)
    {
        End own = EndOf(segment.Stream, segment.Source);
        End? other = _ends.FirstOrDefault(each => each.Key.Stream == segment.Stream && each.Key.Source != segment.Source).Value;
        own.Hear(segment);
        string? wrong = WrongAck(segment, own, other) ?? WrongData(segment, own, other);
        if (wrong is not null)
            return new CleanLinkFault(segment.Frame, wrong);
        if (segment is { IsSentAgain: true, End: { } end })
        {
            own.SentAgain++;
            if (end != own.Newest)
                return new CleanLinkFault(segment.Frame, $"it is sent again and ends at {end}, the newest at {own.Newest}", other?.SilenceUntil(segment.Time) >= LeastTimeout);
        }

        own.Newest = Math.Max(own.Newest, segment.End ?? 0);
        return segment.Flaws.Count == 0 ? null : new CleanLinkFault(segment.Frame, string.Join(", ", segment.Flaws));
    }

    private static string? WrongAck(CapturedSegment segment, End own, End? other)
    {
        if (segment.TellsOfHole)
            return $"it acknowledges {segment.Ack} and tells of a hole before {segment.SackEdges.Max()}";
        if (segment.IsDuplicateAck && ++own.DuplicateAcks > (other?.SentAgain ?? 0))
            return $"it is duplicate ACK {own.DuplicateAcks}, and only {other?.SentAgain ?? 0} segments were sent again";
        return null;
    }

    private string? WrongData(CapturedSegment segment, End own, End? other)
    {
        if (segment.End is not { } end || other is null)
            return null;
        Judged++;
        // A FIN takes a number too, and may stand just behind the window's edge.
        return end <= other.Offered + 1 ? null : $"it ends at {end}, and {other.Offered} was offered";
    }

    private End EndOf(string stream, string source)
    {
        if (!_ends.TryGetValue((stream, source), out End? end))
            _ends[(stream, source)] = end = new End();
        return end;
    }

    /// <summary>One end of a connection, as far as the capture has been read.</summary>
    private sealed class End
    {
        private double _lastHeard = double.MaxValue;
        private double _longestSilence;

        public long Newest { get; set; }

        public long Offered { get; private set; }

        public int SentAgain { get; set; }

        public int DuplicateAcks { get; set; }

        public void Hear(CapturedSegment segment)
        {
            _longestSilence = SilenceUntil(segment.Time);
            _lastHeard = segment.Time;
            Offered = Math.Max(Offered, segment.Ack + segment.Window);
        }

        public double SilenceUntil(double time) => Math.Max(_longestSilence, time - _lastHeard);
    }
}
