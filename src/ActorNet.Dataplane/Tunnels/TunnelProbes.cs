using ActorNet.Dataplane.Frames;

namespace ActorNet.Dataplane.Tunnels;

/// <summary>
/// Sends back the probes of hosts that are joining. Only numbers that were told are answered, each so often and not oftener, and never with more bytes than
/// came: nobody else gets an answer. While none is expected a vector costs one test.
/// </summary>
/// <param name="frames">The owner's memory.</param>
public sealed class TunnelProbes(FrameCache frames)
{
    /// <summary>How many numbers are expected at once; the oldest goes for a new one.</summary>
    public const int MostNumbers = 16;

    /// <summary>How many probes of a number are answered.</summary>
    public const int MostAnswers = 128;

    private readonly List<(Guid Number, int Heard)> _expected = [];

    /// <summary>Whether any number is expected.</summary>
    public bool IsExpecting => _expected.Count > 0;

    /// <summary>Expects a number from now on.</summary>
    /// <param name="number">The number.</param>
    public void Expect(Guid number)
    {
        if (_expected.Exists(each => each.Number == number))
            return;
        if (_expected.Count == MostNumbers)
            _expected.RemoveAt(0);
        _expected.Add((number, 0));
    }

    /// <summary>How many probes of a number came.</summary>
    /// <param name="number">The number.</param>
    public int Heard(Guid number) => _expected.Find(each => each.Number == number).Heard;

    /// <summary>Takes the probes out of what came and sends them back; what is left goes on.</summary>
    /// <param name="datagrams">What came. It is the caller's still, and may be empty afterwards.</param>
    /// <param name="back">Takes answers, with <see cref="Frame.Remote"/> as it came.</param>
    public void Answer(FrameVector datagrams, IFrameSink back)
    {
        ArgumentNullException.ThrowIfNull(datagrams);
        ArgumentNullException.ThrowIfNull(back);
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
        int index = _expected.FindIndex(each => each.Number == number);
        if (index < 0 || _expected[index].Heard == MostAnswers)
            return false;
        _expected[index] = (number, _expected[index].Heard + 1);
        return true;
    }
}
