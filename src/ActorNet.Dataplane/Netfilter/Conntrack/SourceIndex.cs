using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>
/// Connections whose source is translated, by the source that they came with, the newest first (linux net/netfilter/nf_nat_core.c nf_nat_bysource): a source keeps
/// the port that it was given for another destination. Linux has the untranslated ones there too, which are never what is looked for.
/// </summary>
internal sealed class SourceIndex
{
    private readonly Dictionary<(Ipv4Address Address, ushort Port, byte Protocol), ConntrackEntry> _newest = [];

    /// <summary>The newest of a source; the others follow by <see cref="ConntrackEntry.OlderOfSource"/>.</summary>
    internal ConntrackEntry? Find(in ConntrackTuple tuple) => _newest.GetValueOrDefault(KeyOf(tuple));

    internal void Add(ConntrackEntry entry)
    {
        if ((entry.Status & ConntrackStatus.SourceNat) == 0)
            return;
        ref ConntrackEntry? newest = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_newest, KeyOf(entry.Original), out _);
        entry.OlderOfSource = newest;
        if (newest is not null)
            newest.NewerOfSource = entry;
        newest = entry;
    }

    internal void Remove(ConntrackEntry entry)
    {
        if ((entry.Status & ConntrackStatus.SourceNat) == 0)
            return;
        if (entry.OlderOfSource is { } older)
            older.NewerOfSource = entry.NewerOfSource;
        if (entry.NewerOfSource is { } newer)
            newer.OlderOfSource = entry.OlderOfSource;
        else if (entry.OlderOfSource is { } next)
            _newest[KeyOf(entry.Original)] = next;
        else
            _newest.Remove(KeyOf(entry.Original));
        (entry.OlderOfSource, entry.NewerOfSource) = (null, null);
    }

    private static (Ipv4Address Address, ushort Port, byte Protocol) KeyOf(in ConntrackTuple tuple) => (tuple.Source, tuple.SourcePort, tuple.Protocol);
}
