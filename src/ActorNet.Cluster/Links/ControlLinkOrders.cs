using ActorNet.Cluster.Serialization;

namespace ActorNet.Cluster.Links;

/// <summary>Tells a host to cut its control link to another host.</summary>
/// <param name="Host">The other end: a host name, or host:port.</param>
/// <param name="Direction">Seen from the host that gets the order.</param>
public sealed record CutControlLink(string Host, LinkDirection Direction) : IFaultOrder;

/// <summary>Tells a host to end the cut of its control link to another host.</summary>
/// <param name="Host">The other end.</param>
public sealed record HealControlLink(string Host) : IFaultOrder;

/// <summary>Tells a host to delay what it sends to another host.</summary>
/// <param name="Host">The other end.</param>
/// <param name="Delay">0 to 60 s.</param>
public sealed record DelayControlLink(string Host, TimeSpan Delay) : IFaultOrder;

/// <summary>Tells a host to end all faults of its control links.</summary>
public sealed record ClearControlLinks : IFaultOrder;

/// <summary>The order was carried out.</summary>
public sealed record FaultOrderDone : IFaultOrder;

/// <summary>The order was not carried out.</summary>
/// <param name="Reason">For the user.</param>
public sealed record FaultOrderRefused(string Reason) : IFaultOrder;
