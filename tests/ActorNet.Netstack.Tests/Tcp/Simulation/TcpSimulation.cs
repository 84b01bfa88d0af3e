using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack.Tests;

/// <summary>
/// One scenario on virtual time: two namespaces, an impaired link and a referee in each direction, an application at each end. The same
/// scenario takes the same course every time. What must hold at every event is asserted on the way.
/// </summary>
internal sealed class TcpSimulation : IDisposable
{
    private const ushort Port = 80;
    private const ushort ClientPort = 700;

    // Nothing here takes longer: a stream of 300 KB at 64 kbit/s with every third segment lost.
    private static readonly TimeSpan Limit = TimeSpan.FromHours(6);

    // RFC 1122, 4.2.3.2 and RFC 9293, 3.8.6.3.
    private static readonly TimeSpan DelayedAckLimit = TimeSpan.FromMilliseconds(500);

    private readonly TcpScenario _scenario;
    private readonly Action<string>? _trace;
    private readonly FramePool _pool;
    private readonly ManualTime _time = new();
    private readonly MonotonicClock _clock;
    private readonly Instant _start;
    private readonly TestHost _client;
    private readonly TestHost _server;
    private readonly WireReferee _toServer;
    private readonly WireReferee _toClient;
    private readonly ImpairedLink _linkToServer;
    private readonly ImpairedLink _linkToClient;
    private readonly SimulatedEnd _clientEnd;
    private readonly SimulatedEnd _serverEnd;
    private readonly Progress _progress;
    private TcpListener? _listener;
    private Instant _nextPhase;
    private int _phase = -1;

    private TcpSimulation(TcpScenario scenario, FramePool pool, TimeSpan start, Action<string>? trace)
    {
        _scenario = scenario;
        _pool = pool;
        _trace = trace;
        _clock = new MonotonicClock(_time);
        _time.Advance(start);
        _start = _clock.Now;
        _nextPhase = _start;
        _client = new TestHost(pool, _clock, "client", "10.0.0.1", "02:00:00:00:00:01", scenario.Mtu, scenario.Client.Settings(), scenario.Seed);
        _server = new TestHost(pool, _clock, "server", "10.0.0.2", "02:00:00:00:00:02", scenario.Mtu, scenario.Server.Settings(), scenario.Seed + 1);
        VethDevice.Join(_client.Eth0, _server.Eth0);
        _toServer = new WireReferee("client", scenario.Seed, _clock, trace is null ? null : Note);
        _toClient = new WireReferee("server", ~scenario.Seed, _clock, trace is null ? null : Note);
        WireReferee.Pair(_toServer, _toClient);
        _linkToServer = Join(_client, _server, _toServer);
        _linkToClient = Join(_server, _client, _toClient);
        _clientEnd = new SimulatedEnd("client", scenario.Client, () => _clock.Now, scenario.Seed, ~scenario.Seed);
        _serverEnd = new SimulatedEnd("server", scenario.Server, () => _clock.Now, ~scenario.Seed, scenario.Seed);
        _progress = new Progress(_start);
    }

    // A client that ends early may leave a listener whose connection never stood.
    private bool IsOver => _clientEnd.Outcome != Outcome.Running && (_serverEnd.Outcome != Outcome.Running || (_serverEnd.Socket is null && IsQuiet));

    private bool IsQuiet => !_client.Sockets.TcpConnections.Any() && !_server.Sockets.TcpConnections.Any();

    private long Segments => _toServer.Sent + _toClient.Sent;

    /// <summary>Runs a scenario from the first SYN until nothing is left of it.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="pool">Frame memory; all of it is back afterwards.</param>
    /// <param name="trace">Gets a line for each segment and each change of the link.</param>
    public static SimulationResult Run(TcpScenario scenario, FramePool pool, Action<string>? trace = null)
    {
        TimeSpan start = scenario.WrapsSequence ? StartForWrap(scenario, pool) : default;
        using var simulation = new TcpSimulation(scenario, pool, start, trace);
        simulation.Open();
        simulation.RunUntil(() => simulation.IsOver);
        simulation.Note($"{simulation._clientEnd}; {simulation._serverEnd}");
        TimeSpan took = simulation._clock.Now - simulation._start;
        simulation.JudgeOutcome();
        simulation._listener?.Close();
        simulation.RunUntil(() => simulation.IsQuiet);
        simulation.AssertNothingIsDue();
        return new SimulationResult(
            simulation._clientEnd.Outcome, simulation._serverEnd.Outcome, took, simulation.Segments, simulation._toServer.DataSent + simulation._toClient.DataSent);
    }

