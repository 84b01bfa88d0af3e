using System.Collections.Concurrent;
using System.Text;
using ActorNet.Cluster.Nodes;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;
using k8s;
using k8s.Models;

namespace ActorNet.Cluster.Tests;

[Collection(ClusterCollection.Name)]
public sealed class NodeDirectoryTests
{
    [Fact]
    public async Task Subnets_survive_the_loss_of_the_singleton_host_and_new_ones_never_collide()
    {
        await using Hosts hosts = new();
        ControlSystem[] trio = await hosts.FormAsync(3);
        Host[] nodes = [.. trio.Select(control => new Host(control))];
        V1Node[] first = await Task.WhenAll(nodes.Select((host, i) => host.Directory.RegisterAsync(Node($"node-{i + 1}"), own: true).WaitAsync(Hosts.Patience)));
        V1Node kernel = await nodes[1].Directory.RegisterAsync(Node("kernel", "10.244.77.0/24"), own: false).WaitAsync(Hosts.Patience);
        Assert.Equal(3, first.Select(node => node.Spec.PodCIDR).Distinct().Count());
        Assert.Equal("10.244.77.0/24", kernel.Spec.PodCIDR);
        foreach (Host host in nodes)
            await host.Sees("kernel", "node-1", "node-2", "node-3");
        await Assert.ThrowsAsync<NodeRefusedException>(() => nodes[2].Directory.RegisterAsync(Node("other", "10.244.77.128/25"), own: false).WaitAsync(Hosts.Patience));
        Dictionary<string, string> before = nodes[1].Subnets();
        long epoch = nodes[1].Directory.Epoch;

        // Killed, not leaving: its node stays, as a data plane that may still forward.
        await trio[0].TerminateAsync();
        V1Node late = await nodes[2].Directory.RegisterAsync(Node("late"), own: false).WaitAsync(Hosts.Patience);

        Assert.True(nodes[2].Directory.Epoch > epoch);
        Assert.DoesNotContain(late.Spec.PodCIDR, before.Values);
        foreach (Host host in nodes[1..])
        {
            await host.Sees("kernel", "late", "node-1", "node-2", "node-3");
            foreach ((string name, string subnet) in before)
                Assert.Equal(subnet, host.Subnets()[name]);
            // The data plane was never told to remove anything.
            Assert.DoesNotContain(host.Changes, change => change.Type == NodeEventType.Deleted);
        }

        // h3 leaves gracefully: its own node goes, the ones that users made stay.
        await trio[2].StopAsync();
        await nodes[1].Sees("kernel", "late", "node-1", "node-2");
        // It comes back for its subnet, with a new process.
        Host again = new(await hosts.StartAsync(hosts.Options(3, trio[1].Endpoint)));
        V1Node back = await again.Directory.RegisterAsync(Node("node-3", before["node-3"]), own: true).WaitAsync(Hosts.Patience);
        Assert.Equal(before["node-3"], back.Spec.PodCIDR);
        await nodes[1].Sees("kernel", "late", "node-1", "node-2", "node-3");
        await again.Directory.DeleteAsync("node-3").WaitAsync(Hosts.Patience);
        await nodes[1].Directory.DeleteAsync("kernel").WaitAsync(Hosts.Patience);
        await nodes[1].Sees("late", "node-1", "node-2");
    }

    [Fact]
    public async Task Events_lost_in_a_cut_are_caught_up_when_it_heals()
    {
        await using Hosts hosts = new();
        ControlOptions calm = hosts.Options(1) with { Overrides = ControlLinksTests.PatientResolver };
        ControlSystem a = await hosts.StartAsync(calm);
        ControlSystem b = await hosts.StartAsync(hosts.Options(2, a.Endpoint) with { Overrides = ControlLinksTests.PatientResolver });
        Host first = new(a);
        Host second = new(b);
        await first.Directory.RegisterAsync(Node("node-1"), own: true).WaitAsync(Hosts.Patience);
        await second.Directory.RegisterAsync(Node("node-2"), own: true).WaitAsync(Hosts.Patience);
        await second.Sees("node-1", "node-2");
        long gaps = second.Directory.Informer.Gaps;

        a.Links.Cut("h2");
        for (int i = 0; i < 20; i++)
            await first.Directory.RegisterAsync(Node($"extra-{i:00}"), own: false).WaitAsync(Hosts.Patience);
        Assert.Equal(["node-1", "node-2"], second.Directory.Nodes.Keys);
        a.Links.Heal("h2");

        await second.Sees([.. Enumerable.Range(0, 20).Select(i => $"extra-{i:00}"), "node-1", "node-2"]);
        Assert.True(second.Directory.Informer.Gaps > gaps);
        Assert.Equal(second.Changes.Select(change => change.Revision).Order(), second.Changes.Select(change => change.Revision));
    }

