using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Bridging;

/// <content>
/// bridge-nf-call-iptables (linux net/bridge/br_netfilter_hooks.c): IPv4 frames that come in by a port go up to the namespace with the port's name,
/// pass its rules there, and come back to be switched, with another destination when DNAT gave them one; what is for the namespace itself stays there.
/// <para>Of Linux it differs in this: learning is before PREROUTING, and a flooded frame passes FORWARD and POSTROUTING once instead of once a port.</para>
/// </content>
public sealed partial class Bridge
{
    /// <summary>net.bridge.bridge-nf-call-iptables.</summary>
    public bool CallsIptables { get; set; }

    /// <summary>Takes back frames that passed the namespace's rules; the vector's passage names the port that they came in by.</summary>
    internal void Resume(FrameVector frames)
    {
        BridgePassage passage = frames.Passage;
        BridgePort? ingress = (uint)passage.Ingress < (uint)_byNumber.Length ? _byNumber[passage.Ingress] : null;
        // Its number may be another port's by now.
        if (ingress is null || ingress.Device.Name != passage.IngressDevice)
            DiscardAll(frames, DropReason.DeviceDown);
        else
            Input(ingress, frames);
    }

    /// <summary>Gives the IPv4 frames of a vector to the namespace, in vectors that share an outcome. What stays is moved together.</summary>
    /// <returns>Whether nothing stays.</returns>
    private bool TryAskNetfilter(BridgePort ingress, FrameVector frames, ref Span<short> outcomes, ref short only)
    {
        int asked = 0;
        foreach (ref Frame frame in frames.Frames)
            asked += CallsIptablesFor(frame) ? 1 : 0;
        if (asked == 0)
            return false;
        short first = outcomes[0];
        if (asked == frames.Count && outcomes.IndexOfAnyExcept(first) < 0 && (first != ToAll || IsOneKind(frames)))
        {
            Ask(ingress, first, frames);
            return true;
        }

        int kept = AskInRuns(ingress, frames, outcomes);
        if (kept == 0)
        {
            _frames.ReleaseEmpty(frames);
            return true;
        }

        frames.Truncate(kept);
        outcomes = outcomes[..kept];
        only = ToAll;
        return false;
    }

    private int AskInRuns(BridgePort ingress, FrameVector frames, Span<short> outcomes)
    {
        FrameVector? run = null;
        short outcome = 0;
        bool group = false;
        int kept = 0;
        for (int i = 0; i < frames.Count; i++)
        {
            ref Frame frame = ref frames[i];
            if (!CallsIptablesFor(frame))
            {
                outcomes[kept] = outcomes[i];
                frames[kept++] = frame;
                continue;
            }

            bool isGroup = (frame.Span[0] & 1) != 0;
            if (run is not null && (outcome != outcomes[i] || group != isGroup))
            {
                Ask(ingress, outcome, run);
                run = null;
            }

            if (run is null && !_frames.TryRentVector(out run))
            {
                run = null;
                Device.Discard(ref frame, DropReason.NoBuffer);
                continue;
            }

            (outcome, group) = (outcomes[i], isGroup);
            run.Add(frame);
            frame.Buffer = null!;
        }

        if (run is not null)
            Ask(ingress, outcome, run);
        return kept;
    }

    // The namespace's device receives what is for it; of what only passes it knows nothing.
    private void Ask(BridgePort ingress, short outcome, FrameVector frames)
    {
        frames.Passage = new BridgePassage(ingress.Number, ingress.Device.Name, outcome > ToBridge ? _byNumber[outcome]!.Device.Name : null);
        Span<byte> bytes = frames[0].Span;
        bool group = (bytes[0] & 1) != 0;
        if (group && !MacAddress.Read(bytes).IsBroadcast)
        {
            for (int i = 0; i < frames.Count; i++)
                Device.CountMulticast();
        }

        if (outcome == ToBridge || group)
            Device.Receive(frames);
        else
            Device.AskAbout(frames);
    }

    private static bool IsOneKind(FrameVector frames)
    {
        int group = frames[0].Span[0] & 1;
        foreach (ref Frame frame in frames.Frames)
        {
            if ((frame.Span[0] & 1) != group)
                return false;
        }

        return true;
    }

    // br_handle_frame: a frame with no proper source ends before the hook, and link-local groups pass another one.
    private static bool CallsIptablesFor(in Frame frame)
    {
        Span<byte> bytes = frame.Span;
        if (bytes.Length < EthernetView.HeaderLength || BinaryPrimitives.ReadUInt16BigEndian(bytes[12..]) != (ushort)EtherType.Ipv4)
            return false;
        ulong destination = MacAddress.Read(bytes).Value;
        return MacAddress.Read(bytes[MacAddress.Length..]).IsValidUnicast && ((destination & ~0xFUL) != LinkLocalGroup || destination == LinkLocalGroup);
    }
}
