using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;

namespace ActorNet.Dataplane.Tunnels;

/// <summary>
/// Sends back the probes of hosts that are joining. Only numbers that were told are answered, each so often and not oftener, and never with more bytes than
/// came: nobody else gets an answer. While none is expected a vector costs one test.
/// </summary>
/// <param name="frames">The owner's memory.</param>
public sealed class TunnelProbes(FrameCache frames)
{
    /// <summary>How many numbers are expected at once, and of one asker. Where there are more, the oldest of the asker that has most goes: nobody pushes others out.</summary>
    public const int MostNumbers = 256, MostOfAsker = 4;

    /// <summary>How many probes of a number are answered.</summary>
    public const int MostAnswers = 128;

    /// <summary>So long a number is expected: a host that joins has tried its tunnel by then.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    // In the order in which they came.
    private readonly List<Expected> _expected = [];

    /// <summary>Whether any number is expected.</summary>
    public bool IsExpecting => _expected.Count > 0;

    /// <summary>Expects a number from now on.</summary>
    /// <param name="number">The number.</param>
    /// <param name="asker">Whose it is.</param>
    /// <param name="now">The time.</param>
    public void Expect(Guid number, string asker, Instant now)
    {
        Forget(now);
        if (_expected.Exists(each => each.Number == number))
            return;
        int ofAsker = _expected.Count(each => each.Asker == asker);
        if (ofAsker >= MostOfAsker)
            _expected.RemoveAt(_expected.FindIndex(each => each.Asker == asker));
        else if (_expected.Count == MostNumbers)
            _expected.Remove(_expected.GroupBy(static each => each.Asker).MaxBy(static askers => askers.Count())!.First());
        _expected.Add(new Expected(number, asker, now + Lifetime));
    }

    /// <summary>How many probes of a number came.</summary>
    /// <param name="number">The number.</param>
    public int Heard(Guid number) => _expected.Find(each => each.Number == number)?.Heard ?? 0;

    /// <summary>Takes the probes out of what came and sends them back; what is left goes on.</summary>
    /// <param name="datagrams">What came. It is the caller's still, and may be empty afterwards.</param>
    /// <param name="back">Takes answers, with <see cref="Frame.Remote"/> as it came.</param>
    /// <param name="now">The time.</param>
    public void Answer(FrameVector datagrams, IFrameSink back, Instant now)
    {
        ArgumentNullException.ThrowIfNull(datagrams);
        ArgumentNullException.ThrowIfNull(back);
        Forget(now);
        FrameVector? answers = null;
        int kept = 0;
        for (int i = 0; i < datagrams.Count; i++)
        {
            Frame datagram = datagrams[i];
            if (IsExpected(datagram) && (answers is not null || frames.TryRentVector(out answers)))
            {
                datagrams[i] = default;
                answers.Add(datagram);
                continue;
            }

            if (kept != i)
            {
                datagrams[i] = default;
                datagrams[kept] = datagram;
            }

            kept++;
        }

        datagrams.Truncate(kept);
        if (answers is not null)
            back.Push(answers);
    }

    private bool IsExpected(in Frame datagram)
    {
        if (!TunnelProbe.TryRead(datagram.Span, out Guid number))
            return false;
        if (_expected.Find(each => each.Number == number) is not { } expected || expected.Heard == MostAnswers)
            return false;
        expected.Heard++;
        return true;
    }

    private void Forget(Instant now)
    {
        while (_expected.Count > 0 && _expected[0].Until <= now)
            _expected.RemoveAt(0);
    }

    private sealed class Expected(Guid number, string asker, Instant until)
    {
        public Guid Number => number;

        public string Asker => asker;

        public Instant Until => until;

        public int Heard { get; set; }
    }
}
