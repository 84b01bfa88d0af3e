using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.Nodes;

/// <summary>One change to flannel.N's tables. A Set replaces what stands under the same key, as `ip ... replace` does.</summary>
public abstract record FlannelOperation;

/// <summary>ip neigh replace ADDRESS lladdr MAC dev flannel.N nud permanent.</summary>
/// <param name="Address">The remote VTEP's address.</param>
/// <param name="Mac">Its MAC.</param>
public sealed record SetNeighbour(Ipv4Address Address, MacAddress Mac) : FlannelOperation;

/// <summary>bridge fdb replace MAC dev flannel.N dst REMOTE self permanent.</summary>
/// <param name="Mac">The remote VTEP's MAC.</param>
/// <param name="Remote">Where its datagrams go.</param>
public sealed record SetFdb(MacAddress Mac, UnderlayEndpoint Remote) : FlannelOperation;

/// <summary>ip route replace SUBNET via ADDRESS dev flannel.N onlink.</summary>
/// <param name="Subnet">The remote node's pods.</param>
/// <param name="Via">The remote VTEP's address.</param>
public sealed record SetRoute(Ipv4Prefix Subnet, Ipv4Address Via) : FlannelOperation;

/// <summary>ip neigh del ADDRESS dev flannel.N.</summary>
/// <param name="Address">The address.</param>
public sealed record DeleteNeighbour(Ipv4Address Address) : FlannelOperation;

/// <summary>bridge fdb del MAC dev flannel.N.</summary>
/// <param name="Mac">The MAC.</param>
public sealed record DeleteFdb(MacAddress Mac) : FlannelOperation;

/// <summary>ip route del SUBNET dev flannel.N.</summary>
/// <param name="Subnet">The subnet.</param>
public sealed record DeleteRoute(Ipv4Prefix Subnet) : FlannelOperation;
