using System.Diagnostics;
using System.Net.Sockets;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Serialization;
using Akka.Actor;
using Akka.Cluster;

namespace ActorNet.Cluster.Tests;

[Collection(ClusterCollection.Name)]
public sealed class ControlLinksTests
{
    /// <summary>Fast detection, but a resolver that waits: the cut ends long before anybody would be downed.</summary>
    internal const string PatientResolver = "akka.cluster.split-brain-resolver { stable-after = 60s, down-all-when-unstable = 120s }";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cut_makes_the_peer_unreachable_and_healing_it_makes_it_reachable_again(bool tls)
    {
        using TestAuthority authority = new("lab");
        await using Hosts hosts = new(tls ? [null, authority.Issue("h1"), authority.Issue("h2")] : null);
        ControlSystem a = await hosts.StartAsync(hosts.Options(1) with { Overrides = PatientResolver });
        ControlSystem b = await hosts.StartAsync(hosts.Options(2, a.Endpoint) with { Overrides = PatientResolver });
        Assert.Equal(tls ? "akka.links.ssl.tcp" : "akka.links.tcp", a.Cluster.SelfAddress.Protocol);
        await Hosts.Until(() => a.Snapshot.Find("h2")?.Status == MemberStatus.Up, () => Hosts.Describe(a));

        a.Links.Cut("h2");
        await Hosts.Until(() => a.Snapshot.Unreachable.Contains("h2"), () => Hosts.Describe(a));
        await Hosts.Until(() => b.Snapshot.Unreachable.Contains("h1"), () => Hosts.Describe(b));
        Assert.True(a.Links.MessagesLost > 0);
        Assert.Equal(b.Endpoint, Assert.Single(a.Links.List()).Peer);

        a.Links.Heal("h2");
        await Hosts.Until(() => a.Snapshot.Find("h2") is { IsReachable: true }, () => Hosts.Describe(a));
        await Hosts.Until(() => b.Snapshot.Find("h1") is { IsReachable: true }, () => Hosts.Describe(b));
        Assert.Empty(a.Links.List());
        Assert.False(a.Ended.IsCompleted || b.Ended.IsCompleted);
    }

