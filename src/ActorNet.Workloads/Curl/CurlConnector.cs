using System.Globalization;
using System.Net;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Workloads.Dns.Client;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Curl;

/// <summary>Opens the connections of curl's HttpClient: names, --resolve, --interface, --local-port, --connect-timeout.</summary>
internal sealed class CurlConnector(ProgramContext context, CurlOptions options, CurlConsole console)
{
    // CURL_DEFAULT_CONNECT_TIMEOUT.
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, List<Ipv4Address>> _given = new(StringComparer.OrdinalIgnoreCase);
    private CurlFacts? _facts;
    private CancellationToken _transfer;

    /// <summary>Why the last connection could not be opened, or null.</summary>
    public CurlFailure? Failure { get; private set; }

    /// <summary>The last connection that was opened.</summary>
    public TcpDuplexPipe? Connection { get; private set; }

    /// <summary>Whether the request under way opened a connection; it goes on one of an earlier request otherwise.</summary>
    public bool HasOpened { get; private set; }

    /// <summary>Takes --resolve in: HOST:PORT:ADDRESS[,ADDRESS...], where the host may be an asterisk.</summary>
    public async ValueTask AddGivenAsync()
    {
        foreach (string entry in options.Resolve)
        {
            string[] parts = entry.TrimStart('+').Split(':', 3);
            string key = parts.Length > 1 ? $"{parts[0].TrimStart('-')}:{parts[1]}" : "";
            if (parts.Length == 2 && entry[0] == '-')
                _given.Remove(key);
            else if (parts.Length == 3 && TryParseAddresses(parts[2], out List<Ipv4Address> addresses))
                _given[key] = addresses;
            else
                throw new CurlFailure(CurlCode.SetOptionSyntax, $"Couldn't parse CURLOPT_RESOLVE entry '{entry}'");
            if (parts.Length == 3)
                await console.NoteAsync($"Added {entry} to DNS cache").ConfigureAwait(false);
        }
    }

    /// <summary>Names the transfer that connections are opened for.</summary>
    /// <param name="facts">What is noted.</param>
    /// <param name="transfer">The transfer's end.</param>
    public void Begin(CurlFacts facts, CancellationToken transfer)
    {
        _facts = facts;
        _transfer = transfer;
        Failure = null;
        HasOpened = false;
    }

