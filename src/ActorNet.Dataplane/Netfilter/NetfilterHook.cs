namespace ActorNet.Dataplane.Netfilter;

/// <summary>The five places of IPv4 where packets meet rules (linux include/uapi/linux/netfilter.h, nf_inet_hooks), in the kernel's order.</summary>
internal enum NetfilterHook : byte
{
    /// <summary>Received, before the routing decision.</summary>
    PreRouting,

    /// <summary>For a socket of this namespace.</summary>
    Input,

    /// <summary>Routed to another device.</summary>
    Forward,

    /// <summary>Made here, behind the routing decision.</summary>
    Output,

    /// <summary>About to leave.</summary>
    PostRouting,
}