    [Fact]
    public async Task A_one_way_cut_loses_that_way_only()
    {
        const int Lost = 200;
        await using Hosts hosts = new();
        ControlSystem[] pair = await FormCalmAsync(hosts);
        IActorRef collector = pair[1].System.ActorOf(Props.Create(() => new Collector()), "collector");
        IActorRef back = pair[0].System.ActorOf(Props.Create(() => new Collector()), "collector");
        ActorSelection there = pair[0].SelectOn(pair[1].Endpoint, "collector");
        ActorSelection here = pair[1].SelectOn(pair[0].Endpoint, "collector");

        pair[0].Links.Cut("h2", LinkDirection.Receive);
        there.Tell("one");
        // The cut has to be there when they arrive. What is lost is counted, heartbeats too: of twice as many as are judged, those have all been lost by then.
        for (int i = 0; i < 2 * Lost; i++)
            here.Tell(i < Lost ? "lost" : "perhaps lost");
        await Hosts.Until(() => Heard(collector).Contains("one"), () => "h2 heard nothing");
        await Hosts.Until(() => pair[0].Links.MessagesLost >= 2 * Lost, () => $"{pair[0].Links.MessagesLost} messages lost");
        pair[0].Links.Clear();
        here.Tell("after");
        await Hosts.Until(() => Heard(back).Contains("after"), () => "h1 heard nothing");
        Assert.DoesNotContain("lost", Heard(back));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_delay_of_200_ms_lengthens_a_round_trip_by_that_and_keeps_the_order(bool tls)
    {
        using TestAuthority authority = new("lab");
        await using Hosts hosts = new(tls ? [null, authority.Issue("h1"), authority.Issue("h2")] : null);
        ControlSystem[] pair = await FormCalmAsync(hosts);
        IActorRef collector = pair[1].System.ActorOf(Props.Create(() => new Collector()), "collector");
        ActorSelection there = pair[0].SelectOn(pair[1].Endpoint, "collector");
        await there.Ask<int>("?", Hosts.Patience);

        pair[0].Links.SetDelay("h2", TimeSpan.FromMilliseconds(200));
        long started = Stopwatch.GetTimestamp();
        await there.Ask<int>("?", Hosts.Patience);
        TimeSpan delayed = Stopwatch.GetElapsedTime(started);
        for (int i = 0; i < 500; i++)
        {
            there.Tell($"{i}");
            if (i == 250)
                pair[0].Links.SetDelay("h2", TimeSpan.FromMilliseconds(50));
            if (i == 400)
                pair[0].Links.SetDelay("h2", TimeSpan.Zero);
        }

        // A delay is a least time: how much longer it took is the machine's affair. A timer may be some milliseconds early by the other clock.
        Assert.True(delayed.TotalMilliseconds >= 195, $"{delayed.TotalMilliseconds:0} ms");
        await Hosts.Until(() => Heard(collector).Count == 500, () => $"{Heard(collector).Count} of 500 arrived");
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), Heard(collector));
        Assert.True(pair[0].Links.MessagesDelayed > 0);
        Assert.Empty(pair[0].Links.List());
    }

    [Fact]
    public async Task Orders_from_another_host_set_and_clear_the_faults_of_a_link()
    {
        await using Hosts hosts = new();
        ControlSystem[] pair = await FormCalmAsync(hosts);
        ActorSelection orders = pair[0].SelectOn(pair[1].Endpoint, "control-links");

        Assert.IsType<FaultOrderDone>(await orders.Ask<IFaultOrder>(new DelayControlLink("127.0.10.77:4000", TimeSpan.FromMilliseconds(30)), Hosts.Patience));
        Assert.IsType<FaultOrderDone>(await orders.Ask<IFaultOrder>(new CutControlLink("127.0.10.77:4000", LinkDirection.Send), Hosts.Patience));
        await Hosts.Until(() => pair[1].Links.List() is [{ Cut: LinkDirection.Send } fault] && fault.Delay == TimeSpan.FromMilliseconds(30), () => $"{pair[1].Links.List().Count} faults");
        FaultOrderRefused refused = Assert.IsType<FaultOrderRefused>(await orders.Ask<IFaultOrder>(new CutControlLink("nobody", LinkDirection.Both), Hosts.Patience));
        Assert.Contains("'nobody'", refused.Reason, StringComparison.Ordinal);
        Assert.IsType<FaultOrderDone>(await orders.Ask<IFaultOrder>(new HealControlLink("127.0.10.77:4000"), Hosts.Patience));
        Assert.Equal(LinkDirection.None, Assert.Single(pair[1].Links.List()).Cut);
        Assert.IsType<FaultOrderDone>(await orders.Ask<IFaultOrder>(new ClearControlLinks(), Hosts.Patience));
        Assert.Empty(pair[1].Links.List());
        // A cut of the very link the order came over is answered before it acts.
        Assert.IsType<FaultOrderDone>(await orders.Ask<IFaultOrder>(new CutControlLink("h1", LinkDirection.Both), Hosts.Patience));
        await Hosts.Until(() => pair[0].Snapshot.Unreachable.Contains("h2"), () => Hosts.Describe(pair[0]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_certificate_of_another_authority_or_of_a_user_is_not_let_in(bool ofUser)
    {
        using TestAuthority lab = new("lab");
        using TestAuthority other = new("other");
        await using Hosts hosts = new([null, lab.Issue("h1"), ofUser ? lab.IssueUser() : other.Issue("h2")]);
        ControlSystem first = await hosts.StartAsync(hosts.Options(1));

        ControlStartException failure = await Assert.ThrowsAsync<ControlStartException>(
            () => ControlSystem.StartAsync(hosts.Options(2, first.Endpoint) with { JoinTimeout = TimeSpan.FromSeconds(4) }));

        Assert.Equal(ControlStartError.SeedUnreachable, failure.Error);
        Assert.Contains("certificate", failure.Message, StringComparison.Ordinal);
        Assert.False(first.Ended.IsCompleted);
        Assert.Single(first.Snapshot.Members);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Junk_and_port_scans_at_the_control_port_do_no_harm(bool tls)
    {
        using TestAuthority authority = new("lab");
        await using Hosts hosts = new(tls ? [null, authority.Issue("h1"), authority.Issue("h2")] : null);
        ControlSystem first = await hosts.StartAsync(hosts.Options(1));
        var chance = new Random(5);
        for (int i = 0; i < 200; i++)
        {
            using Socket stranger = new(SocketType.Stream, ProtocolType.Tcp);
            await stranger.ConnectAsync(first.Endpoint.Host, first.Endpoint.Port);
            byte[] junk = (i % 4) switch
            {
                0 => [],
                1 => "GET / HTTP/1.1\r\nHost: h1\r\n\r\n"u8.ToArray(),
                // The head of a TLS handshake, and of a frame of 2 GiB.
                2 => [0x16, 3, 1, 0x40, 0, 1, 0, 0],
                _ => [0x7F, 0xFF, 0xFF, 0xFF, .. Junk(chance)],
            };
            await stranger.SendAsync(junk);
        }

        await Hosts.Until(() => first.Links.Strangers >= 200, () => $"{first.Links.Strangers} of 200 strangers were counted");
        // Said, and not once for each with all that it sent.
        ControlLogEntry[] said = [.. hosts.Log];
        Assert.InRange(said.Count(static entry => entry.Source == "control-port"), 1, 5);
        Assert.All(said, static entry => Assert.True(entry is { IsError: false, Message.Length: < 500 }, entry.ToString()));

        ControlSystem second = await hosts.StartAsync(hosts.Options(2, first.Endpoint));

        await Hosts.Until(() => first.Snapshot.Members.Length == 2, () => Hosts.Describe(first));
        Assert.False(first.Ended.IsCompleted || second.Ended.IsCompleted);
    }

    [Fact]
    public async Task A_downed_host_joins_again_with_a_new_actor_system_on_the_same_port()
    {
        await using Hosts hosts = new();
        ControlSystem first = await hosts.StartAsync(hosts.Options(1));
        ControlSystem second = await hosts.StartAsync(hosts.Options(2, first.Endpoint));
        await using ControlSupervisor supervisor = new(hosts.Options(3, first.Endpoint));
        TaskCompletionSource<ControlEndReason> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        supervisor.Lost += reason => lost.TrySetResult(reason);
        ControlSystem before = await supervisor.StartAsync();
        await Hosts.Until(() => first.Snapshot.Members.Count(member => member.Status == MemberStatus.Up) == 3, () => Hosts.Describe(first));
        await Hosts.Until(() => before.Snapshot.Members.Length == 3, () => Hosts.Describe(before));

        supervisor.Links.Cut("h1");
        supervisor.Links.Cut("h2");

        Assert.Equal(ControlEndReason.Downed, await lost.Task.WaitAsync(Hosts.Patience));
        Assert.True(before.System.WhenTerminated.IsCompleted);
        await Hosts.Until(() => first.Snapshot.Members.Length == 2, () => Hosts.Describe(first));
        supervisor.Links.Clear();
        await Hosts.Until(() => supervisor.Current is { } now && now.Snapshot.Members.Count(member => member.Status == MemberStatus.Up) == 3, () => Hosts.Describe(first));
        ControlSystem after = supervisor.Current!;
        Assert.NotSame(before.System, after.System);
        Assert.Equal(before.Endpoint, after.Endpoint);
        Assert.NotEqual(before.Cluster.SelfUniqueAddress.Uid, after.Cluster.SelfUniqueAddress.Uid);
        Assert.False(second.Ended.IsCompleted);
    }

    private static byte[] Junk(Random chance)
    {
        byte[] junk = new byte[chance.Next(1, 2000)];
        chance.NextBytes(junk);
        return junk;
    }

    [Fact]
    public async Task A_type_that_nobody_registered_is_refused_when_sent()
    {
        await using Hosts hosts = new();
        ControlSystem[] pair = await FormCalmAsync(hosts);
        IActorRef collector = pair[1].System.ActorOf(Props.Create(() => new Collector()), "collector");
        ActorSelection there = pair[0].SelectOn(pair[1].Endpoint, "collector");

        there.Tell(new Unregistered("smuggled"));
        there.Tell(new JoinHelloOfSize(WireLimits.MaximumMessageBytes + 1).Message);
        there.Tell("after");

        await Hosts.Until(() => Heard(collector).Count > 0, () => "nothing arrived");
        Assert.Equal(["after"], Heard(collector));
        await Hosts.Until(() => hosts.Log.Any(entry => entry.Message.Contains(nameof(Unregistered), StringComparison.Ordinal)), () => string.Join("\n", hosts.Log));
        await Hosts.Until(() => hosts.Log.Any(entry => entry.Message.Contains("at most 65536", StringComparison.Ordinal)), () => string.Join("\n", hosts.Log));
        Assert.All(pair, host => Assert.False(host.Ended.IsCompleted));
    }

    private static async Task<ControlSystem[]> FormCalmAsync(Hosts hosts)
    {
        ControlSystem a = await hosts.StartAsync(hosts.Options(1) with { Overrides = PatientResolver });
        ControlSystem b = await hosts.StartAsync(hosts.Options(2, a.Endpoint) with { Overrides = PatientResolver });
        await Hosts.Until(() => a.Snapshot.Find("h2")?.Status == MemberStatus.Up, () => Hosts.Describe(a));
        await Hosts.Until(() => b.Snapshot.Find("h1")?.Status == MemberStatus.Up, () => Hosts.Describe(b));
        return [a, b];
    }

    private static IReadOnlyList<string> Heard(IActorRef collector) =>
        collector.Ask<IReadOnlyList<string>>(Collector.Tell.Instance, Hosts.Patience).GetAwaiter().GetResult();

    private sealed record Unregistered(string Text);

    private sealed record JoinHelloOfSize(int Length)
    {
        public Membership.JoinHello Message => new(new string('x', Length), 1, "h", "e");
    }

    /// <summary>Keeps the texts it gets; answers "?" with their number.</summary>
    private sealed class Collector : UntypedActor
    {
        private readonly List<string> _heard = [];

        protected override void OnReceive(object message)
        {
            if (message is Tell)
                Sender.Tell(_heard.ToArray());
            else if (message is "?")
                Sender.Tell(_heard.Count);
            else if (message is string text)
                _heard.Add(text);
        }

        public sealed class Tell
        {
            public static readonly Tell Instance = new();
        }
    }
}
