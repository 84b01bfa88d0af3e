using System.Net;
using System.Net.Sockets;
using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Sockets.Http;

/// <summary>How a name becomes addresses in a namespace.</summary>
/// <param name="host">A name; never an address.</param>
/// <param name="cancellationToken">Gives up.</param>
/// <returns>Addresses in the order in which they are to be tried; empty when the name is unknown.</returns>
public delegate ValueTask<IReadOnlyList<Ipv4Address>> NameResolver(string host, CancellationToken cancellationToken);

/// <summary>HttpClient over the sockets of a namespace.</summary>
public static class NamespaceHttp
{
    /// <summary>Makes the handler of an HttpClient whose connections leave from a namespace.</summary>
    /// <param name="executor">The door to the namespace.</param>
    /// <param name="resolver">How names become addresses.</param>
    /// <param name="options">Socket options; null means NoDelay, as HttpClient's own sockets have it.</param>
    /// <param name="local">What to bind; null leaves it to the route.</param>
    public static SocketsHttpHandler CreateHandler(INamespaceExecutor executor, NameResolver resolver, TcpOptions? options = null, Ipv4Endpoint? local = null)
    {
        ArgumentNullException.ThrowIfNull(executor);
        ArgumentNullException.ThrowIfNull(resolver);
        TcpOptions chosen = options ?? new TcpOptions { NoDelay = true };
        return CreateHandler((remote, cancellationToken) => ConnectAsync(executor, resolver, chosen, local, remote, cancellationToken));
    }

    /// <summary>Makes the handler of an HttpClient whose connections the caller opens: no proxy, cookies, redirects or decoding of its own.</summary>
    /// <param name="connect">Opens a connection.</param>
    public static SocketsHttpHandler CreateHandler(Func<DnsEndPoint, CancellationToken, Task<Stream>> connect)
    {
        ArgumentNullException.ThrowIfNull(connect);
        return new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = async (context, cancellationToken) => await connect(context.DnsEndPoint, cancellationToken).ConfigureAwait(false),
        };
    }

    private static async Task<Stream> ConnectAsync(
        INamespaceExecutor executor, NameResolver resolver, TcpOptions options, Ipv4Endpoint? local, DnsEndPoint remote, CancellationToken cancellationToken)
    {
        IReadOnlyList<Ipv4Address> addresses = Ipv4Address.TryParse(remote.Host, out Ipv4Address literal)
            ? [literal]
            : await resolver(remote.Host, cancellationToken).ConfigureAwait(false);
        SocketException failure = new((int)SocketError.HostNotFound);
        foreach (Ipv4Address address in addresses)
        {
            var endpoint = new Ipv4Endpoint(address, (ushort)remote.Port);
            (SocketResult result, TcpDuplexPipe? connection) =
                await TcpConnector.ConnectAsync(executor, endpoint, options, local, cancellationToken).ConfigureAwait(false);
            if (connection is not null)
                return new TcpStream(connection);
            failure = SocketErrors.ToException(result, $"connect to {endpoint}");
        }

        throw failure;
    }
}
