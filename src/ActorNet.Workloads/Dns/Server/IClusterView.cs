using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Workloads.Dns.Server;

/// <summary>What a DNS server knows of its cluster at one moment.</summary>
internal interface IClusterView
{
    /// <summary>Grows with every change: the zone's serial number.</summary>
    uint Serial { get; }

    /// <summary>Addresses of the server itself.</summary>
    IReadOnlyList<Ipv4Address> OwnAddresses { get; }

    /// <summary>Every Service.</summary>
    IEnumerable<V1Service> Services { get; }

    /// <summary>Every EndpointSlice.</summary>
    IEnumerable<V1EndpointSlice> Slices { get; }

    /// <summary>Whether there is a namespace, whatever the case of its letters.</summary>
    bool HasNamespace(string name);

    /// <summary>Finds a Service, whatever the case of the letters.</summary>
    V1Service? FindService(string space, string name);

    /// <summary>The EndpointSlices of a Service.</summary>
    IReadOnlyList<V1EndpointSlice> SlicesOf(string space, string name);
}
