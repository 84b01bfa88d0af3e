using ActorNet.Netstack;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Sockets.Kestrel;

/// <summary>What a connection's pod is, for whoever serves its requests: the one Kestrel of a process serves all pods.</summary>
public interface IPodConnectionFeature
{
    /// <summary>The pod's name.</summary>
    string PodName { get; }

    /// <summary>The address and port in the pod that the peer connected to.</summary>
    Ipv4Endpoint Local { get; }

    /// <summary>The peer.</summary>
    Ipv4Endpoint Remote { get; }

    /// <summary>What answers the pod's requests.</summary>
    RequestDelegate Application { get; }
}
