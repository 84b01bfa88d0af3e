using System.Runtime.CompilerServices;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>
/// The part of a rule's head that most rules are passed over for: addresses and protocol. A chain has them side by side, so that a packet that walks past a rule
/// need not touch the rule: among thousands of Services each look at an object that no earlier packet looked at is a wait for memory.
/// </summary>
internal readonly struct QuickHead
{
    private readonly uint _source;
    private readonly uint _sourceMask;
    private readonly uint _destination;
    private readonly uint _destinationMask;
    private readonly byte _protocol;
    private readonly bool _notSource;
    private readonly bool _notDestination;
    private readonly bool _notProtocol;

    /// <summary>That of a head.</summary>
    internal QuickHead(RuleHead head)
    {
        (_source, _sourceMask, _notSource) = (head.Source.Address, head.Source.Mask, head.Source.Not);
        (_destination, _destinationMask, _notDestination) = (head.Destination.Address, head.Destination.Mask, head.Destination.Not);
        (_protocol, _notProtocol) = (head.Protocol, head.NotProtocol);
    }

    /// <summary>Whether the rest of the rule has to be asked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Matches(NetfilterPacket packet) =>
        (((packet.Source.Value ^ _source) & _sourceMask) == 0) != _notSource
        && (((packet.Destination.Value ^ _destination) & _destinationMask) == 0) != _notDestination
        && (_protocol == 0 || (packet.Protocol == _protocol) != _notProtocol);
}
