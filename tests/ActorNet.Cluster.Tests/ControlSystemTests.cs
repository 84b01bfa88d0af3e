using System.Net;
using System.Net.Sockets;
using Akka.Cluster;

namespace ActorNet.Cluster.Tests;

[Collection(ClusterCollection.Name)]
public sealed class ControlSystemTests
{
    [Fact]
    public async Task Two_hosts_form_one_cluster_and_a_host_that_stops_leaves_it()
    {
        await using Hosts hosts = new();
        ControlSystem[] pair = await hosts.FormAsync(2);
        foreach (ControlSystem host in pair)
        {
            Assert.Equal(["h1", "h2"], host.Snapshot.Members.Select(member => member.Name));
            Assert.Equal("h1", host.Snapshot.SingletonHost);
            Assert.Equal(["store"], host.Snapshot.Members[0].Roles);
            await Hosts.Until(() => host.Snapshot.Leader is not null, () => Hosts.Describe(host));
        }

        await pair[1].StopAsync();

        Assert.Equal(ControlEndReason.Stopped, await pair[1].Ended);
        await Hosts.Until(() => pair[0].Snapshot.Members.Length == 1, () => Hosts.Describe(pair[0]));
        Assert.False(pair[0].System.WhenTerminated.IsCompleted);
    }

    [Fact]
    public async Task A_seed_that_does_not_answer_fails_the_join_in_bounded_time_and_frees_the_port()
    {
        await using Hosts hosts = new();
        using Socket silent = Listener("127.0.10.9", 0);
        ControlEndpoint seed = new("127.0.10.9", ((IPEndPoint)silent.LocalEndPoint!).Port);
        int port = FreePort.On("127.0.10.2");
        ControlOptions options = hosts.Options(2, seed) with { JoinTimeout = TimeSpan.FromSeconds(2), Port = port };
        long started = Environment.TickCount64;

        ControlStartException failure = await Assert.ThrowsAsync<ControlStartException>(() => ControlSystem.StartAsync(options));

        Assert.Equal(ControlStartError.SeedUnreachable, failure.Error);
        Assert.Contains(seed.ToString(), failure.Message, StringComparison.Ordinal);
        Assert.Contains("2 s", failure.Message, StringComparison.Ordinal);
        Assert.InRange(Environment.TickCount64 - started, 1_500, 60_000);
        using Socket again = Listener("127.0.10.2", port);
    }

    [Fact]
    public async Task A_port_that_a_process_listens_on_is_named_as_taken()
    {
        await using Hosts hosts = new();
        using Socket taken = Listener("127.0.10.1", 0);
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;

        ControlStartException failure = await Assert.ThrowsAsync<ControlStartException>(() => ControlSystem.StartAsync(hosts.Options(1) with { Port = port }));

        Assert.Equal(ControlStartError.PortTaken, failure.Error);
        Assert.Contains($"{port}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.10.1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_another_control_system_has_is_named_as_taken()
    {
        await using Hosts hosts = new();
        ControlSystem first = await hosts.StartAsync(hosts.Options(1));

        ControlStartException failure = await Assert.ThrowsAsync<ControlStartException>(
            () => ControlSystem.StartAsync(hosts.Options(1) with { HostName = "other", Port = first.Endpoint.Port }));

        Assert.Equal(ControlStartError.PortTaken, failure.Error);
    }

    [Fact]
    public async Task An_address_of_no_interface_is_named()
    {
        await using Hosts hosts = new();

        // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
        ControlStartException failure = await Assert.ThrowsAsync<ControlStartException>(() => ControlSystem.StartAsync(hosts.Options(1) with { BindAddress = "192.0.2.1" }));

        Assert.Equal(ControlStartError.AddressUnavailable, failure.Error);
        Assert.Contains("192.0.2.1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_of_another_name_and_a_taken_host_name_refuse_the_join_at_once()
    {
        await using Hosts hosts = new();
        ControlSystem first = await hosts.StartAsync(hosts.Options(1));

        ControlStartException name = await Assert.ThrowsAsync<ControlStartException>(
            () => ControlSystem.StartAsync(hosts.Options(2, first.Endpoint) with { ClusterName = "elsewhere" }));
        ControlStartException twin = await Assert.ThrowsAsync<ControlStartException>(
            () => ControlSystem.StartAsync(hosts.Options(2, first.Endpoint) with { HostName = "h1" }));

        Assert.Equal(ControlStartError.ClusterNameMismatch, name.Error);
        Assert.Contains("'actornet'", name.Message, StringComparison.Ordinal);
        Assert.Contains("'elsewhere'", name.Message, StringComparison.Ordinal);
        Assert.Equal(ControlStartError.HostNameTaken, twin.Error);
        Assert.Contains(first.Endpoint.ToString(), twin.Message, StringComparison.Ordinal);
        Assert.Single(first.Snapshot.Members);
    }

    [Theory]
    [InlineData("Host_1", "127.0.10.1", 0, "Host_1")]
    [InlineData("h1", "localhost", 0, "localhost")]
    [InlineData("h1", "127.0.10.1", 70000, "70000")]
    [InlineData("h1", "0.0.0.0", 0, "public host name")]
    public async Task An_option_that_cannot_work_is_named(string host, string address, int port, string named)
    {
        ControlOptions options = new() { HostName = host, BindAddress = address, Port = port, MayForm = true };

        ControlStartException failure = await Assert.ThrowsAsync<ControlStartException>(() => ControlSystem.StartAsync(options));

        Assert.Equal(ControlStartError.BadOption, failure.Error);
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_late_heartbeat_in_the_log_is_counted()
    {
        await using Hosts hosts = new();
        ControlSystem host = await hosts.StartAsync(hosts.Options(1));
        Assert.Equal(0, host.LateHeartbeats);

        // The text of Akka.Cluster 1.5.74, ClusterHeartbeatSender.
        host.System.EventStream.Publish(new Akka.Event.Warning("ClusterHeartbeatSender", typeof(ClusterEvent),
            "Cluster Node [x] - Scheduled sending of heartbeat was delayed. Previous heartbeat was sent [900] ms ago, expected interval is [300] ms."));

        await Hosts.Until(() => host.LateHeartbeats == 1, () => $"{host.LateHeartbeats}");
        Assert.Contains(hosts.Log, entry => entry.Message.Contains("heartbeat was delayed", StringComparison.Ordinal));
    }

    private static Socket Listener(string address, int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        socket.Listen(1);
        return socket;
    }
}
