namespace ActorNet.Packets.Tests;

/// <summary>
/// Every parser over random and mutated bytes: none may throw, and after a successful parse every accessor must be safe. One buffer is
/// reused, so that a view which looks beyond its bytes is caught by the span's own bounds only if the spans are cut right; therefore the
/// input always ends where the span ends.
/// </summary>
public sealed class ParserFuzzTests
{
    private const int InputsPerParser = 1_000_000;

    private static readonly byte[][] Valid =
    [
        .. new[]
        {
            KernelFrames.ArpRequest, KernelFrames.UdpHello, KernelFrames.IcmpPortUnreachable, KernelFrames.TcpSyn, KernelFrames.TcpPush, KernelFrames.PingRecordRoute,
            "0000000000000000000000000800" + KernelFrames.VxlanFromOuterIp,
        }.Select(KernelFrames.Bytes),
    ];

    private delegate long Parser(Span<byte> bytes);

    [Fact]
    public void Eleven_parsers_survive_11_000_000_random_and_mutated_inputs()
    {
        Parser[] parsers = [Ethernet, Dot1Q, Arp, Ipv4, Ipv4Options, Icmp, Udp, Tcp, TcpOptions, Vxlan, Flow];
        int[] offsets = [0, 12, 14, 14, 34, 34, 34, 34, 54, 42, 0];
        long inputs = 0;
        long accepted = 0;
        for (int i = 0; i < parsers.Length; i++)
        {
            long before = accepted;
            for (int n = 0; n < InputsPerParser; n++)
            {
                Span<byte> input = NextInput(offsets[i]);
                inputs++;
                accepted += parsers[i](input) >= 0 ? 1 : 0;
            }

            Assert.True(accepted - before > InputsPerParser / 100, $"parser {i} accepted {accepted - before} inputs: the mutations are too wild to reach its accessors");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{inputs:N0} inputs, {accepted:N0} parsed");
        Assert.True(inputs >= 11_000_000);
    }

    private readonly byte[] _buffer = new byte[256];
    private ulong _state = 0x2545_F491_4F6C_DD1D;

    private Span<byte> NextInput(int offset)
    {
        ulong draw = Next();
        if ((draw & 7) == 0)
            return NextRandom((int)((draw >> 8) % 81));
        byte[] source = Valid[(int)((draw >> 8) % (ulong)Valid.Length)];
        int start = Math.Min(offset, source.Length);
        Span<byte> input = _buffer.AsSpan(0, source.Length - start);
        source.AsSpan(start).CopyTo(input);
        int mutations = (int)((draw >> 16) & 3);
        for (int i = 0; i < mutations && input.Length > 0; i++)
        {
            ulong change = Next();
            // Headers stand in front: most changes go there.
            int at = (int)((change >> 8) % (ulong)((change & 1) == 0 ? Math.Min(24, input.Length) : input.Length));
            input[at] = (change & 2) == 0 ? (byte)(change >> 48) : (byte)(input[at] ^ (1 << (int)((change >> 40) & 7)));
        }

        return ((draw >> 20) & 3) == 0 ? input[..(int)((draw >> 24) % (ulong)(input.Length + 1))] : input;
    }

    private Span<byte> NextRandom(int length)
    {
        Span<byte> input = _buffer.AsSpan(0, length);
        for (int i = 0; i < length; i += 8)
        {
            ulong bits = Next();
            for (int j = i; j < Math.Min(i + 8, length); j++, bits >>= 8)
                input[j] = (byte)bits;
        }

        return input;
    }

    private ulong Next()
    {
        _state ^= _state << 13;
        _state ^= _state >> 7;
        _state ^= _state << 17;
        return _state;
    }

    // Each parser answers -1 when it refuses, else a number made of every accessor.
    private static long Ethernet(Span<byte> bytes)
    {
        if (EthernetView.TryParse(bytes, out EthernetView view) != ParseError.None)
            return -1;
        return (long)((view.Destination.Value ^ view.Source.Value) & 0xFF) + (long)view.EtherType + view.Payload.Length;
    }

    private static long Dot1Q(Span<byte> bytes)
    {
        if (Dot1QView.TryParse(bytes, out Dot1QView view) != ParseError.None)
            return -1;
        long sum = view.Tag.Vid + view.Tag.Priority + (long)view.EtherType + view.Payload.Length;
        sum += (long)Dot1QView.Pull(bytes, out Dot1QTag tag) + tag.Tci;
        return sum + (long)Dot1QView.Push(bytes, tag);
    }

    private static long Arp(Span<byte> bytes)
    {
        if (ArpView.TryParse(bytes, out ArpView view) != ParseError.None)
            return -1;
        return (long)view.Operation + (long)(view.SenderMac.Value & 0xFF) + (long)(view.TargetMac.Value & 0xFF) + view.SenderIp.Value + view.TargetIp.Value;
    }

    private static long Ipv4(Span<byte> bytes)
    {
        if (Ipv4View.TryParse(bytes, out Ipv4View view) != ParseError.None)
            return -1;
        long sum = view.HeaderLength + view.TotalLength + view.TypeOfService + view.Identification + view.FragmentOffset + view.TimeToLive + (long)view.Protocol;
        sum += view.Checksum + view.Source.Value + view.Destination.Value + view.Options.Length + view.Header.Length + view.Packet.Length + view.Payload.Length;
        sum += (view.DontFragment ? 1 : 0) + (view.MoreFragments ? 1 : 0) + (view.IsFragment ? 1 : 0) + (view.HasValidChecksum ? 1 : 0);
        sum += OptionsOf(view.EnumerateOptions());
        if (view.TimeToLive > 0)
            view.DecrementTimeToLive();
        view.SetSource(view.Destination);
        view.SetDestination(Ipv4Address.Loopback);
        return sum;
    }

    private static long Ipv4Options(Span<byte> bytes)
    {
        Span<byte> options = bytes[..Math.Min(bytes.Length, 40)];
        return OptionsOf(new Ipv4OptionEnumerator(options));
    }

    private static long OptionsOf(Ipv4OptionEnumerator options)
    {
        long sum = 0;
        int steps = 0;
        while (options.MoveNext())
        {
            sum += (long)options.Current.Type + options.Current.Data.Length + options.Current.Offset + (options.Current.IsCopied || options.Current.IsSourceRoute ? 1 : 0);
            if (++steps > 20)
                throw new InvalidOperationException("More options than 40 bytes can hold.");
        }

        return sum + (long)options.Error + options.ErrorOffset;
    }

    private static long Icmp(Span<byte> bytes)
    {
        if (IcmpView.TryParse(bytes, out IcmpView view) != ParseError.None)
            return -1;
        return (long)view.Type + view.Code + view.Checksum + view.EchoIdentifier + view.EchoSequence + view.NextHopMtu + view.Gateway.Value + view.Pointer + view.Rest
            + view.Payload.Length + (view.IsError ? 1 : 0) + (view.HasValidChecksum ? 1 : 0);
    }

    private static long Udp(Span<byte> bytes)
    {
        if (UdpView.TryParse(bytes, out UdpView view) != ParseError.None)
            return -1;
        return view.SourcePort + view.DestinationPort + view.Length + view.Checksum + view.Payload.Length + (view.HasValidChecksum(KernelFrames.IpA, KernelFrames.IpB) ? 1 : 0);
    }

    private static long Tcp(Span<byte> bytes)
    {
        if (TcpView.TryParse(bytes, out TcpView view) != ParseError.None)
            return -1;
        long sum = view.SourcePort + view.DestinationPort + view.SequenceNumber + view.AcknowledgmentNumber + view.HeaderLength + view.Reserved + (long)view.Flags;
        sum += view.Window + view.Checksum + view.UrgentPointer + view.Options.Length + view.Segment.Length + view.Payload.Length + view.SequenceLength;
        sum += (long)view.CheckOptions() + (view.HasValidChecksum(KernelFrames.IpA, KernelFrames.IpB) ? 1 : 0);
        return sum + OptionsOf(view.EnumerateOptions());
    }

    private static long TcpOptions(Span<byte> bytes) => OptionsOf(new TcpOptionEnumerator(bytes[..Math.Min(bytes.Length, 40)]));

    private static long OptionsOf(TcpOptionEnumerator options)
    {
        long sum = 0;
        int steps = 0;
        while (options.MoveNext())
        {
            TcpOption option = options.Current;
            sum += (long)option.Kind + option.Data.Length + (option.HasStandardLength ? 1 : 0) + (option.IsSackPermitted ? 1 : 0);
            sum += option.TryGetMaximumSegmentSize(out ushort mss) ? mss : 0;
            sum += option.TryGetWindowScale(out byte shift) ? shift : 0;
            sum += option.TryGetTimestamps(out uint value, out uint echo) ? value + echo : 0;
            for (int i = 0; i < option.SackBlockCount; i++)
                sum += option.GetSackBlock(i).Left;
            if (++steps > 20)
                throw new InvalidOperationException("More options than 40 bytes can hold.");
        }

        return sum + (long)options.Error;
    }

    private static long Vxlan(Span<byte> bytes)
    {
        if (VxlanView.TryParse(bytes, out VxlanView view) != ParseError.None)
            return -1;
        return view.Vni + view.Frame.Length;
    }

    private static long Flow(Span<byte> bytes) => FlowHash.SourcePort(FlowHash.Compute(bytes, 1));
}