    [Fact]
    public async Task A_host_that_lost_its_control_system_keeps_its_view_and_is_told_only_what_changed()
    {
        await using Hosts hosts = new();
        ControlSystem[] pair = await hosts.FormAsync(2);
        Host stable = new(pair[0]);
        Host third = new(pair[1], attach: false);
        await using ControlSupervisor supervisor = new(hosts.Options(3, pair[0].Endpoint), attach: third.Directory.Attach);
        await supervisor.StartAsync();
        await stable.Directory.RegisterAsync(Node("node-1"), own: true).WaitAsync(Hosts.Patience);
        V1Node own = await third.Directory.RegisterAsync(Node("node-3"), own: true).WaitAsync(Hosts.Patience);
        await stable.Sees("node-1", "node-3");
        await third.Sees("node-1", "node-3");
        int told = third.Changes.Count;
        ControlSystem before = supervisor.Current!;

        pair[0].Cluster.Down(before.Cluster.SelfAddress);
        await before.Ended.WaitAsync(Hosts.Patience);
        Assert.Equal(["node-1", "node-3"], third.Directory.Nodes.Keys);
        await stable.Directory.RegisterAsync(Node("meanwhile"), own: false).WaitAsync(Hosts.Patience);

        await third.Sees("meanwhile", "node-1", "node-3");
        Assert.Equal(["meanwhile"], third.Changes.Skip(told).Select(change => change.Name));
        Assert.Equal(own.Spec.PodCIDR, stable.Subnets()["node-3"]);
    }

    [Fact]
    public async Task A_repeated_old_registration_never_overwrites_a_newer_one()
    {
        // Nothing is attached: the informer's part, sending again and again in any order, is played by hand.
        NodeDirectory directory = new("h1", () => throw new InvalidOperationException(), _ => { });
        Task<V1Node> first = directory.RegisterAsync(Node("a", label: "old"), own: true);
        PendingRequest old = Assert.Single(directory.Pending);
        RegisterNode sent = Assert.IsType<RegisterNode>(old.Make(old.Id));
        Task<V1Node> second = directory.RegisterAsync(Node("a", label: "new"), own: true);
        PendingRequest newer = Assert.Single(directory.Pending, request => request.Id != old.Id);
        directory.RegisterOwnAgain();
        NodeRegistryState registry = new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), 10, []);

        // The registry took the first; its answer comes only after the second was made.
        directory.Complete(old.Id, registry.Answer(sent));
        Assert.Equal("old", Label(await first));
        foreach (PendingRequest request in directory.Pending.OrderByDescending(request => request.Id == newer.Id))
            Assert.Equal("new", Label(Assert.IsType<NodeRegistered>(registry.Answer(request.Make(request.Id)!)).Json));
        // A late copy of the first changes nothing either.
        registry.Answer(sent);
        Assert.Equal(2, registry.Revision);
        directory.Complete(newer.Id, registry.Answer(newer.Make(newer.Id)!));
        Assert.Equal("new", Label(await second));
        Assert.Equal("new", Label(Assert.Single(directory.Own).Value));
    }

    [Fact]
    public async Task A_goodbye_withdraws_registrations_that_still_wait_and_a_refusal_keeps_what_was_registered()
    {
        NodeDirectory directory = new("h1", () => throw new InvalidOperationException(), _ => { });
        NodeRegistryState registry = new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), 10, []);
        Task<V1Node> registration = directory.RegisterAsync(Node("a"), own: true);
        PendingRequest request = Assert.Single(directory.Pending);
        directory.Complete(request.Id, registry.Answer(request.Make(request.Id)!));
        await registration;

        Task<V1Node> refused = directory.RegisterAsync(Node("a", "10.244.9.0/24"), own: true);
        request = Assert.Single(directory.Pending);
        directory.Complete(request.Id, registry.Answer(request.Make(request.Id)!));
        await Assert.ThrowsAsync<NodeRefusedException>(() => refused);
        Assert.Equal("10.244.0.0/24", Read(Assert.Single(directory.Own).Value).Spec.PodCIDR);

        Task<V1Node> waiting = directory.RegisterAsync(Node("a", label: "late"), own: true);
        request = Assert.Single(directory.Pending);
        Task goodbye = directory.LeaveAsync(TestContext.Current.CancellationToken);
        Assert.Null(request.Make(request.Id));
        directory.Drop(request);
        await Assert.ThrowsAsync<NodeRefusedException>(() => waiting);
        request = Assert.Single(directory.Pending);
        directory.Complete(request.Id, registry.Answer(request.Make(request.Id)!));
        await goodbye;
        Assert.Empty(directory.Own);
    }

    private static string Label(V1Node node) => node.Metadata.Labels["label"];

    private static string Label(byte[] json) => Label(Read(json));

    private static V1Node Read(byte[] json) => KubernetesJson.Deserialize<V1Node>(Encoding.UTF8.GetString(json));

    private static V1Node Node(string name, string? subnet = null, string? label = null) => new()
    {
        ApiVersion = "v1",
        Kind = "Node",
        Metadata = new V1ObjectMeta { Name = name, Labels = label is null ? null : new Dictionary<string, string> { ["label"] = label } },
        Spec = subnet is null ? null : new V1NodeSpec { PodCIDR = subnet },
    };

    private sealed class Host
    {
        public Host(ControlSystem control, bool attach = true)
        {
            Directory = new NodeDirectory(attach ? control.HostName : "h3", () => new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), Changes.Enqueue);
            if (attach)
                Directory.Attach(control);
        }

        public ConcurrentQueue<NodeChange> Changes { get; } = new();

        public NodeDirectory Directory { get; }

        public Dictionary<string, string> Subnets() =>
            Directory.Nodes.ToDictionary(node => node.Key, node => KubernetesJson.Deserialize<V1Node>(Encoding.UTF8.GetString(node.Value)).Spec.PodCIDR);

        public Task Sees(params string[] names) =>
            Hosts.Until(() => Directory.Nodes.Keys.SequenceEqual(names.Order(StringComparer.Ordinal)), () => $"{string.Join(", ", Directory.Nodes.Keys)}; epoch {Directory.Epoch}, synced {Directory.Informer.IsSynced}");
    }
}
