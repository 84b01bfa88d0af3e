using System.Net;
using System.Net.Sockets;
using ActorNet.Kubernetes.Selectors;

namespace ActorNet.Cluster;

/// <summary>What can be found wrong before a control system is made, said in words a user can act on.</summary>
internal static class ControlStartChecks
{
    private const int MaximumLabel = 63;

    public static void Check(ControlOptions options)
    {
        if (!ObjectNames.IsLabel(options.HostName))
            throw Bad($"The host name '{options.HostName}' is no DNS label: small letters, digits and '-', at most {MaximumLabel} characters, as host-1, were expected.");
        if (!IPAddress.TryParse(options.BindAddress, out IPAddress? address) || address.AddressFamily != AddressFamily.InterNetwork)
            throw Bad($"The bind address '{options.BindAddress}' is no IPv4 address, as 192.168.56.11.");
        if (options.Port is < 0 or > 65535)
            throw Bad($"The control port {options.Port} is not 0 to 65535.");
        if (IPAddress.Any.Equals(address) && options.PublicHostName is null)
            throw Bad("With the bind address 0.0.0.0 a public host name is needed: the address that other hosts reach this one by.");
        if (options.PublicHostName is { } name && (name.Length == 0 || name.AsSpan().IndexOfAnyExcept(HostCharacters) >= 0))
            throw Bad($"The public host name '{name}' is neither a DNS name nor an address.");
        if (options.Seeds.IsEmpty && !options.MayForm)
            throw Bad("There is no host to join and this host may not form a cluster: give a host to join, or --init on the first host.");
        if (options.Tls is { Certificate.HasPrivateKey: false })
            throw Bad($"The certificate '{options.Tls.Certificate.Subject}' of the control port has no private key.");
        if (options.Roles.Any(role => role.StartsWith(ControlRoles.HostPrefix, StringComparison.Ordinal) || !ObjectNames.IsLabel(role)))
            throw Bad($"The roles '{string.Join(", ", options.Roles)}' must be DNS labels that do not begin with '{ControlRoles.HostPrefix}'.");
        Probe(address, options.Port);
    }

    public static ControlStartException ListenFailed(ControlOptions options, Exception cause)
    {
        for (Exception? inner = cause; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException socket)
                return Explain(options.BindAddress, options.Port, socket);
        }
        return new ControlStartException(ControlStartError.ListenFailed,
            $"The control system cannot listen on {options.BindAddress}:{options.Port}: {cause.GetBaseException().Message}", cause);
    }

    public static ControlStartException PutOut(ControlOptions options, ControlEndReason reason, int times) => new(ControlStartError.NotAdmitted,
        $"The cluster let '{options.HostName}' in and put it out again {times} times (the last time: {reason}): its hosts do not hear this one. Check that each of them reaches {options.AdvertisedHost}:{options.Port}.");

    private static readonly System.Buffers.SearchValues<char> HostCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-");

    /// <summary>Binds once without the options that would let two processes share the port, then lets go.</summary>
    private static void Probe(IPAddress address, int port)
    {
        try
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
        }
        catch (SocketException exception)
        {
            throw Explain(address.ToString(), port, exception);
        }
    }

    private static ControlStartException Explain(string address, int port, SocketException cause) => cause.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => new ControlStartException(ControlStartError.PortTaken,
            $"TCP port {port} of {address} is already taken by another process: stop it, or give this host another control port.", cause),
        SocketError.AddressNotAvailable => new ControlStartException(ControlStartError.AddressUnavailable,
            $"No interface of this machine has the address {address}: give one that 'ip addr' shows.", cause),
        _ => new ControlStartException(ControlStartError.ListenFailed, $"The control system cannot listen on {address}:{port}: {cause.Message}", cause),
    };

    private static ControlStartException Bad(string message) => new(ControlStartError.BadOption, message);
}
