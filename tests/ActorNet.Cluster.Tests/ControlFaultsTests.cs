using ActorNet.Cluster.Links;
using ActorNet.Dataplane.Links;
using ActorNet.Kubernetes.Faults;

namespace ActorNet.Cluster.Tests;

[Collection(ClusterCollection.Name)]
public sealed class ControlFaultsTests
{
    private static readonly FaultOrder Cut = new()
    {
        Target = "node/n1",
        Device = FaultOrder.ControlDevice,
        Peer = "127.0.10.9:4053",
        Impairment = new ImpairmentSettings { Cut = true },
    };

    private static readonly FaultOrder Delay = Cut with
    {
        Direction = FaultDirection.Egress,
        Impairment = new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(200) },
    };

    private readonly ControlLinks _links = new();

    [Fact]
    public void Faults_set_their_link_and_each_goes_alone()
    {
        using var faults = new ControlFaults(_links, TimeProvider.System);
        Assert.Equal((1, 0), (faults.Add(1, Cut with { Direction = FaultDirection.Ingress }).Id, faults.List()[0].Decided));
        faults.Add(2, Delay);
        ControlLinkFault both = Assert.Single(_links.List());
        Assert.Equal((LinkDirection.Receive, TimeSpan.FromMilliseconds(200)), (both.Cut, both.Delay));

        Assert.Equal(1, faults.Clear(1)?.Id);
        Assert.Equal((LinkDirection.None, TimeSpan.FromMilliseconds(200)), (_links.List()[0].Cut, _links.List()[0].Delay));
        faults.Clear(2);
        Assert.Empty(_links.List());
        Assert.Null(faults.Clear(2));
    }

    [Fact]
    public void A_second_cut_of_a_link_and_an_unknown_peer_are_refused_by_name()
    {
        using var faults = new ControlFaults(_links, TimeProvider.System);
        faults.Add(1, Cut);
        Assert.Contains("fault 1. Clear it first", Assert.Throws<ArgumentException>(() => faults.Add(2, Cut)).Message, StringComparison.Ordinal);
        Assert.Contains("'n9'", Assert.Throws<ArgumentException>(() => faults.Add(3, Delay with { Peer = "n9" })).Message, StringComparison.Ordinal);
        Assert.Single(faults.List());
    }

    [Fact]
    public void A_fault_goes_when_its_time_is_over()
    {
        var time = new FiredTime();
        using var faults = new ControlFaults(_links, time);
        ControlFaultStatus placed = faults.Add(1, Cut with { Duration = TimeSpan.FromSeconds(30) });
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30)), (time.Due, placed.Remaining));
        Assert.Single(_links.List());
        time.Fire();
        Assert.Empty(faults.List());
        Assert.Empty(_links.List());
    }

    [Fact]
    public async Task What_a_cut_swallows_is_counted_at_the_fault()
    {
        await using var hosts = new Hosts();
        ControlSystem[] formed = await hosts.FormAsync(2);
        using var faults = new ControlFaults(formed[0].Links, TimeProvider.System);
        faults.Add(1, Cut with { Peer = "h2" });
        await Hosts.Until(() => faults.List()[0] is { Decided: > 0 } cut && cut.Decided == cut.Dropped, () => $"{faults.List()[0]}");
        faults.Clear(1);
    }

    /// <summary>Time that stands still and holds one timer, fired by hand.</summary>
    private sealed class FiredTime : TimeProvider
    {
        private Action _fire = () => { };

        public TimeSpan Due { get; private set; }

        public void Fire() => _fire();

        public override long GetTimestamp() => 0;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime;
            _fire = () => callback(state);
            return new Inert();
        }

        private sealed class Inert : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
