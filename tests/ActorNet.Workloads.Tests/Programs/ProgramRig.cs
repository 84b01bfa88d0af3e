using System.Collections.Concurrent;
using ActorNet.Netstack;
using ActorNet.Netstack.Tests;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tests.Programs;

/// <summary>
/// Two hosts whose namespaces are owned by one thread, as an actor owns them: work is posted to it, and after each piece everything under
/// way arrives. Real time, so that programs can wait.
/// </summary>
internal sealed class ProgramRig : IAsyncDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly CancellationTokenSource _closed = new();
    private readonly Thread _owner;
    private Exception? _failure;

    public ProgramRig(int mtu = 1500)
    {
        Net = new TwoHosts(mtu, TimeProvider.System);
        A = new Door(this, Net.A);
        B = new Door(this, Net.B);
        _owner = new Thread(Own) { IsBackground = true };
        _owner.Start();
    }

    public TwoHosts Net { get; }

    public Door A { get; }

    public Door B { get; }

    public static async Task<(int Code, string Out, string Error)> RunAsync(
        INamespaceExecutor door, string command, string stdin = "", CancellationToken cancellation = default)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        var context = new ProgramContext
        {
            Stdin = new StringReader(stdin),
            Stdout = output,
            Stderr = error,
            Namespace = door,
            HostName = "web-0",
            Hosts = new Dictionary<string, Ipv4Address> { ["peer"] = Ipv4Address.Parse("10.0.0.2") },
            Devices = ["lo", "eth0"],
            Cancellation = cancellation,
        };
        int code = await ProgramTable.CreateDefault().RunAsync(context, command.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return (code, output.ToString(), error.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await A.RunAsync(_ => 0);
        _work.CompleteAdding();
        _owner.Join();
        await _closed.CancelAsync();
        Assert.Null(_failure);
        Net.A.Sockets.Close();
        Net.B.Sockets.Close();
        Net.Settle();
        Net.A.Namespace.Detach(Net.A.Eth0);
        Net.B.Namespace.Detach(Net.B.Eth0);
        Net.A.Frames.Dispose();
        Net.B.Frames.Dispose();
        Assert.True(Net.Pool.Measure().IsIdle, Net.Pool.Measure().ToString());
        _work.Dispose();
        _closed.Dispose();
    }

    // Neighbour timers are looked at ten times a second.
    private void Own()
    {
        try
        {
            while (!_work.IsCompleted)
            {
                if (_work.TryTake(out Action? work, TimeSpan.FromMilliseconds(100)))
                    work();
                Net.Settle();
            }
        }
        catch (Exception e)
        {
            _failure = e;
            _closed.Cancel();
        }
    }

    internal sealed class Door(ProgramRig rig, TestHost host) : INamespaceExecutor
    {
        public CancellationToken Closed => rig._closed.Token;

        public void Post(Action<SocketLayer> work) => rig._work.Add(() => work(host.Sockets));
    }
}
