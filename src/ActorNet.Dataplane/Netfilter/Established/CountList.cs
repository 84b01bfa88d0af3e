using ActorNet.Dataplane.Netfilter.Rules;

namespace ActorNet.Dataplane.Netfilter.Established;

/// <summary>
/// The rules and policies that count each packet of a path, all of them alike: so a packet is added up here once, and they get the sum before anybody reads
/// them (<see cref="CountLedger"/>).
/// </summary>
/// <param name="members">They.</param>
internal sealed class CountList(Counted[] members)
{
    private long _packets;
    private long _bytes;

    /// <summary>Who counts; one that a packet met twice stands here twice.</summary>
    internal ReadOnlySpan<Counted> Members => members;

    /// <summary>Whether something waits to be given to the members.</summary>
    internal bool IsOpen => _packets != 0;

    internal void Add(int packets, long bytes)
    {
        _packets += packets;
        _bytes += bytes;
    }

    internal void Settle()
    {
        foreach (Counted member in members)
        {
            member.Packets += _packets;
            member.Bytes += _bytes;
        }

        (_packets, _bytes) = (0, 0);
    }
}

/// <summary>The lists of a namespace that hold counts back. <see cref="Settle"/> comes before every look at a counter and every change of rules.</summary>
internal sealed class CountLedger
{
    // Most flows of a node pass the same rules.
    private const int SharedLists = 256;

    private readonly List<CountList> _open = [];
    private CountList?[]? _shared;

    /// <summary>Counts packets.</summary>
    /// <param name="list">Where.</param>
    /// <param name="packets">How many.</param>
    /// <param name="bytes">Their bytes from the IPv4 header on.</param>
    internal void Count(CountList list, int packets, long bytes)
    {
        if (!list.IsOpen)
            _open.Add(list);
        list.Add(packets, bytes);
    }

    /// <summary>Gives the members what is theirs.</summary>
    internal void Settle()
    {
        foreach (CountList list in _open)
            list.Settle();
        _open.Clear();
    }

    /// <summary>The list of some members: one that is there already where it is known.</summary>
    internal CountList Share(List<Counted> members)
    {
        _shared ??= new CountList?[SharedLists];
        uint hash = 17;
        foreach (Counted counted in members)
            hash = (hash * 31) + (uint)System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(counted);
        ref CountList? known = ref _shared[hash % SharedLists];
        if (known is null || !known.Members.SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(members)))
            known = new CountList([.. members]);
        return known;
    }
}
