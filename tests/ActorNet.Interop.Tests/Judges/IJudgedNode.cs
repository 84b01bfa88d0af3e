using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Judges;

/// <summary>
/// A node with one pod that a kernel node talks to. ActorNet is one kind of it; the kernel itself is the other, so that every expectation
/// is first held against the real thing, with the very same command lines.
/// </summary>
public interface IJudgedNode : IAsyncDisposable
{
    /// <summary>N of its pod subnet 10.244.N.0/24.</summary>
    int SubnetIndex { get; }

    /// <summary>The MAC address of its VTEP.</summary>
    string VtepMac { get; }

    /// <summary>Its address on the underlay.</summary>
    string Address { get; }

    /// <summary>The address of its pod.</summary>
    string PodAddress { get; }

    /// <summary>base_reachable_time of the pod's neighbour table (linux net/ipv4/arp.c arp_tbl: 30 s unless set).</summary>
    TimeSpan BaseReachableTime { get; }

    /// <summary>Runs a command in the node's own namespace.</summary>
    Task<CommandResult> OnNodeAsync(params string[] command);

    /// <summary>Runs a command in the pod.</summary>
    Task<CommandResult> InPodAsync(params string[] command);

    /// <summary>Sends a line from the pod over UDP and returns what comes back.</summary>
    Task<string> AskUdpAsync(string address, int port, string line);

    /// <summary>Introduces a kernel node and returns when the tunnel to it is programmed.</summary>
    Task AddPeerAsync(KernelNode peer);
}

/// <summary>The UDP server in a judged pod: what agnhost's netexec answers.</summary>
public static class JudgedPod
{
    /// <summary>The port that the judged pod's UDP server listens on.</summary>
    public const int UdpPort = 8081;
}
