using System.Text;
using ActorNet.Cluster.Nodes;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;
using k8s;
using k8s.Models;

namespace ActorNet.Cluster.Tests;

public sealed class NodeRegistryStateTests
{
    private int _requests;

    [Fact]
    public void Nodes_get_subnets_in_turn_and_keep_them_through_updates()
    {
        NodeRegistryState state = Serving();

        Assert.Equal("10.244.0.0/24", Registered(Register(state, "a")).Spec.PodCIDR);
        Assert.Equal("10.244.1.0/24", Registered(Register(state, "b")).Spec.PodCIDR);
        V1Node updated = Registered(Register(state, "a", label: "zone-1"));

        Assert.Equal("10.244.0.0/24", updated.Spec.PodCIDR);
        Assert.Equal(["10.244.0.0/24"], updated.Spec.PodCIDRs);
        Assert.Equal("3", updated.Metadata.ResourceVersion);
        Assert.Equal("host-of-a", updated.Metadata.Annotations["actornet.io/host"]);
        Assert.Equal([(0, 1, NodeEventType.Added, "a"), (1, 2, NodeEventType.Added, "b"), (2, 3, NodeEventType.Modified, "a")],
            Events(state).Select(e => ((int)e.PreviousRevision, (int)e.Revision, e.Type, e.Name)));
    }

    [Fact]
    public void The_same_request_and_the_same_content_change_nothing_twice()
    {
        NodeRegistryState state = Serving();
        RegisterNode request = new("same", "", 0, Json("a"));
        IWireMessage first = state.Answer(request);
        IWireMessage deleted = state.Answer(new DeleteNode("d", 0, "a"));

        // A late copy of the first request must not bring the node back.
        Assert.Same(first, state.Answer(request));
        Assert.Same(deleted, state.Answer(new DeleteNode("d", 0, "a")));
        Assert.Equal(2, state.Revision);
        Registered(state.Answer(new RegisterNode("again", "", 0, Json("a"))));
        Registered(state.Answer(new RegisterNode("and-again", "", 0, Json("a"))));
        Assert.Equal(3, state.Revision);
    }

    [Fact]
    public void A_claimed_subnet_is_kept_reserved_and_not_handed_out()
    {
        NodeRegistryState state = Serving();
        Assert.Equal("10.244.0.0/24", Registered(Register(state, "kernel", "10.244.0.0/24")).Spec.PodCIDR);
        Assert.Equal("10.244.1.0/24", Registered(Register(state, "a")).Spec.PodCIDR);
        Assert.Contains("overlaps 10.244.1.0/24 of node a", Refused(Register(state, "b", "10.244.1.128/25")), StringComparison.Ordinal);
        Assert.Contains("cannot become", Refused(Register(state, "a", "10.244.9.0/24")), StringComparison.Ordinal);

        state.Answer(new DeleteNode("d", 0, "kernel"));
        // The next in order, not the one that came free: its node may come back for it.
        Assert.Equal("10.244.2.0/24", Registered(Register(state, "c")).Spec.PodCIDR);
        Assert.Equal("10.244.0.0/24", Registered(Register(state, "kernel", "10.244.0.0/24")).Spec.PodCIDR);
    }

