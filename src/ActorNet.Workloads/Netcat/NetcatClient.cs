using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Netcat;

/// <summary>The connecting side: one port after the other.</summary>
internal sealed class NetcatClient(ProgramContext context, NetcatOptions options, NetcatNames names)
{
    // udptest: how long it looks whether a port is refused when -w does not say.
    private const int ProbeSeconds = 3;

    private static readonly byte[] Probe = "X"u8.ToArray();

    private readonly string _host = options.Host!;
    private Ipv4Address _address;
    private Ipv4Endpoint? _local;

    public async Task<int> RunAsync()
    {
        (ushort first, ushort last) = names.FindPorts();
        _address = await names.FindHostAsync(_host, first.ToString(CultureInfo.InvariantCulture)).ConfigureAwait(false);
        _local = options.SourcePort is null && options.SourceAddress is null ? null : names.FindLocal(options.SourceAddress, options.SourcePort);
        int code = 1;
        foreach (ushort port in Order(first, last))
        {
            if (options.Interval > TimeSpan.Zero && port != first)
                await Task.Delay(options.Interval, context.Time, context.Cancellation).ConfigureAwait(false);
            if (await OpenAsync(port).ConfigureAwait(false) is not { } peer)
                continue;
            code = await UseAsync(peer, port).ConfigureAwait(false);
        }

        return code;
    }

    // -r: a walk through the range in steps that share no factor with its length, so that every port comes once.
    private IEnumerable<ushort> Order(ushort first, ushort last)
    {
        int count = last - first + 1;
        int start = 0;
        int step = 1;
        if (options.RandomPorts && count > 2)
        {
            start = (int)((ulong)context.Time.GetTimestamp() % (uint)count);
            step = Enumerable.Range((count / 2) + 1, count).First(each => Gcd(each, count) == 1);
        }

        for (int i = 0; i < count; i++)
            yield return (ushort)(first + (int)((start + ((long)i * step)) % count));
    }

    private static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);

    private async Task<int> UseAsync(INetcatPeer peer, ushort port)
    {
        if (options.Verbose)
        {
            if (options.Udp && !await ProbeAsync(peer).ConfigureAwait(false))
            {
                await peer.DisposeAsync().ConfigureAwait(false);
                return 1;
            }

            string address = !options.Numeric && _host != _address.ToString() ? $" ({_address})" : "";
            await context.Stderr.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"Connection to {_host}{address} {port} port {names.DescribeService(port)} succeeded!\n")).ConfigureAwait(false);
        }

        if (options.Scan)
            await peer.DisposeAsync().ConfigureAwait(false);
        else
            await RelayAsync(peer).ConfigureAwait(false);
        return 0;
    }

    // A refusal is told by the send after the one that was refused.
    private async Task<bool> ProbeAsync(INetcatPeer peer)
    {
        double last = options.Timeout?.TotalSeconds ?? ProbeSeconds;
        bool taken = await peer.WriteAsync(Probe, context.Cancellation).ConfigureAwait(false);
        for (int i = 0; taken && i <= last; i++)
        {
            if (i > 0)
                await Task.Delay(TimeSpan.FromSeconds(1), context.Time, context.Cancellation).ConfigureAwait(false);
            taken = await peer.WriteAsync(Probe, context.Cancellation).ConfigureAwait(false);
        }

        return taken;
    }

    private async Task<INetcatPeer?> OpenAsync(ushort port)
    {
        var remote = new Ipv4Endpoint(_address, port);
        using var timeout = new CancellationTokenSource(options.Timeout ?? Timeout.InfiniteTimeSpan, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, context.Cancellation);
        SocketResult result;
        INetcatPeer? peer;
        bool isLate = false;
        try
        {
            (result, peer) = options.Udp ? await OpenUdpAsync(remote).ConfigureAwait(false) : await OpenTcpAsync(remote, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !context.Cancellation.IsCancellationRequested)
        {
            (result, peer, isLate) = (SocketResult.InProgress, null, true);
        }

        if (peer is not null)
            return peer;
        if (_local is not null && result is SocketResult.AddressInUse or SocketResult.AddressNotAvailable)
            throw NetcatExit.Failure($"bind failed: {result.Describe()}");
        if (options.Verbose)
            await TellFailureAsync(port, isLate ? "timed out" : "failed", result).ConfigureAwait(false);
        return null;
    }

    private Task TellFailureAsync(ushort port, string how, SocketResult why)
    {
        string host = options.Numeric || _host == _address.ToString() ? _host : $"{_host} ({_address})";
        return context.Stderr.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"nc: connect to {host} port {port} ({options.Protocol}) {how}: {why.Describe()}\n"));
    }

    private async Task<(SocketResult Result, INetcatPeer? Peer)> OpenTcpAsync(Ipv4Endpoint remote, CancellationToken cancellation)
    {
        (SocketResult result, TcpDuplexPipe? connection) =
            await TcpConnector.ConnectAsync(context.Namespace, remote, NetcatSockets.Tcp(options), _local, cancellation).ConfigureAwait(false);
        return (result, connection is null ? null : new TcpPeer(connection));
    }

    private async Task<(SocketResult Result, INetcatPeer? Peer)> OpenUdpAsync(Ipv4Endpoint remote)
    {
        (SocketResult result, DatagramEndpoint? endpoint) =
            await DatagramEndpoint.OpenAsync(context.Namespace, _local ?? default, remote, NetcatSockets.Udp(options)).ConfigureAwait(false);
        return (result, endpoint is null ? null : new UdpPeer(endpoint, remote, ownsEndpoint: true));
    }

    private async Task RelayAsync(INetcatPeer peer)
    {
        using var relay = new NetcatRelay(context, options, peer);
        await relay.RunAsync().ConfigureAwait(false);
    }
}
