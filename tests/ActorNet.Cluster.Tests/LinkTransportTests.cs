using ActorNet.Cluster.Links;
using Akka.Actor;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace ActorNet.Cluster.Tests;

public sealed class LinkTransportTests
{
    private static readonly Address Local = new("tcp", "control", "127.0.10.1", 4053), Remote = new("tcp", "control", "127.0.10.2", 50000);

    // The moment at which a restarted host is connected to by those that miss it.
    [Fact]
    public async Task A_connection_that_comes_before_anybody_above_listens_is_told_of_when_somebody_does()
    {
        Wire wire = new();
        LinkTransport transport = new(wire, new ControlLinks());
        (Address address, TaskCompletionSource<IAssociationEventListener> above) = await transport.Listen();
        Assert.Equal("links.tcp", address.Protocol);
        IAssociationEventListener below = await wire.Listener.Task;
        Listener listener = new();

        below.Notify(new InboundAssociation(new WireAssociation(Local, Remote)));
        Assert.Empty(listener.Heard);
        above.SetResult(listener);
        below.Notify(new InboundAssociation(new WireAssociation(Local, Remote.WithPort(50001))));

        Assert.Equal([50000, 50001], listener.Heard.Select(heard => Assert.IsType<InboundAssociation>(heard).Association.RemoteAddress.Port));
    }

    private sealed class Listener : IAssociationEventListener
    {
        public List<IAssociationEvent> Heard { get; } = [];

        public void Notify(IAssociationEvent ev) => Heard.Add(ev);
    }

    private sealed class Wire : Transport
    {
        public TaskCompletionSource<IAssociationEventListener> Listener { get; } = new();

        public override string SchemeIdentifier => "tcp";

        public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen() => Task.FromResult((Local, Listener));

        public override bool IsResponsibleFor(Address remote) => true;

        public override Task<AssociationHandle> Associate(Address remoteAddress) => throw new NotSupportedException();

        public override Task<bool> Shutdown() => Task.FromResult(true);
    }

    private sealed class WireAssociation(Address local, Address remote) : AssociationHandle(local, remote)
    {
        public override bool Write(ByteString payload) => true;

        [Obsolete("Akka's base method is obsolete, its implementation is not.")]
        public override void Disassociate()
        {
        }
    }
}