    [Theory]
    [InlineData("{", "no v1.Node")]
    [InlineData("null", "null")]
    [InlineData("[]", "no v1.Node")]
    [InlineData("""{"kind":"Pod","metadata":{"name":"a"}}""", "Pod")]
    [InlineData("""{"metadata":{"name":"A_b"}}""", "A_b")]
    [InlineData("""{"metadata":{}}""", "metadata.name")]
    [InlineData("""{"metadata":{"name":"a"},"spec":{"podCIDR":"10.244.0.0"}}""", "10.244.0.0")]
    public void An_object_that_is_no_node_is_refused_with_the_reason(string json, string named)
    {
        NodeRegistryState state = Serving();
        Assert.Contains(named, Refused(state.Answer(new RegisterNode("r", "", 0, Encoding.UTF8.GetBytes(json)))), StringComparison.Ordinal);
        Assert.Contains("no v1.Node", Refused(state.Answer(new RegisterNode("deep", "", 0, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"metadata\":", 4000)))))), StringComparison.Ordinal);
        Assert.Equal(0, state.Revision);
    }

    [Fact]
    public void A_used_up_range_refuses_and_a_deleted_node_frees_its_subnet()
    {
        NodeRegistryState state = new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/23")), 10, []);
        Registered(Register(state, "a"));
        Registered(Register(state, "b"));
        Assert.Contains("all 2 blocks of /24", Refused(Register(state, "c")), StringComparison.Ordinal);
        state.Answer(new DeleteNode("d", 0, "a"));
        Assert.Equal("10.244.0.0/24", Registered(Register(state, "c")).Spec.PodCIDR);
    }

    [Fact]
    public void Watching_from_a_compacted_revision_is_expired_and_from_a_kept_one_gapless()
    {
        NodeRegistryState state = new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), 10, [], history: 4);
        for (int i = 0; i < 10; i++)
            Register(state, $"n{i}");

        Assert.IsType<WatchExpired>(state.Answer(new WatchFrom("w", 10, 5)));
        Assert.IsType<WatchExpired>(state.Answer(new WatchFrom("w", 9, 8)));
        Assert.Equal([7, 8, 9, 10], Assert.IsType<WatchReplay>(state.Answer(new WatchFrom("w", 10, 6))).Events.Select(e => (int)e.Revision));
        Assert.Empty(Assert.IsType<WatchReplay>(state.Answer(new WatchFrom("w", 10, 10))).Events);
    }

    [Fact]
    public void Pages_of_a_list_are_of_one_state_and_fit_into_a_message()
    {
        NodeRegistryState state = Serving();
        WireSerializer serializer = new(null);
        for (int i = 0; i < 20; i++)
            Registered(Register(state, $"n{i:00}", label: new string('x', 9_000)));

        List<string> names = [];
        NodeList page = Assert.IsType<NodeList>(state.Answer(new ListNodes("l", 10, 0, "")));
        long revision = page.Revision;
        int pages = 1;
        while (true)
        {
            Assert.InRange(serializer.ToBinary(page).Length, 1, WireLimits.MaximumMessageBytes);
            Assert.Equal(revision, page.Revision);
            names.AddRange(page.Items.Select(item => Read(item).Metadata.Name));
            // The registry moves on between the pages.
            state.Answer(new DeleteNode($"d{pages}", 10, $"n{19 - pages:00}"));
            if (page.Continue.Length == 0)
                break;
            page = Assert.IsType<NodeList>(state.Answer(new ListNodes("l", 10, revision, page.Continue)));
            pages++;
        }
        Assert.InRange(pages, 3, 20);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"n{i:00}"), names);
        WatchReplay replay = Assert.IsType<WatchReplay>(state.Answer(new WatchFrom("w", 10, 0)));
        Assert.True(replay.More);
        Assert.InRange(serializer.ToBinary(replay).Length, 1, WireLimits.MaximumMessageBytes);
    }

    [Fact]
    public void A_new_registry_serves_nothing_until_all_awaited_hosts_have_offered_and_then_keeps_every_subnet()
    {
        NodeRegistryState old = Serving();
        byte[] a = Assert.IsType<NodeRegistered>(Register(old, "a")).Json;
        byte[] b = Assert.IsType<NodeRegistered>(Register(old, "b")).Json;
        byte[] staleB = b;
        b = Assert.IsType<NodeRegistered>(Register(old, "b", label: "newer")).Json;
        NodeRegistryState state = new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), 20, ["h1", "h2"]);

        Assert.IsType<RegistryRecovering>(Register(state, "c"));
        Assert.IsType<RegistryRecovering>(state.Answer(new ListNodes("l", 10, 0, "")));
        state.Answer(new OfferNodes("o1", "h1", 20, 3, [], [staleB], true));
        Assert.True(state.IsRecovering);
        state.Answer(new OfferNodes("o2", "h2", 20, 3, [a], [b], true));

        Assert.False(state.IsRecovering);
        Assert.Equal(3, state.Revision);
        Assert.Equal("10.244.2.0/24", Registered(Register(state, "c")).Spec.PodCIDR);
        NodeList all = Assert.IsType<NodeList>(state.Answer(new ListNodes("l", 20, 0, "")));
        Assert.Equal(["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"], all.Items.Select(item => Read(item).Spec.PodCIDR));
        Assert.Equal("newer", Read(all.Items[1]).Metadata.Labels["label"]);
        Assert.False(Assert.IsType<OffersTaken>(state.Answer(new OfferNodes("late", "h3", 20, 3, [a], [], true))).InTime);
    }

    [Fact]
    public void A_registry_that_hears_of_a_higher_epoch_rises_while_it_recovers_and_gives_way_when_it_serves()
    {
        NodeRegistryState recovering = new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), 20, ["h1"]);
        recovering.Answer(new ListNodes("l", 30, 0, ""));
        Assert.Equal(31, recovering.Epoch);
        Assert.Equal(0, recovering.SupersededBy);

        NodeRegistryState serving = Serving();
        Assert.IsType<RegistryRecovering>(serving.Answer(new RegisterNode("r", "h", 30, Json("a"))));
        Assert.Equal(30, serving.SupersededBy);
        Assert.Equal(0, serving.Revision);
    }

    private static NodeRegistryState Serving() => new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), 10, []);

    private IWireMessage Register(NodeRegistryState state, string name, string? subnet = null, string? label = null) =>
        state.Answer(new RegisterNode($"r{_requests++}", $"host-of-{name}", 0, Json(name, subnet, label)));

    private static byte[] Json(string name, string? subnet = null, string? label = null) => Encoding.UTF8.GetBytes(KubernetesJson.Serialize(new V1Node
    {
        ApiVersion = "v1",
        Kind = "Node",
        Metadata = new V1ObjectMeta { Name = name, Labels = label is null ? null : new Dictionary<string, string> { ["label"] = label } },
        Spec = subnet is null ? null : new V1NodeSpec { PodCIDR = subnet },
    }));

    private static V1Node Read(byte[] json) => KubernetesJson.Deserialize<V1Node>(Encoding.UTF8.GetString(json));

    private static V1Node Registered(IWireMessage answer) => Read(Assert.IsType<NodeRegistered>(answer).Json);

    private static string Refused(IWireMessage answer) => Assert.IsType<NodeRefused>(answer).Reason;

    private static List<NodeEvent> Events(NodeRegistryState state)
    {
        List<NodeEvent> events = [];
        while (state.TryTakeEvent(out NodeEvent? e))
            events.Add(e);
        return events;
    }
}
