using System.Collections.Concurrent;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Remote;

namespace ActorNet.Cluster.Tests;

[Collection(ClusterCollection.Name)]
public sealed class RestartedPeerTests
{
    // A host that is killed and started again at once: it and the others connect to each other at the same time. When the new incarnation's connection
    // overtakes the handshake of the other's, nobody at the other end reads the latter any more, and the peer, which reads that one as the newer, would
    // never hear anything again: "No host to join answered within 20 s".
    [Fact]
    public async Task Connections_that_crossed_with_a_restarted_hosts_are_all_closed_so_that_both_ends_begin_anew()
    {
        await using Hosts hosts = new();
        ControlSystem host = await hosts.StartAsync(hosts.Options(1));
        using RestartedPeer peer = new("127.0.10.2");
        using CancellationTokenSource limit = new(Hosts.Patience);
        using AssociationLog log = AssociationLog.Of(host.System);

        // The old incarnation connects and is killed; what is sent to it makes the host connect to its address.
        Socket old = await peer.ConnectAsync(host.Endpoint, uid: 1, limit.Token);
        await log.UntilAsync<AssociatedEvent>(inbound: true, count: 1);
        old.Dispose();
        await log.UntilAsync<DisassociatedEvent>(inbound: true, count: 1);
        using Sender sender = new(() => host.SelectOn(peer.Endpoint, "anyone").Tell(new Membership.JoinHello("c", 1, "h", "e")));
        Socket handshaking = await peer.AcceptAsync(limit.Token);

        // The new one connects too; the host stops the writer that waits for the handshake, and only then the handshake is answered.
        Socket crossed = await peer.ConnectAsync(host.Endpoint, uid: 2, limit.Token);
        await log.UntilAsync<DisassociatedEvent>(inbound: false, count: 1);
        await peer.AssociateAsync(handshaking, uid: 2, limit.Token);

        await RestartedPeer.ClosedAsync(handshaking, limit.Token);
        await RestartedPeer.ClosedAsync(crossed, limit.Token);
        Assert.Contains(hosts.Log, entry => entry.Message.Contains($"{peer.Endpoint} begins anew", StringComparison.Ordinal));

        // Anew: the host connects again, or answers a new connection, and stays connected.
        await peer.ConnectAsync(host.Endpoint, uid: 2, limit.Token);
    }

    [Fact]
    public async Task A_host_that_is_downed_on_its_way_in_joins_anew_as_another_incarnation()
    {
        await using Hosts hosts = new();
        ControlSystem first = await hosts.StartAsync(hosts.Options(1));
        TaskCompletionSource<int> downed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        first.Changed += snapshot =>
        {
            // Its status is told after the next round of gossip at the earliest: it is not Up yet.
            if (snapshot.Find("h2") is { } joining && downed.TrySetResult(joining.Uid))
                first.Cluster.Down(ControlConfiguration.AddressOf(first.Options, joining.Endpoint));
        };

        // The supervisor, because the first incarnation may be Up for a moment when this machine is slow.
        await using ControlSupervisor supervisor = new(hosts.Options(2, first.Endpoint));
        ControlSystem joined = await supervisor.StartAsync();

        int gone = await downed.Task.WaitAsync(Hosts.Patience);
        await Hosts.Until(
            () => first.Snapshot.Find("h2") is { Status: Akka.Cluster.MemberStatus.Up } member && member.Uid != gone && supervisor.Current?.Cluster.SelfUniqueAddress.Uid == member.Uid,
            () => Hosts.Describe(first));
        Assert.Equal(joined.Endpoint, first.Snapshot.Find("h2")!.Endpoint);
    }

    /// <summary>Sends again and again until it is disposed: Akka drops what is sent while an address is gated.</summary>
    private sealed class Sender : IDisposable
    {
        private readonly Timer _timer;

        public Sender(Action send) => _timer = new Timer(_ => send(), null, 0, 50);

        public void Dispose() => _timer.Dispose();
    }

    /// <summary>What Akka says of its associations.</summary>
    private sealed class AssociationLog : IDisposable
    {
        private readonly ConcurrentQueue<AssociationEvent> _events = new();
        private readonly ActorSystem _system;
        private readonly IActorRef _listener;

        private AssociationLog(ActorSystem system)
        {
            _system = system;
            _listener = system.ActorOf(Props.Create(() => new Listener(_events)));
        }

        public static AssociationLog Of(ActorSystem system)
        {
            AssociationLog log = new(system);
            system.EventStream.Subscribe(log._listener, typeof(AssociatedEvent));
            system.EventStream.Subscribe(log._listener, typeof(DisassociatedEvent));
            return log;
        }

        public Task UntilAsync<T>(bool inbound, int count)
            where T : AssociationEvent =>
            Hosts.Until(() => _events.OfType<T>().Count(e => e.IsInbound == inbound) >= count, () => string.Join(", ", _events));

        public void Dispose() => _system.Stop(_listener);

        private sealed class Listener(ConcurrentQueue<AssociationEvent> events) : UntypedActor
        {
            protected override void OnReceive(object message)
            {
                if (message is AssociationEvent association)
                    events.Enqueue(association);
            }
        }
    }
}
