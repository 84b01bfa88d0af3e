using System.Collections.Immutable;
using System.Text;
using ActorNet.Cluster.Nodes;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;
using CsCheck;

namespace ActorNet.Cluster.Tests;

public sealed class InformerStateTests
{
    private int _requests;

    [Fact]
    public void A_gap_is_seen_at_the_next_event_and_filled_by_asking_from_the_last_revision()
    {
        (NodeRegistryState registry, InformerState informer) = Synced();
        Register(registry, "a");
        Register(registry, "b");
        NodeEvent[] events = Events(registry);

        Assert.Empty(informer.Take(events[1], At(1)));
        Assert.False(informer.IsSynced);
        WatchFrom question = Assert.IsType<WatchFrom>(informer.Poll(At(1)));
        Assert.Equal(0, question.Revision);
        IReadOnlyList<NodeChange> changes = informer.Take(registry.Answer(question), At(1));

        Assert.Equal([("a", 1L), ("b", 2L)], changes.Select(change => (change.Name, change.Revision)));
        Assert.True(informer.IsSynced);
        Assert.Equal(1, informer.Gaps);
        Assert.Null(informer.Poll(At(1)));
    }

    [Fact]
    public void A_lost_last_event_is_seen_at_the_bookmark_and_a_late_bookmark_makes_it_ask()
    {
        (NodeRegistryState registry, InformerState informer) = Synced();
        Register(registry, "a");
        informer.Take(registry.Bookmark, At(1));
        Assert.Single(informer.Take(registry.Answer(informer.Poll(At(1))!), At(1)));

        Assert.Null(informer.Poll(At(1) + InformerState.LateAfter));
        Assert.IsType<WatchFrom>(informer.Poll(At(1.1) + InformerState.LateAfter));
        // No answer: the question is put again, under another id, but not at once.
        Assert.Null(informer.Poll(At(1.2) + InformerState.LateAfter));
        Assert.IsType<WatchFrom>(informer.Poll(At(1.2) + InformerState.LateAfter + InformerState.AnswerLimit));
    }

