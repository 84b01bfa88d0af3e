using System.Net.Sockets;
using ActorNet.Packets;

namespace ActorNet.Node.Uplink;

/// <summary>The underlay socket could not be made. The message names address and port, what the operating system said and what to do about it.</summary>
public sealed class UnderlayException : Exception
{
    /// <summary>The option that sets the underlay address.</summary>
    public const string AddressOption = "--address";

    /// <summary>Makes an exception with a message of its own.</summary>
    /// <param name="message">The message.</param>
    public UnderlayException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a message and a cause.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause.</param>
    public UnderlayException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes an empty exception.</summary>
    public UnderlayException()
    {
    }

    private UnderlayException(Ipv4Address address, ushort port, SocketException cause, string advice)
        : base($"UDP {address}:{port} cannot be used: {cause.Message}. {advice}", cause)
    {
        Address = address;
        Port = port;
        Error = cause.SocketErrorCode;
    }

    /// <summary>The address that was asked for.</summary>
    public Ipv4Address Address { get; }

    /// <summary>The port that was asked for.</summary>
    public ushort Port { get; }

    /// <summary>What the operating system said.</summary>
    public SocketError Error { get; }

    internal static UnderlayException FromBind(Ipv4Address address, ushort port, string portOption, SocketException cause) =>
        new(address, port, cause, Advice(address, port, portOption, cause.SocketErrorCode));

    private static string Advice(Ipv4Address address, ushort port, string portOption, SocketError error) => error switch
    {
        SocketError.AddressAlreadyInUse =>
            $"Another program holds the port: another actornet host on this address, or a VXLAN device of the kernel (`ip -d link show type vxlan`). Stop it, or choose another port with {portOption} on every host, or another address with {AddressOption}.",
        SocketError.AddressNotAvailable =>
            $"No interface of this machine has the address {address}. Choose one that `ip addr` lists with {AddressOption}.",
        SocketError.AccessDenied when port is > 0 and < 1024 =>
            $"Ports below 1024 need a privilege. Choose a port from 1024 on with {portOption}; the usual ones are 8472 and 8473.",
        SocketError.AccessDenied =>
            $"The operating system forbids it. Choose another port with {portOption} or another address with {AddressOption}, or lift the restriction.",
        SocketError.TooManyOpenSockets =>
            "The process has too many open files. Raise the limit (`ulimit -n`).",
        _ => $"Check the address ({AddressOption}) and the port ({portOption}).",
    };
}
