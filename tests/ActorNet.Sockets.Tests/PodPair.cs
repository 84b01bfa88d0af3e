using System.Threading.Channels;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Sockets.Tests;

/// <summary>
/// Two namespaces, client 10.0.0.1 and server 10.0.0.2, joined by a veth pair and owned by one task, which takes posted work and timers in
/// turns as a namespace's actor does. Disposing asserts that every buffer came back.
/// </summary>
internal sealed class PodPair : IAsyncDisposable
{
    private readonly FramePool _pool = new();
    private readonly MonotonicClock _clock = new(TimeProvider.System);
    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _owner;

    public PodPair(int mtu = 1450)
    {
        Client = new Pod(this, "client", "10.0.0.1", mtu);
        Server = new Pod(this, "server", "10.0.0.2", mtu);
        VethDevice.Join(Client.Eth0, Server.Eth0);
        foreach (Pod pod in new[] { Client, Server })
            pod.SetUp();
        _owner = Task.Run(RunAsync);
    }

    public Pod Client { get; }

    public Pod Server { get; }

    /// <summary>Takes the server's namespace away, as when a pod is deleted.</summary>
    public Task RemoveServerAsync() => Server.CloseAsync();

    public async ValueTask DisposeAsync()
    {
        await Client.CloseAsync();
        await Server.CloseAsync();
        _work.Writer.Complete();
        await _owner;
        Client.Release();
        Server.Release();
        Assert.True(_pool.Measure().IsIdle, _pool.Measure().ToString());
    }

    private async Task RunAsync()
    {
        using var timer = new Timer(_ => _work.Writer.TryWrite(static () => { }));
        while (await _work.Reader.WaitToReadAsync())
        {
            while (_work.Reader.TryRead(out Action? work))
                work();
            Instant next = Turn();
            long milliseconds = ((next.Nanoseconds - _clock.Now.Nanoseconds) / 1_000_000) + 1;
            timer.Change(next == Instant.Never ? Timeout.Infinite : Math.Clamp(milliseconds, 0, int.MaxValue), Timeout.Infinite);
        }
    }

    // Until nothing is due: what FrameActor does after each message.
    private Instant Turn()
    {
        while (true)
        {
            Instant next = Instant.Never;
            Instant now = _clock.Now;
            foreach (Pod pod in new[] { Client, Server })
            {
                Instant due = pod.Turn(now);
                next = due < next ? due : next;
            }

            if (next > _clock.Now)
                return next;
        }
    }

    internal sealed class Pod : INamespaceExecutor
    {
        private readonly PodPair _pair;
        private readonly CancellationTokenSource _closed = new();
        private readonly FrameCache _frames;
        private readonly NetworkNamespace _namespace;
        private readonly LoopbackDevice _lo;
        private readonly SocketLayer _sockets;

        public Pod(PodPair pair, string name, string address, int mtu)
        {
            _pair = pair;
            _frames = pair._pool.CreateCache(name);
            _namespace = new NetworkNamespace(new NamespaceOptions { Name = name, Seed = 7 }, pair._clock, _frames);
            _lo = new LoopbackDevice(_frames);
            Eth0 = new VethDevice("eth0", 2, MacAddress.Parse($"02:00:00:00:00:0{address[^1]}"), mtu, _frames);
            Add(_lo, "127.0.0.1/8");
            Add(Eth0, address + "/24");
            Address = Ipv4Address.Parse(address);
            _sockets = new SocketLayer(_namespace, seed: 42);
        }

        public Ipv4Address Address { get; }

        public VethDevice Eth0 { get; }

        public CancellationToken Closed => _closed.Token;

        public void Post(Action<SocketLayer> work) => _pair._work.Writer.TryWrite(() =>
        {
            if (!_closed.IsCancellationRequested)
                work(_sockets);
        });

        /// <summary>Waits until something listens on a TCP port; each question is a turn of the owner.</summary>
        public async Task ListensAsync(ushort port)
        {
            while (!await this.RunAsync(sockets => sockets.TcpListeners.Any(listener => listener.Local.Port == port)))
            {
            }
        }

        public void SetUp()
        {
            foreach (NetworkDevice device in new NetworkDevice[] { _lo, Eth0 })
            {
                device.SetUp(true);
                _namespace.DeviceChanged(device);
            }
        }

        public Instant Turn(Instant now)
        {
            _namespace.Flush();
            if (_namespace.NextDeadline <= now)
                _namespace.Poll(now);
            if (_sockets.NextDeadline <= now)
            {
                _sockets.Poll(now);
                _namespace.Flush();
            }

            return _namespace.NextDeadline < _sockets.NextDeadline ? _namespace.NextDeadline : _sockets.NextDeadline;
        }

        public async Task CloseAsync()
        {
            if (_closed.IsCancellationRequested)
                return;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _pair._work.Writer.TryWrite(() =>
            {
                _sockets.Close();
                _namespace.Flush();
                _closed.Cancel();
                done.SetResult();
            });
            await done.Task;
        }

        public void Release()
        {
            _namespace.Dispose();
            _frames.Dispose();
            _closed.Dispose();
        }

        private void Add(NetworkDevice device, string address)
        {
            IpInterface attached = _namespace.Attach(device);
            Assert.Equal(AddressError.None, _namespace.AddAddress(attached, InterfaceAddress.Parse(address)));
        }
    }
}
