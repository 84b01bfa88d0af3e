using System.Globalization;
using System.Net;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Wget;

/// <summary>Opens the connections of wget's HttpClient.</summary>
internal sealed class WgetConnector(ProgramContext context)
{
    private bool _isUsed;

    /// <summary>Why the last connection could not be opened, or null: HttpClient wraps it.</summary>
    public WgetExit? Failure { get; private set; }

    /// <summary>The last connection.</summary>
    public TcpDuplexPipe? Connection { get; private set; }

    /// <summary>Begins a request, which gets one connection: HttpClient would ask again where a server closes without a word.</summary>
    public void Begin() => _isUsed = false;

    /// <summary>Finds a host's address.</summary>
    /// <param name="host">Name or address.</param>
    public Ipv4Address Find(string host) => context.TryResolve(host, out Ipv4Address address) ? address : throw new WgetExit($"bad address '{host}'");

    /// <summary>Opens a connection.</summary>
    /// <param name="remote">Host and port.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Stream> ConnectAsync(DnsEndPoint remote, CancellationToken cancellationToken)
    {
        if (_isUsed)
            throw Failure = new WgetExit("error getting response");
        _isUsed = true;
        Ipv4Address address = Find(remote.Host);
        (SocketResult result, TcpDuplexPipe? connection) = await TcpConnector.ConnectAsync(
            context.Namespace, new Ipv4Endpoint(address, (ushort)remote.Port), null, null, cancellationToken).ConfigureAwait(false);
        Connection = connection;
        if (connection is not null)
            return new TcpStream(connection);
        throw Failure = new WgetExit($"can't connect to remote host ({address}): {result.Describe()}");
    }

    /// <summary>The line that tells a connection.</summary>
    /// <param name="url">URL.</param>
    public string Describe(WgetUrl url) => string.Create(CultureInfo.InvariantCulture, $"Connecting to {url.Authority} ({Find(url.Host)}:{url.Port})\n");
}
