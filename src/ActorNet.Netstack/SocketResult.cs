using ActorNet.Dataplane.Ip;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>What a socket call came to. The errno that Linux gives is in each member's comment.</summary>
public enum SocketResult : byte
{
    /// <summary>Success.</summary>
    Ok,

    /// <summary>EAGAIN: nothing to receive.</summary>
    WouldBlock,

    /// <summary>EADDRINUSE: the port is taken, or no ephemeral port is free.</summary>
    AddressInUse,

    /// <summary>EADDRNOTAVAIL: the address is not one of the namespace's.</summary>
    AddressNotAvailable,

    /// <summary>EINVAL: port 0 as destination, a second bind, a value out of range.</summary>
    InvalidArgument,

    /// <summary>EDESTADDRREQ: no destination and not connected.</summary>
    DestinationRequired,

    /// <summary>EMSGSIZE: larger than the path MTU with DF set, or than an IPv4 packet can be.</summary>
    MessageTooLong,

    /// <summary>ENETUNREACH: no route here, or an ICMP net unreachable.</summary>
    NetworkUnreachable,

    /// <summary>EHOSTUNREACH: the neighbour failed, or an ICMP host unreachable or time exceeded.</summary>
    HostUnreachable,

    /// <summary>EHOSTDOWN: ICMP host unknown.</summary>
    HostDown,

    /// <summary>ENONET: ICMP source host isolated.</summary>
    HostIsolated,

    /// <summary>ENETDOWN: the device is down.</summary>
    NetworkDown,

    /// <summary>ECONNREFUSED: ICMP port unreachable.</summary>
    ConnectionRefused,

    /// <summary>ENOPROTOOPT: ICMP protocol unreachable.</summary>
    ProtocolUnreachable,

    /// <summary>EOPNOTSUPP: ICMP source route failed.</summary>
    SourceRouteFailed,

    /// <summary>EPROTO: ICMP parameter problem.</summary>
    ProtocolError,

    /// <summary>EACCES: a broadcast destination without the permission.</summary>
    AccessDenied,

    /// <summary>ENOBUFS: no frame memory, or the socket table is full.</summary>
    NoBuffers,

    /// <summary>EBADF: the socket is closed.</summary>
    Closed,

    /// <summary>ENODEV: no such device, or no route to a group.</summary>
    NoDevice,

    /// <summary>EINPROGRESS: the connection is being made; the socket's callback tells when it stands or has failed.</summary>
    InProgress,

    /// <summary>EALREADY: an earlier connect is still under way.</summary>
    AlreadyInProgress,

    /// <summary>EISCONN: the socket is connected.</summary>
    AlreadyConnected,

    /// <summary>ENOTCONN: the socket is not connected.</summary>
    NotConnected,

    /// <summary>ETIMEDOUT: the peer did not answer.</summary>
    TimedOut,

    /// <summary>ECONNRESET: the peer reset the connection.</summary>
    ConnectionReset,

    /// <summary>ECONNABORTED: the connection was aborted here.</summary>
    ConnectionAborted,

    /// <summary>EPIPE: sending is over, by a shutdown or because the connection ended.</summary>
    BrokenPipe,

    /// <summary>EPERM: a netfilter rule of this namespace dropped it.</summary>
    NotPermitted,
}

/// <summary>How send errors and ICMP errors become socket results, and what Linux says for them.</summary>
public static class SocketResults
{
    /// <summary>The result for what the namespace answered to a packet.</summary>
    /// <param name="error">The namespace's answer.</param>
    public static SocketResult From(SendError error) => error switch
    {
        SendError.None => SocketResult.Ok,
        SendError.MessageTooLong => SocketResult.MessageTooLong,
        SendError.NetworkUnreachable => SocketResult.NetworkUnreachable,
        SendError.HostUnreachable => SocketResult.HostUnreachable,
        SendError.NetworkDown => SocketResult.NetworkDown,
        SendError.AccessDenied => SocketResult.AccessDenied,
        SendError.NoBuffers => SocketResult.NoBuffers,
        SendError.NotPermitted => SocketResult.NotPermitted,
        _ => SocketResult.InvalidArgument,
    };

