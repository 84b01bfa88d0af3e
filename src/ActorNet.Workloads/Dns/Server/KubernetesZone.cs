using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Dns.Server;

/// <summary>Whether names of pods by their addresses are answered (coredns, plugin kubernetes: pods).</summary>
internal enum PodMode
{
    /// <summary>They are not.</summary>
    Disabled,

    /// <summary>Whatever the address.</summary>
    Insecure,
}

/// <summary>The directive kubernetes of a Corefile.</summary>
/// <param name="Zone">The cluster's domain.</param>
/// <param name="HasReverse">Whether addresses are answered with names.</param>
/// <param name="Pods">Names of pods.</param>
/// <param name="Ttl">Of every record, in seconds.</param>
internal sealed record KubernetesZone(DnsName Zone, bool HasReverse, PodMode Pods, uint Ttl);
