using System.Globalization;
using System.Net;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Wget;

/// <summary>Opens the connections of wget's HttpClient.</summary>
internal sealed class WgetConnector(ProgramContext context)
{
    private bool _isUsed;
    private (string? Host, Ipv4Address Address) _last;

    /// <summary>Why the last connection could not be opened, or null: HttpClient wraps it.</summary>
    public WgetExit? Failure { get; private set; }

    /// <summary>The last connection.</summary>
    public TcpDuplexPipe? Connection { get; private set; }

    /// <summary>Begins a request, which gets one connection: HttpClient would ask again where a server closes without a word.</summary>
    public void Begin() => _isUsed = false;

    /// <summary>Finds a host's address.</summary>
    /// <param name="host">Name or address.</param>
    public async Task<Ipv4Address> FindAsync(string host)
    {
        // One look-up for the line that tells it and the connection.
        if (_last.Host == host)
            return _last.Address;
        Lookup found = await context.LookUpAsync(host).ConfigureAwait(false);
        if (found.Outcome != LookupOutcome.Found)
            throw new WgetExit($"bad address '{host}'");
        _last = (host, found.Address);
        return found.Address;
    }

    /// <summary>Opens a connection.</summary>
    /// <param name="remote">Host and port.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Stream> ConnectAsync(DnsEndPoint remote, CancellationToken cancellationToken)
    {
        if (_isUsed)
            throw Failure = new WgetExit("error getting response");
        _isUsed = true;
        Ipv4Address address = await FindAsync(remote.Host).ConfigureAwait(false);
        (SocketResult result, TcpDuplexPipe? connection) = await TcpConnector.ConnectAsync(
            context.Namespace, new Ipv4Endpoint(address, (ushort)remote.Port), null, null, cancellationToken).ConfigureAwait(false);
        Connection = connection;
        if (connection is not null)
            return new TcpStream(connection);
        throw Failure = new WgetExit($"can't connect to remote host ({address}): {result.Describe()}");
    }

    /// <summary>The line that tells a connection.</summary>
    /// <param name="url">URL.</param>
    public async Task<string> DescribeAsync(WgetUrl url)
    {
        Ipv4Address address = await FindAsync(url.Host).ConfigureAwait(false);
        return string.Create(CultureInfo.InvariantCulture, $"Connecting to {url.Authority} ({address}:{url.Port})\n");
    }
}