    public void Dispose()
    {
        _client.Sockets.Close();
        _server.Sockets.Close();
        _linkToServer.Dispose();
        _linkToClient.Dispose();
        _client.Namespace.Dispose();
        _server.Namespace.Dispose();
        _client.Frames.Dispose();
        _server.Frames.Dispose();
    }

    // The clock is set so that a number wraps early in the stream: the client's, the server's or the client's timestamps.
    private static TimeSpan StartForWrap(TcpScenario scenario, FramePool pool)
    {
        using var probe = new TcpSimulation(scenario, pool, default, null);
        probe.Open();
        probe.RunUntil(() => (probe._toServer.HasStarted && probe._toClient.HasStarted) || probe.IsOver);
        return (scenario.Seed % 3) switch
        {
            0 => TimeSpan.FromTicks(((long)unchecked(0u - 3000 - probe._toServer.InitialSequence) << 6) / 100),
            1 => TimeSpan.FromTicks(((long)unchecked(0u - 3000 - probe._toClient.InitialSequence) << 6) / 100),
            _ => TimeSpan.FromMilliseconds(unchecked(0u - 500 - probe._toServer.FirstTimestamp)),
        };
    }

    private ImpairedLink Join(TestHost from, TestHost to, WireReferee referee)
    {
        from.Lo.SetUp(true);
        from.Eth0.SetUp(true);
        from.Namespace.DeviceChanged(from.Lo);
        from.Namespace.DeviceChanged(from.Eth0);
        // Neighbours are given, so that a lost ARP does not stand in for a lost segment.
        from.Namespace.SetNeighbour("eth0", to.Address, to.Eth0.Mac);
        var link = new ImpairedLink(from.Namespace.Name, referee.Behind(from.Eth0.Link!), from.Frames, _clock);
        from.Eth0.Link = referee.Before(link);
        return link;
    }

    private void Note(string line) => _trace?.Invoke($"{(_clock.Now - _start).TotalSeconds,12:F6} {line}");

    private void Open()
    {
        ChangePhase();
        TcpSocket client = _client.Sockets.OpenTcp(_scenario.Client.Options());
        if (_scenario.Opening == Opening.Simultaneous)
        {
            TcpSocket server = _server.Sockets.OpenTcp(_scenario.Server.Options());
            Assert.Equal(SocketResult.Ok, client.Bind(new Ipv4Endpoint(default, ClientPort)));
            Assert.Equal(SocketResult.Ok, server.Bind(new Ipv4Endpoint(default, Port)));
            Assert.Equal(SocketResult.InProgress, server.Connect(new Ipv4Endpoint(_client.Address, ClientPort)));
            _serverEnd.Take(server);
        }
        else
        {
            Assert.Equal(SocketResult.Ok, _server.Sockets.ListenTcp(new Ipv4Endpoint(default, Port), 4, _scenario.Server.Options(), out _listener));
            _listener!.Ready = Accept;
        }

        Assert.Equal(SocketResult.InProgress, client.Connect(new Ipv4Endpoint(_server.Address, Port)));
        _clientEnd.Take(client);
    }

    private void Accept()
    {
        if (!_listener!.TryAccept(out TcpSocket? socket))
            return;
        // A copy of the SYN that comes when the connection is over would begin another.
        _listener.Close();
        _serverEnd.Take(socket);
    }

    private void RunUntil(Func<bool> condition)
    {
        Settle();
        while (!condition())
        {
            Instant next = NextDeadline();
            Assert.True(next != Instant.Never, $"Stalled: nothing is due, and {_clientEnd}; {_serverEnd}.");
            Assert.True(next - _start < Limit, $"Not over after {Limit}: {_clientEnd}; {_serverEnd}.");
            if (next > _clock.Now)
                _time.AdvanceTo(next);
            _progress.OnWakeup(_clock.Now, Segments + _toServer.Arrived + _toClient.Arrived);
            Wake();
            Settle();
            AssertBounds();
        }
    }

    private void Wake()
    {
        Instant now = _clock.Now;
        if (_nextPhase <= now)
            ChangePhase();
        _linkToServer.Poll(now);
        _linkToClient.Poll(now);
        foreach (SimulatedEnd end in new[] { _clientEnd, _serverEnd })
        {
            end.ActWhenDue();
        }
    }

