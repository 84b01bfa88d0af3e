using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>What came back to an echo socket: a reply, or an error record.</summary>
/// <param name="Sequence">Echo sequence number.</param>
/// <param name="Info">Facts about the reply; default for an error.</param>
/// <param name="Data">The reply's data.</param>
/// <param name="Error">The error, or null for a reply.</param>
public sealed record EchoEvent(ushort Sequence, DatagramInfo Info, byte[] Data, SocketErrorRecord? Error);

/// <summary>How an echo socket is opened.</summary>
/// <param name="Destination">Whom to ask.</param>
public sealed record EchoOptions(Ipv4Address Destination)
{
    /// <summary>Source address, or 0.0.0.0 to let the route choose.</summary>
    public Ipv4Address Source { get; init; }

    /// <summary>Device to leave by, or null.</summary>
    public string? Device { get; init; }

    /// <summary>TTL, 0 for the namespace's default.</summary>
    public byte TimeToLive { get; init; }

    /// <summary>Path MTU discovery.</summary>
    public PathMtuDiscovery PathMtuDiscovery { get; init; } = PathMtuDiscovery.Want;

    /// <summary>Whether a broadcast destination is allowed.</summary>
    public bool AllowBroadcast { get; init; }
}

/// <summary>An echo socket for ordinary tasks; what nobody has asked for stays in the socket's bounded queues.</summary>
public sealed class EchoEndpoint : IAsyncDisposable
{
    private const int EventsPerTurn = 64;

    private readonly INamespaceExecutor _executor;
    private readonly IcmpSocket _socket;
    private readonly ReadinessGate _gate;
    private readonly Ipv4Address _destination;

    private readonly CancellationTokenRegistration _killed;

    private EchoEndpoint(INamespaceExecutor executor, IcmpSocket socket, ReadinessGate gate, Ipv4Address destination, Ipv4Address source)
    {
        _executor = executor;
        _socket = socket;
        _gate = gate;
        _destination = destination;
        Source = source;
        _killed = executor.CloseWhenKilled(Close);
    }

    /// <summary>The source address in use, as the route chose it when none was asked for.</summary>
    public Ipv4Address Source { get; }

    /// <summary>Opens an echo socket towards a destination.</summary>
    /// <param name="executor">The namespace's door.</param>
    /// <param name="options">Destination and options.</param>
    /// <returns>The result, NetworkUnreachable for want of a route, AddressNotAvailable for a foreign source; and the endpoint when it is Ok.</returns>
    public static Task<(SocketResult Result, EchoEndpoint? Endpoint)> OpenAsync(INamespaceExecutor executor, EchoOptions options)
    {
        ArgumentNullException.ThrowIfNull(executor);
        ArgumentNullException.ThrowIfNull(options);
        return executor.RunAsync(sockets => Open(executor, sockets, options));
    }

    /// <summary>Sends an echo request.</summary>
    /// <param name="sequence">Sequence number.</param>
    /// <param name="data">Data; not to be changed until the task ends.</param>
    /// <returns>The result and the moment of sending on the namespace's clock.</returns>
    public Task<(SocketResult Result, Instant SentAt)> SendAsync(ushort sequence, ReadOnlyMemory<byte> data) =>
        _executor.RunAsync(_ => (_socket.SendEcho(_destination, sequence, data.Span, out Instant sentAt), sentAt));

    /// <summary>Waits until something came back and takes it, errors first.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>1 to 64 events; none when the socket was closed.</returns>
    public async Task<IReadOnlyList<EchoEvent>> ReceiveAsync(CancellationToken cancellation = default)
    {
        while (true)
        {
            (List<EchoEvent> events, Task? ready) = await _executor.RunAsync(_ => TakeEvents()).ConfigureAwait(false);
            if (ready is null)
                return events;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _executor.Closed);
            await ready.WaitAsync(either.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Closes the socket.</summary>
    public ValueTask DisposeAsync()
    {
        _killed.Unregister();
        if (!_executor.Gone.IsCancellationRequested)
            _executor.Post(_ => Close());
        return ValueTask.CompletedTask;
    }

    private static (SocketResult Result, EchoEndpoint? Endpoint) Open(INamespaceExecutor executor, SocketLayer sockets, EchoOptions options)
    {
        if (!options.Source.IsAny && !sockets.Stack.IsLocal(options.Source))
            return (SocketResult.AddressNotAvailable, null);
        Ipv4Address destination = options.Destination.IsAny ? Ipv4Address.Loopback : options.Destination;
        SendError route = sockets.Stack.SelectSource(destination, out Ipv4Address source, out _);
        if (route != SendError.None && options.Device is null)
            return (SocketResults.From(route), null);
        SocketResult result = sockets.OpenIcmp(0, out IcmpSocket? socket);
        if (socket is null)
            return (result, null);
        var gate = new ReadinessGate();
        socket.Readable = gate.Open;
        socket.Source = options.Source;
        socket.Device = options.Device;
        socket.TimeToLive = options.TimeToLive;
        socket.PathMtuDiscovery = options.PathMtuDiscovery;
        socket.AllowBroadcast = options.AllowBroadcast;
        return (SocketResult.Ok, new EchoEndpoint(executor, socket, gate, destination, options.Source.IsAny ? source : options.Source));
    }

    private void Close()
    {
        _socket.Close();
        _gate.Open();
    }

    private (List<EchoEvent> Events, Task? Ready) TakeEvents()
    {
        var events = new List<EchoEvent>();
        while (events.Count < EventsPerTurn && _socket.TryTakeError(out SocketErrorRecord record))
            events.Add(new EchoEvent(record.EchoSequence, default, [], record));
        while (events.Count < EventsPerTurn && _socket.TryReceiveReply(out ushort sequence, out byte[] data, out DatagramInfo info))
            events.Add(new EchoEvent(sequence, info, data, null));
        return (events, events.Count > 0 || _socket.IsClosed ? null : _gate.Arm());
    }
}