    /// <summary>The result for what the namespace answered to joining a group.</summary>
    /// <param name="error">The namespace's answer.</param>
    public static SocketResult From(GroupError error) => error switch
    {
        GroupError.None => SocketResult.Ok,
        GroupError.NoDevice => SocketResult.NoDevice,
        GroupError.TooMany => SocketResult.NoBuffers,
        _ => SocketResult.InvalidArgument,
    };

    /// <summary>
    /// The result for an ICMP error and whether it is hard, that is, reported to a connected socket that did not ask for soft ones
    /// (linux net/ipv4/icmp.c icmp_err_convert, net/ipv4/udp.c __udp4_lib_err).
    /// </summary>
    /// <param name="type">ICMP type.</param>
    /// <param name="code">ICMP code.</param>
    /// <param name="hard">Whether the error is hard.</param>
    /// <returns><see cref="SocketResult.Ok"/> for messages that tell a socket nothing.</returns>
    public static SocketResult FromIcmp(IcmpType type, byte code, out bool hard)
    {
        (SocketResult result, hard) = type switch
        {
            IcmpType.TimeExceeded => (SocketResult.HostUnreachable, false),
            IcmpType.ParameterProblem => (SocketResult.ProtocolError, true),
            IcmpType.DestinationUnreachable => code switch
            {
                0 or 11 => (SocketResult.NetworkUnreachable, false),
                1 or 12 => (SocketResult.HostUnreachable, false),
                2 => (SocketResult.ProtocolUnreachable, true),
                3 => (SocketResult.ConnectionRefused, true),
                4 => (SocketResult.MessageTooLong, true),
                5 => (SocketResult.SourceRouteFailed, false),
                6 or 9 => (SocketResult.NetworkUnreachable, true),
                7 => (SocketResult.HostDown, true),
                8 => (SocketResult.HostIsolated, true),
                10 or 13 or 14 or 15 => (SocketResult.HostUnreachable, true),
                _ => (SocketResult.HostUnreachable, false),
            },
            _ => (SocketResult.Ok, false),
        };
        return result;
    }

    /// <summary>The text of strerror(3) in glibc for the result's errno.</summary>
    /// <param name="result">The result.</param>
    public static string Describe(this SocketResult result) => result switch
    {
        SocketResult.Ok => "Success",
        SocketResult.WouldBlock => "Resource temporarily unavailable",
        SocketResult.AddressInUse => "Address already in use",
        SocketResult.AddressNotAvailable => "Cannot assign requested address",
        SocketResult.InvalidArgument => "Invalid argument",
        SocketResult.DestinationRequired => "Destination address required",
        SocketResult.MessageTooLong => "Message too long",
        SocketResult.NetworkUnreachable => "Network is unreachable",
        SocketResult.HostUnreachable => "No route to host",
        SocketResult.HostDown => "Host is down",
        SocketResult.HostIsolated => "Machine is not on the network",
        SocketResult.NetworkDown => "Network is down",
        SocketResult.ConnectionRefused => "Connection refused",
        SocketResult.ProtocolUnreachable => "Protocol not available",
        SocketResult.SourceRouteFailed => "Operation not supported",
        SocketResult.ProtocolError => "Protocol error",
        SocketResult.AccessDenied => "Permission denied",
        SocketResult.NoBuffers => "No buffer space available",
        SocketResult.Closed => "Bad file descriptor",
        SocketResult.NoDevice => "No such device",
        SocketResult.InProgress => "Operation now in progress",
        SocketResult.AlreadyInProgress => "Operation already in progress",
        SocketResult.AlreadyConnected => "Transport endpoint is already connected",
        SocketResult.NotConnected => "Transport endpoint is not connected",
        SocketResult.TimedOut => "Connection timed out",
        SocketResult.ConnectionReset => "Connection reset by peer",
        SocketResult.ConnectionAborted => "Software caused connection abort",
        SocketResult.BrokenPipe => "Broken pipe",
        SocketResult.NotPermitted => "Operation not permitted",
        _ => "Unknown error",
    };
}