    [Fact]
    public void A_compacted_gap_is_filled_by_listing_which_says_only_what_differs()
    {
        NodeRegistryState registry = new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), 10, [], history: 2);
        InformerState informer = Sync(registry, new InformerState(NewId));
        Register(registry, "a");
        Register(registry, "b");
        foreach (NodeEvent e in Events(registry))
            informer.Take(e, At(1));
        registry.Answer(new DeleteNode(NewId(), 0, "a"));
        Register(registry, "c");
        Register(registry, "d");

        informer.Take(registry.Bookmark, At(2));
        Assert.Empty(informer.Take(registry.Answer(informer.Poll(At(2))!), At(2)));
        ListNodes list = Assert.IsType<ListNodes>(informer.Poll(At(2)));
        IReadOnlyList<NodeChange> changes = informer.Take(registry.Answer(list), At(2));

        Assert.Equal([(NodeEventType.Deleted, "a"), (NodeEventType.Added, "c"), (NodeEventType.Added, "d")], changes.Select(change => (change.Type, change.Name)));
    }

    [Fact]
    public void A_registry_of_an_older_epoch_is_not_heard_and_a_recovering_one_takes_nothing_away()
    {
        (NodeRegistryState registry, InformerState informer) = Synced();
        Register(registry, "a");
        informer.Take(Events(registry)[0], At(1));
        NodeRegistryState next = new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), 20, ["h1"]);

        informer.Take(next.Bookmark, At(2));
        Assert.Equal(20, informer.Epoch);
        Assert.Empty(informer.Take(next.Answer(informer.Poll(At(2))!), At(2)));
        Assert.Equal(["a"], informer.Nodes.Keys);
        Register(registry, "stale");
        Assert.Empty(informer.Take(Events(registry)[0], At(2)));
        Assert.Equal(["a"], informer.Nodes.Keys);
        next.Answer(new OfferNodes("o", "h1", 20, 1, [], [.. informer.Nodes.Values], true));
        Assert.Empty(informer.Take(next.Answer(informer.Poll(At(3))!), At(3)));
        Assert.True(informer.IsSynced);
        Assert.Equal(["a"], informer.Nodes.Keys);
    }

    /// <summary>Whatever is lost, doubled or swapped on the topic, the view ends as the registry's, and the delivered changes alone rebuild it at each step.</summary>
    [Fact]
    public void The_view_converges_and_the_changes_tell_it_whatever_happens_on_the_topic()
    {
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 6], Gen.Int[0, 3]).Array[0, 60].Select(Gen.Int[1, 8]).Sample((steps, history) =>
        {
            _requests = 0;
            NodeRegistryState registry = new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), 10, [], history);
            InformerState informer = new(NewId);
            SortedDictionary<string, byte[]> rebuilt = new(StringComparer.Ordinal);
            List<IWireMessage> topic = [];
            double seconds = 1;
            foreach ((int action, int node, int fate) in steps)
            {
                if (action < 2)
                    Register(registry, $"n{node}", $"{seconds}");
                else if (action == 2)
                    registry.Answer(new DeleteNode(NewId(), 0, $"n{node}"));
                else if (action == 3)
                    topic.Add(registry.Bookmark);
                topic.AddRange(Events(registry));
                if (fate == 0 && topic.Count > 0)
                    topic.RemoveAt(topic.Count - 1);
                else if (fate == 1 && topic.Count > 0)
                    topic.Add(topic[0]);
                else if (fate == 2)
                    topic.Reverse();
                if (action >= 4)
                {
                    foreach (IWireMessage message in topic)
                        Deliver(informer.Take(message, At(seconds)));
                    topic.Clear();
                    if (informer.Poll(At(seconds)) is { } question && fate != 3)
                        Deliver(informer.Take(registry.Answer(question), At(seconds)));
                }
                seconds += 0.7;
            }
            // The topic works again: one bookmark a second, every question answered.
            for (int i = 0; i < 20; i++, seconds++)
            {
                Deliver(informer.Take(registry.Bookmark, At(seconds)));
                while (informer.Poll(At(seconds)) is { } question)
                    Deliver(informer.Take(registry.Answer(question), At(seconds)));
            }
            Assert.True(informer.IsSynced);
            Assert.Equal(registry.Revision, informer.Revision);
            NodeList truth = Assert.IsType<NodeList>(registry.Answer(new ListNodes("truth", 10, 0, "")));
            Assert.Equal(truth.Items.Select(Encoding.UTF8.GetString), informer.Nodes.Values.Select(Encoding.UTF8.GetString));

            void Deliver(IReadOnlyList<NodeChange> changes)
            {
                foreach (NodeChange change in changes)
                {
                    // Added only what was not there, modified and deleted only what was.
                    Assert.Equal(change.Type != NodeEventType.Added, rebuilt.ContainsKey(change.Name));
                    if (change.Type == NodeEventType.Deleted)
                        rebuilt.Remove(change.Name);
                    else
                        rebuilt[change.Name] = change.Json.ToArray();
                }
                AssertSame(rebuilt, informer.Nodes);
            }
        }, iter: 300, threads: 1);
    }

    // Byte by byte as Assert.Equal does, but without its comparer, which takes most of the test's time.
    private static void AssertSame(SortedDictionary<string, byte[]> rebuilt, ImmutableSortedDictionary<string, byte[]> view)
    {
        bool same = rebuilt.Count == view.Count && rebuilt.Zip(view).All(pair =>
            pair.First.Key == pair.Second.Key && pair.First.Value.AsSpan().SequenceEqual(pair.Second.Value));
        Assert.True(same, same ? "" : $"rebuilt:\n{Text(rebuilt)}\nview:\n{Text(view)}");
    }

    private static string Text(IEnumerable<KeyValuePair<string, byte[]>> nodes) =>
        string.Join('\n', nodes.Select(node => $"{node.Key} {Encoding.UTF8.GetString(node.Value)}"));

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(100 + seconds);

    private (NodeRegistryState Registry, InformerState Informer) Synced()
    {
        NodeRegistryState registry = new(new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")), 10, []);
        return (registry, Sync(registry, new InformerState(NewId)));
    }

    private static InformerState Sync(NodeRegistryState registry, InformerState informer)
    {
        informer.Take(registry.Answer(informer.Poll(At(0))!), At(0));
        Assert.True(informer.IsSynced);
        return informer;
    }

    private string NewId() => $"q{_requests++}";

    private void Register(NodeRegistryState registry, string name, string label = "") => Assert.IsType<NodeRegistered>(
        registry.Answer(new RegisterNode(NewId(), "", 0, Encoding.UTF8.GetBytes($$$"""{"metadata":{"labels":{"l":"{{{label}}}"},"name":"{{{name}}}"} }"""))));

    private static NodeEvent[] Events(NodeRegistryState registry)
    {
        List<NodeEvent> events = [];
        while (registry.TryTakeEvent(out NodeEvent? e))
            events.Add(e);
        return [.. events];
    }
}
