using System.Collections.Immutable;
using ActorNet.Kubernetes.Faults;
using ActorNet.Packets;

namespace ActorNet.Node.Actors;

/// <summary>What every actor that owns links understands about faults on them.</summary>
internal static class FaultProtocol
{
    /// <summary>Puts a fault on a link from now on; answered with <see cref="Placed"/>.</summary>
    /// <param name="Id">The fault's number.</param>
    /// <param name="Order">What is wrong, and where.</param>
    /// <param name="Peer">Hardware address of the far VTEP when one peer is meant.</param>
    public sealed record Place(long Id, FaultOrder Order, MacAddress? Peer);

    /// <summary>The answer to <see cref="Place"/>.</summary>
    /// <param name="Fault">The fault; null when it was not put there.</param>
    /// <param name="IsFull">Whether that was because the link has all the faults it can; else the actor owns no link of that device.</param>
    /// <param name="Links">Devices whose links the actor owns.</param>
    public sealed record Placed(LinkFaultStatus? Fault, bool IsFull, ImmutableArray<string> Links);

    /// <summary>Takes a fault out; answered with <see cref="Cleared"/>.</summary>
    /// <param name="Id">Its number.</param>
    public sealed record Clear(long Id);

    /// <summary>The answer to <see cref="Clear"/>.</summary>
    /// <param name="Fault">The fault as it was last; null when it was not here.</param>
    public sealed record Cleared(LinkFaultStatus? Fault);

    /// <summary>Asks for all faults; answered with <see cref="Faults"/>.</summary>
    public sealed record List;

    /// <summary>The actor's faults.</summary>
    /// <param name="All">By number.</param>
    public sealed record Faults(ImmutableArray<LinkFaultStatus> All);
}

/// <summary>A fault on a link and what it did so far, both directions together.</summary>
/// <param name="Id">Its number on this host.</param>
/// <param name="Order">What is wrong, and where.</param>
/// <param name="Decided">Frames whose fate it decided.</param>
/// <param name="Dropped">Of those, lost, or dropped for a limit.</param>
/// <param name="Duplicated">Of those, doubled.</param>
/// <param name="Corrupted">Of those, with a flipped bit.</param>
/// <param name="Held">Frames that wait now.</param>
/// <param name="Remaining">When it goes by itself, or null for never.</param>
public sealed record LinkFaultStatus(long Id, FaultOrder Order, long Decided, long Dropped, long Duplicated, long Corrupted, int Held, TimeSpan? Remaining);