    /// <summary>Opens a connection.</summary>
    /// <param name="remote">Host and port.</param>
    /// <param name="cancellationToken">HttpClient gives up.</param>
    /// <exception cref="CurlFailure">It failed; <see cref="Failure"/> keeps it, for HttpClient wraps it.</exception>
    public async Task<Stream> ConnectAsync(DnsEndPoint remote, CancellationToken cancellationToken)
    {
        try
        {
            // HttpClient would try again where a fresh connection ended before the request was out; curl does so with a reused one alone
            // (lib/transfer.c Curl_retry_request).
            if (HasOpened)
                throw new CurlFailure(CurlCode.GotNothing, "Empty reply from server");
            using var timeout = CurlTimer.Start(options.ConnectTimeout ?? DefaultTimeout, context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _transfer, timeout.Token);
            try
            {
                return await ConnectToAsync(remote, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested && !_transfer.IsCancellationRequested)
            {
                throw Failed(remote, CurlCode.OperationTimedOut, "Timeout was reached");
            }
            catch (OperationCanceledException) when (_transfer.IsCancellationRequested && !context.Cancellation.IsCancellationRequested)
            {
                throw new CurlFailure(CurlCode.OperationTimedOut, $"Connection timed out after {_facts!.ElapsedMilliseconds} milliseconds");
            }
        }
        catch (CurlFailure failure)
        {
            Failure = failure;
            await console.NoteAsync(failure.Message).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<Stream> ConnectToAsync(DnsEndPoint remote, CancellationToken cancellationToken)
    {
        IReadOnlyList<Ipv4Address> addresses = await FindAsync(remote, cancellationToken).ConfigureAwait(false);
        _facts!.NameLookup = _facts.Elapsed;
        (TcpOptions tcp, Ipv4Address source) = await FindSourceAsync().ConfigureAwait(false);
        SocketResult last = SocketResult.NetworkUnreachable;
        foreach (Ipv4Address address in addresses)
        {
            var endpoint = new Ipv4Endpoint(address, (ushort)remote.Port);
            await console.NoteAsync($"  Trying {endpoint}...").ConfigureAwait(false);
            (last, TcpDuplexPipe? connection) = await TryAsync(endpoint, tcp, source, cancellationToken).ConfigureAwait(false);
            if (connection is not null)
                return await OpenedAsync(remote, connection).ConfigureAwait(false);
            bool isLocal = last is SocketResult.NetworkUnreachable or SocketResult.NetworkDown or SocketResult.AccessDenied or SocketResult.InvalidArgument;
            await console.NoteAsync(isLocal ? $"Immediate connect fail for {address}: {last.Describe()}" : $"connect to {address} port {remote.Port} failed: {last.Describe()}").ConfigureAwait(false);
        }

        // lib/connect.c: a connection that the system gave up counts as a timeout, with the same words.
        throw Failed(remote, last == SocketResult.TimedOut ? CurlCode.OperationTimedOut : CurlCode.CouldNotConnect, CurlCode.Describe(CurlCode.CouldNotConnect), last == SocketResult.ConnectionRefused);
    }

    private async Task<Stream> OpenedAsync(DnsEndPoint remote, TcpDuplexPipe connection)
    {
        _facts!.Connect = _facts.Elapsed;
        Connection = connection;
        HasOpened = true;
        await console.NoteAsync($"Connected to {remote.Host} ({connection.Remote.Address}) port {remote.Port} (#{_facts.Number + _facts.Connects})").ConfigureAwait(false);
        _facts.Connects++;
        return new TcpStream(connection);
    }

    private CurlFailure Failed(DnsEndPoint remote, int code, string why, bool isRefused = false) =>
        new(code, $"Failed to connect to {remote.Host} port {remote.Port} after {_facts!.ElapsedMilliseconds} ms: {why}") { IsRefused = isRefused };

    // With --local-port: the ports of the range in turn, while they are taken.
    private async Task<(SocketResult Result, TcpDuplexPipe? Connection)> TryAsync(
        Ipv4Endpoint remote, TcpOptions tcp, Ipv4Address source, CancellationToken cancellationToken)
    {
        bool isBound = !source.IsAny || options.LocalPort != 0;
        for (int i = 0; ; i++)
        {
            Ipv4Endpoint? local = isBound ? new Ipv4Endpoint(source, (ushort)(options.LocalPort == 0 ? 0 : options.LocalPort + i)) : null;
            (SocketResult Result, TcpDuplexPipe? Connection) attempt =
                await TcpConnector.ConnectAsync(context.Namespace, remote, tcp, local, cancellationToken).ConfigureAwait(false);
            bool isBindError = isBound && attempt.Result is SocketResult.AddressInUse or SocketResult.AddressNotAvailable;
            if (!isBindError)
                return attempt;
            if (attempt.Result == SocketResult.AddressInUse && i + 1 < options.LocalPorts)
                continue;
            // EADDRINUSE and EADDRNOTAVAIL of Linux.
            int errno = attempt.Result == SocketResult.AddressInUse ? 98 : 99;
            throw new CurlFailure(CurlCode.InterfaceFailed, $"bind failed with errno {errno}: {attempt.Result.Describe()}");
        }
    }

    // A device, an address or a name of this container; "if!" and "host!" say which.
    private async ValueTask<(TcpOptions Options, Ipv4Address Source)> FindSourceAsync()
    {
        var tcp = new TcpOptions { NoDelay = true, KeepAlive = !options.NoKeepAlive, KeepAliveIdle = TimeSpan.FromSeconds(60), KeepAliveInterval = TimeSpan.FromSeconds(60) };
        if (options.Interface is not { } name)
            return (tcp, default);
        bool isDevice = name.StartsWith("if!", StringComparison.Ordinal);
        bool isHost = name.StartsWith("host!", StringComparison.Ordinal);
        string word = isDevice || isHost ? name[(name.IndexOf('!', StringComparison.Ordinal) + 1)..] : name;
        if (!isHost && await context.HasDeviceAsync(word).ConfigureAwait(false))
            return (tcp with { Device = word }, default);
        if (!isDevice && context.TryResolve(word, out Ipv4Address address))
            return (tcp, address);
        throw new CurlFailure(CurlCode.InterfaceFailed, $"Couldn't bind to '{word}'");
    }

    private async ValueTask<IReadOnlyList<Ipv4Address>> FindAsync(DnsEndPoint remote, CancellationToken cancellationToken)
    {
        string port = remote.Port.ToString(CultureInfo.InvariantCulture);
        if (_given.TryGetValue($"{remote.Host}:{port}", out List<Ipv4Address>? given) || _given.TryGetValue("*:" + port, out given))
        {
            await console.NoteAsync($"Hostname {remote.Host} was found in DNS cache").ConfigureAwait(false);
            return given;
        }

        // There is no IPv6 here: to such an address the network is unreachable.
        if (remote.Host.Contains(':', StringComparison.Ordinal))
            return [];
        Lookup found = await context.LookUpAsync(remote.Host, cancellationToken).ConfigureAwait(false);
        return found.Outcome == LookupOutcome.Found
            ? found.Addresses
            : throw new CurlFailure(CurlCode.CouldNotResolveHost, $"Could not resolve host: {remote.Host}");
    }

    private static bool TryParseAddresses(string text, out List<Ipv4Address> addresses)
    {
        addresses = [];
        foreach (string word in text.Split(','))
        {
            if (!Ipv4Address.TryParse(word, out Ipv4Address address))
                return false;
            addresses.Add(address);
        }

        return true;
    }
}
