using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorNet.Cluster.Joining;

namespace ActorNet.Cli.Host;

/// <summary>
/// The ports of a host that is joining, held while it is: so what is taken is said before anything else is done, the cluster can call them, and the tunnel can be
/// tried. They are free again before the host starts.
/// </summary>
internal sealed class JoinPorts : IDisposable
{
    // How many callers of a port are listened to at once, and how long.
    private const int MostCallers = 64;

    // There is none of these that it does not need.
    private static readonly (string Option, ProtocolType Protocol, Func<HostOptions, int> Port)[] Each =
    [
        ("--underlay-port", ProtocolType.Udp, static options => options.UnderlayPort), ("--lan-port", ProtocolType.Udp, static options => options.LanPort),
        ("--control-port", ProtocolType.Tcp, static options => options.ControlPort), ("--api-port", ProtocolType.Tcp, static options => options.ApiPort),
        ("--kubelet-port", ProtocolType.Tcp, static options => options.KubeletPort), ("--store-port", ProtocolType.Tcp, static options => options.StorePort),
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3), Breath = TimeSpan.FromMilliseconds(10);

    private readonly List<Socket> _sockets = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly IPAddress _address;
    private readonly byte[] _greeting;

    private JoinPorts(HostOptions options, Guid number)
    {
        _address = IPAddress.Parse(options.Address.ToString());
        _greeting = PortGreeting.Of(number);
        Number = number;
        Tcp = new SortedDictionary<string, int>(StringComparer.Ordinal)
        {
            ["API"] = options.ApiPort,
            ["control"] = options.ControlPort,
            ["kubelet"] = options.KubeletPort,
            ["store"] = options.StorePort,
        }.ToImmutableSortedDictionary(StringComparer.Ordinal);
        Tunnel = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        _sockets.Add(Tunnel);
    }

    /// <summary>The number by which the cluster knows this host's probes and ports.</summary>
    public Guid Number { get; }

    /// <summary>TCP ports, by what they are for.</summary>
    public ImmutableSortedDictionary<string, int> Tcp { get; }

    /// <summary>The tunnel's socket.</summary>
    public Socket Tunnel { get; }

    /// <summary>Takes the ports.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="number">What they say to who calls.</param>
    /// <exception cref="UsageException">One is taken; none is held.</exception>
    public static JoinPorts Open(HostOptions options, Guid number)
    {
        var ports = new JoinPorts(options, number);
        try
        {
            Bind(ports.Tunnel, ports._address, "--underlay-port", options.UnderlayPort);
            var lan = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            ports._sockets.Add(lan);
            Bind(lan, ports._address, "--lan-port", options.LanPort);
            foreach ((string what, int port) in ports.Tcp)
                ports.Listen($"--{what.ToLowerInvariant()}-port", port);
            return ports;
        }
        catch
        {
            ports.Dispose();
            throw;
        }
    }

    /// <summary>Looks whether the ports are free, before a host writes anything. Nobody who calls meanwhile is answered.</summary>
    /// <param name="options">The host's options.</param>
    /// <exception cref="UsageException">One is taken, or the address is no interface's.</exception>
    public static void Check(HostOptions options)
    {
        var address = IPAddress.Parse(options.Address.ToString());
        foreach ((string option, ProtocolType protocol, Func<HostOptions, int> port) in Each)
        {
            // Without a store of its own a host does not listen there; an etcd may.
            if (option == "--store-port" && options.Store != HostOptions.EmbeddedStore)
                continue;
            using var probe = new Socket(AddressFamily.InterNetwork, protocol == ProtocolType.Udp ? SocketType.Dgram : SocketType.Stream, protocol);
            Bind(probe, address, option, port(options));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closing.Cancel();
        _sockets.ForEach(static socket => socket.Dispose());
        _closing.Dispose();
    }

    private void Listen(string option, int port)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(listener);
        Bind(listener, _address, option, port);
        listener.Listen(MostCallers);
        _ = GreetAsync(listener, _closing.Token);
    }

    private static void Bind(Socket socket, IPAddress address, string option, int port)
    {
        try
        {
            socket.Bind(new IPEndPoint(address, port));
        }
        catch (SocketException e)
        {
            if (e.SocketErrorCode == SocketError.AddressNotAvailable)
                throw new UsageException($"--address {address}: no interface of this machine has this address. Give one that `ip addr` shows. Nothing was changed on this host.");
            bool isUdp = socket.ProtocolType == ProtocolType.Udp;
            string why = e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse when isUdp => "another process, or a VXLAN device of the kernel (`ip -d link show type vxlan`), has it already. Stop that one, or give another port",
                SocketError.AddressAlreadyInUse => "another process has it already. Stop that one, or give another port",
                SocketError.AccessDenied => "this user may not open it. Give a port from 1024 on",
                _ => $"it cannot be opened ({e.Message})",
            };
            throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option} {port}: {(isUdp ? "UDP" : "TCP")} port {port} of {address}: {why}. Nothing was changed on this host."));
        }
    }

    private async Task GreetAsync(Socket listener, CancellationToken ct)
    {
        var callers = new Queue<CancellationTokenSource>();
        while (!ct.IsCancellationRequested)
        {
            try
            {
                Socket caller = await listener.AcceptAsync(ct).ConfigureAwait(false);
                // A silent stranger waits for himself alone, and goes when there are too many: who is expected hangs up at once.
                if (callers.Count == MostCallers)
                    await callers.Dequeue().CancelAsync().ConfigureAwait(false);
                var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
                limit.CancelAfter(Patience);
                callers.Enqueue(limit);
                _ = SayAsync(caller, limit.Token);
            }
            catch (SocketException) when (!ct.IsCancellationRequested)
            {
                // Whoever called went before he was heard.
                await Task.Delay(Breath, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // The ports are given back.
                break;
            }
        }
    }

    private async Task SayAsync(Socket caller, CancellationToken limit)
    {
        using (caller)
        {
            try
            {
                // Closed with a reset: a connection that lingers would keep the port from the host that starts in a moment.
                caller.LingerState = new LingerOption(true, 0);
                await caller.SendAsync(_greeting, limit).ConfigureAwait(false);
                // Until the caller has read it and hung up.
                await caller.ReceiveAsync(new byte[1], limit).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // It went first, or was silent.
            }
        }
    }
}
