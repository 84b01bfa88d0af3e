using System.Collections.Concurrent;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Netstack;

namespace ActorNet.Interop.Tests.Nginx;

/// <summary>An emulated namespace with lo alone, owned by one thread: programs in it talk to each other.</summary>
internal sealed class LocalNamespace : INamespaceExecutor, IDisposable
{
    private readonly BlockingCollection<Action<SocketLayer>> _work = [];
    private readonly CancellationTokenSource _closed = new();
    private readonly MonotonicClock _clock = new(TimeProvider.System);
    private readonly FrameCache _frames = new FramePool().CreateCache("local");
    private readonly NetworkNamespace _namespace;
    private readonly SocketLayer _sockets;
    private readonly Thread _owner;

    public LocalNamespace()
    {
        _namespace = new NetworkNamespace(new NamespaceOptions { Name = "local", Seed = 1 }, _clock, _frames);
        var lo = new LoopbackDevice(_frames);
        lo.SetUp(true);
        _namespace.AddAddress(_namespace.Attach(lo), InterfaceAddress.Parse("127.0.0.1/8"));
        _sockets = new SocketLayer(_namespace, seed: 2);
        _owner = new Thread(Own) { IsBackground = true };
        _owner.Start();
    }

    public CancellationToken Closed => _closed.Token;

    public void Post(Action<SocketLayer> work) => _work.Add(work);

    public void Dispose()
    {
        _work.CompleteAdding();
        _owner.Join();
        _closed.Cancel();
        _sockets.Close();
        _namespace.Dispose();
        _frames.Dispose();
        _work.Dispose();
        _closed.Dispose();
    }

    private void Own()
    {
        while (!_work.IsCompleted)
        {
            if (_work.TryTake(out Action<SocketLayer>? work, TimeSpan.FromMilliseconds(10)))
                work(_sockets);
            do
            {
                _namespace.Flush();
                _namespace.Poll(_clock.Now);
                _sockets.Poll(_clock.Now);
                _namespace.Flush();
            }
            while (_sockets.NextDeadline <= _clock.Now);
        }
    }
}
