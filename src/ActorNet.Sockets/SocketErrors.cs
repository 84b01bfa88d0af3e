using System.Net.Sockets;
using ActorNet.Netstack;
using Microsoft.AspNetCore.Connections;

namespace ActorNet.Sockets;

/// <summary>Socket results as the exceptions that .NET's own sockets throw, so that HttpClient and Kestrel judge them as they always do.</summary>
internal static class SocketErrors
{
    /// <summary>The exception for a result other than Ok.</summary>
    public static SocketException ToException(SocketResult result, string doing) => new((int)Code(result), $"{doing}: {result.Describe()}");

    /// <summary>Why a stream broke: what Kestrel and its readers expect of a transport.</summary>
    public static Exception ToStreamException(SocketResult result, string doing) => result switch
    {
        SocketResult.ConnectionReset or SocketResult.BrokenPipe => new ConnectionResetException($"{doing}: {result.Describe()}", ToException(result, doing)),
        SocketResult.ConnectionAborted or SocketResult.Closed => new ConnectionAbortedException($"{doing}: {result.Describe()}"),
        _ => new IOException($"{doing}: {result.Describe()}", ToException(result, doing)),
    };

    private static SocketError Code(SocketResult result) => result switch
    {
        SocketResult.WouldBlock => SocketError.WouldBlock,
        SocketResult.AddressInUse => SocketError.AddressAlreadyInUse,
        SocketResult.AddressNotAvailable => SocketError.AddressNotAvailable,
        SocketResult.InvalidArgument => SocketError.InvalidArgument,
        SocketResult.MessageTooLong => SocketError.MessageSize,
        SocketResult.NetworkUnreachable => SocketError.NetworkUnreachable,
        SocketResult.HostUnreachable => SocketError.HostUnreachable,
        SocketResult.HostDown => SocketError.HostDown,
        SocketResult.NetworkDown => SocketError.NetworkDown,
        SocketResult.ConnectionRefused => SocketError.ConnectionRefused,
        SocketResult.AccessDenied or SocketResult.NotPermitted => SocketError.AccessDenied,
        SocketResult.NoBuffers => SocketError.NoBufferSpaceAvailable,
        SocketResult.NotConnected => SocketError.NotConnected,
        SocketResult.TimedOut => SocketError.TimedOut,
        SocketResult.ConnectionReset => SocketError.ConnectionReset,
        SocketResult.ConnectionAborted => SocketError.ConnectionAborted,
        SocketResult.BrokenPipe => SocketError.Shutdown,
        SocketResult.Closed => SocketError.OperationAborted,
        _ => SocketError.SocketError,
    };
}
