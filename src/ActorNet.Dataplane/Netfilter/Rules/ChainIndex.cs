using System.Buffers.Binary;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>
/// Finds the next rule of a long chain that can match a packet at all, so that a packet's cost does not grow with the Services: KUBE-SERVICES has a rule
/// for each address, KUBE-NODEPORTS one for each port. Rules that are passed over could not have matched nor done anything: the kernel compares addresses
/// and protocol before it asks a match (ip_packet_match), and of matches only those without effects stand before the port.
/// </summary>
internal sealed class ChainIndex
{
    /// <summary>Shorter chains are asked rule by rule.</summary>
    internal const int MinRules = 24;

    private const int End = int.MaxValue;
    private const ulong Unkeyed = 0;
    private const ulong ByDestination = 1UL << 40;
    private const ulong ByPort = 2UL << 40;

    private readonly ulong[] _keys;
    private readonly int[] _next;
    private readonly Dictionary<ulong, int> _first;

    private ChainIndex(ulong[] keys)
    {
        _keys = keys;
        _next = new int[keys.Length];
        _first = new Dictionary<ulong, int>(keys.Length);
        for (int i = keys.Length - 1; i >= 0; i--)
        {
            ref int first = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_first, keys[i], out bool exists);
            _next[i] = exists ? first : End;
            first = i;
        }
    }

    /// <summary>Makes the index of a chain; null for one that is short, or most of whose rules name neither one destination nor one port.</summary>
    internal static ChainIndex? Of(Rule[] rules)
    {
        if (rules.Length < MinRules)
            return null;
        ulong[] keys = new ulong[rules.Length];
        int unkeyed = 0;
        for (int i = 0; i < rules.Length; i++)
        {
            keys[i] = KeyOf(rules[i]);
            if (keys[i] == Unkeyed)
                unkeyed++;
        }

        return unkeyed * 2 > rules.Length ? null : new ChainIndex(keys);
    }

    /// <summary>The place of the first rule, from a place on, that can match; beyond the chain's end for none.</summary>
    internal int Next(int from, NetfilterPacket packet)
    {
        int next = Math.Min(Find(Unkeyed, from), Find(ByDestination | packet.Destination.Value, from));
        return TryPort(packet, out ulong port) ? Math.Min(next, Find(port, from)) : next;
    }

    private int Find(ulong key, int from)
    {
        // Mostly the rule before was of the same key.
        int at;
        if (from > 0 && from <= _keys.Length && _keys[from - 1] == key)
            at = _next[from - 1];
        else if (!_first.TryGetValue(key, out at))
            return End;
        while (at < from)
            at = _next[at];
        return at;
    }

    // What a later fragment, or a packet without ports, has there no match on ports takes.
    private static bool TryPort(NetfilterPacket packet, out ulong key)
    {
        ReadOnlySpan<byte> transport = packet.Transport;
        if (packet.IsLaterFragment || transport.Length < 4)
        {
            key = 0;
            return false;
        }

        key = ByPort | ((ulong)packet.Protocol << 16) | BinaryPrimitives.ReadUInt16BigEndian(transport[2..]);
        return true;
    }

    private static ulong KeyOf(Rule rule)
    {
        RuleHead head = rule.Head;
        if (head.Destination is { Mask: uint.MaxValue, Not: false })
            return ByDestination | head.Destination.Address;
        if (head.Protocol == 0 || head.NotProtocol)
            return Unkeyed;
        foreach (RuleMatch match in rule.MatchList)
        {
            if (match.OnlyDestinationPort is { } port)
                return ByPort | ((ulong)head.Protocol << 16) | port;
            if (match.HasEffects)
                return Unkeyed;
        }

        return Unkeyed;
    }
}