    // What the owners do at the end of their turns, until nothing is due at this moment.
    private void Settle()
    {
        long segments = Segments;
        Instant now = _clock.Now;
        for (int turns = 0; ; turns++)
        {
            Assert.True(turns < 100 + (10 * (Segments - segments)), $"Livelock: {turns} turns at one moment for {Segments - segments} segments.");
            bool busy = false;
            foreach (TestHost host in new[] { _client, _server })
            {
                host.Namespace.Flush();
                if (host.Namespace.NextDeadline <= now)
                    host.Namespace.Poll(now);
                if (host.Sockets.NextDeadline > now)
                    continue;
                host.Sockets.Poll(now);
                host.Namespace.Flush();
                busy = true;
            }

            if (!busy)
                return;
        }
    }

    private Instant NextDeadline()
    {
        Instant next = _phase + 1 < _scenario.Phases.Length ? _nextPhase : Instant.Never;
        foreach (Instant due in (ReadOnlySpan<Instant>)[
            _client.Sockets.NextDeadline, _server.Sockets.NextDeadline, _client.Namespace.NextDeadline, _server.Namespace.NextDeadline,
            _linkToServer.NextDeadline, _linkToClient.NextDeadline, _clientEnd.NextDeadline, _serverEnd.NextDeadline])
        {
            next = due < next ? due : next;
        }

        return next;
    }

    private void ChangePhase()
    {
        if (_phase + 1 >= _scenario.Phases.Length)
        {
            _nextPhase = Instant.Never;
            return;
        }

        LinkPhase phase = _scenario.Phases[++_phase];
        _nextPhase = _clock.Now + TimeSpan.FromMilliseconds(phase.Milliseconds);
        _linkToServer.Settings = phase.ToServer.Settings(_scenario.Seed + (ulong)_phase);
        _linkToClient.Settings = phase.ToClient.Settings(_scenario.Seed + (ulong)_phase);
        Note($"--- phase {_phase}");
    }

    private void AssertBounds()
    {
        foreach (SimulatedEnd end in new[] { _clientEnd, _serverEnd })
        {
            if (end.Socket is not { } socket)
                continue;
            WireReferee sent = end == _clientEnd ? _toServer : _toClient;
            if (end.Outcome == Outcome.TimedOut && end.EndedAt == _clock.Now)
                OutcomeJudge.JudgeTimeout(end, end == _clientEnd ? _scenario.Client : _scenario.Server, _clock.Now - sent.LastProgress);
            if (end.Outcome == Outcome.Running && socket.State is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2)
                Assert.True(sent.UnansweredFor <= DelayedAckLimit, $"Data wait for an acknowledgment since {sent.UnansweredFor}: {end} {socket.Info}.");
            TcpInfo info = socket.Info;
            // One segment may come when a byte of room is left.
            Assert.True(info.ReceiveQueue <= info.ReceiveBuffer + 65_536, $"{info.ReceiveQueue} bytes wait, and the buffer is {info.ReceiveBuffer}.");
            Assert.True(info.SendQueue <= end.MostSendBuffer, $"{info.SendQueue} bytes queued, and the buffer is {end.MostSendBuffer}.");
        }
    }

    private void JudgeOutcome()
    {
        TcpCounters client = _client.Sockets.Tcp;
        TcpCounters server = _server.Sockets.Tcp;
        OutcomeJudge.Judge(_scenario, _clientEnd, _serverEnd, client, server);
    }

    private void AssertNothingIsDue()
    {
        Settle();
        Assert.Equal(Instant.Never, _client.Sockets.NextDeadline);
        Assert.Equal(Instant.Never, _server.Sockets.NextDeadline);
        Assert.Equal(0, _client.Sockets.Tcp.CurrEstab + _server.Sockets.Tcp.CurrEstab);
    }

    /// <summary>Counts wake-ups beside segments sent and arrived in a virtual second, so that a stack that keeps itself busy is found.</summary>
    private sealed class Progress(Instant start)
    {
        private Instant _second = start;
        private long _segments;
        private int _wakeups;

        public void OnWakeup(Instant now, long segments)
        {
            if (now - _second >= TimeSpan.FromSeconds(1))
                (_second, _segments, _wakeups) = (now, segments, 0);
            _wakeups++;
            // An application that pauses for a millisecond wakes a thousand times; a segment wakes its sender, the link, its receiver.
            Assert.True(_wakeups < 3000 + (10 * (segments - _segments)), $"Livelock: {_wakeups} wake-ups in a second for {segments - _segments} segments.");
        }
    }
}

/// <summary>What came of a scenario.</summary>
/// <param name="Client">The client's end.</param>
/// <param name="Server">The server's.</param>
/// <param name="Took">Virtual time until both had ended.</param>
/// <param name="Segments">Segments that were sent.</param>
/// <param name="Data">Bytes of data in them.</param>
internal readonly record struct SimulationResult(Outcome Client, Outcome Server, TimeSpan Took, long Segments, long Data);
