using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using CsCheck;

namespace ActorNet.Cluster.Tests;

/// <summary>An informer against the topics of a real store: what is lost on the way is chosen by the test, what the truth is says the store.</summary>
public sealed class InformerStateTests
{
    private static readonly KindCatalog Kinds = KindCatalog.Default(ServiceRanges.Default);
    private static readonly KindDescriptor Kind = Kinds.Of("", "ConfigMap");
    private int _requests;

    [Fact]
    public void A_gap_is_seen_at_the_next_event_and_filled_by_asking_from_the_last_revision()
    {
        (Server server, InformerState informer) = Synced();
        long before = informer.Revision;
        server.Write("a");
        server.Write("b");
        ObjectEvent[] events = server.Events();

        Assert.Empty(informer.Take(events[1], At(1)));
        Assert.False(informer.IsSynced);
        WatchFrom question = Assert.IsType<WatchFrom>(informer.Poll(At(1)));
        Assert.Equal(before, question.Revision);
        IReadOnlyList<ObjectChange> changes = informer.Take(server.Answer(question), At(1));

        Assert.Equal([("default/a", before + 1), ("default/b", before + 2)], changes.Select(change => (change.Key, change.Revision)));
        Assert.True(informer.IsSynced);
        Assert.Equal(1, informer.Gaps);
        Assert.Null(informer.Poll(At(1)));
    }

    [Fact]
    public void Writes_of_other_kinds_are_no_gap_and_their_revisions_are_passed_by_bookmarks()
    {
        (Server server, InformerState informer) = Synced();
        server.Write("s", kind: "Secret");
        server.Write("a");
        ObjectEvent mine = Assert.Single(server.Events(), e => e.Topic == "configmaps");
        Assert.Single(informer.Take(mine, At(1)));
        server.Write("s", "2", kind: "Secret");
        server.Events();

        informer.Take(server.Feed.Bookmark, At(2));
        Assert.True(informer.IsSynced);
        Assert.Equal(server.Newest, informer.Revision);
        Assert.Equal(0, informer.Gaps);
    }

    [Fact]
    public void A_lost_last_event_is_seen_at_the_bookmark_and_a_late_bookmark_makes_it_ask()
    {
        (Server server, InformerState informer) = Synced();
        server.Write("a");
        server.Events();
        informer.Take(server.Feed.Bookmark, At(1));
        Assert.Single(informer.Take(server.Answer(informer.Poll(At(1))!), At(1)));

        Assert.Null(informer.Poll(At(1) + InformerState.LateAfter));
        Assert.IsType<WatchFrom>(informer.Poll(At(1.1) + InformerState.LateAfter));
        // No answer: the question is put again, under another id, but not at once.
        Assert.Null(informer.Poll(At(1.2) + InformerState.LateAfter));
        Assert.IsType<WatchFrom>(informer.Poll(At(1.2) + InformerState.LateAfter + InformerState.AnswerLimit));
    }

    [Fact]
    public void A_compacted_gap_is_filled_by_listing_which_says_only_what_differs()
    {
        (Server server, InformerState informer) = Synced();
        server.Write("a");
        server.Write("b");
        foreach (ObjectEvent e in server.Events())
            informer.Take(e, At(1));
        server.Delete("a");
        server.Write("c");
        server.Write("d");
        server.Events();
        server.Compact();

        informer.Take(server.Feed.Bookmark, At(2));
        Assert.Empty(informer.Take(server.Answer(informer.Poll(At(2))!), At(2)));
        ListObjects list = Assert.IsType<ListObjects>(informer.Poll(At(2)));
        IReadOnlyList<ObjectChange> changes = informer.Take(server.Answer(list), At(2));

        Assert.Equal([(ObjectChangeType.Deleted, "default/a"), (ObjectChangeType.Added, "default/c"), (ObjectChangeType.Added, "default/d")], changes.Select(change => (change.Type, change.Key)));
    }

    [Fact]
    public void An_api_server_of_an_older_epoch_is_not_heard_and_a_recovering_one_takes_nothing_away()
    {
        (Server server, InformerState informer) = Synced();
        server.Write("a");
        informer.Take(server.Events()[0], At(1));

        informer.Take(new Bookmark(20, 0, true, [], [], ""), At(2));
        Assert.Equal(20, informer.Epoch);
        ListObjects asked = Assert.IsType<ListObjects>(informer.Poll(At(2)));
        Assert.Empty(informer.Take(new ApiRecovering(asked.RequestId, 20), At(2)));
        Assert.Equal(["default/a"], informer.Objects.Keys);
        server.Write("stale");
        Assert.Empty(informer.Take(server.Events()[0], At(2)));
        Assert.Equal(["default/a"], informer.Objects.Keys);
        Server next = server.Recover(20, informer);
        Assert.Empty(informer.Take(next.Answer(informer.Poll(At(3))!), At(3)));
        Assert.True(informer.IsSynced);
        Assert.Equal(["default/a"], informer.Objects.Keys);
    }

    [Fact]
    public void An_object_too_large_to_publish_is_announced_by_key_and_fetched_in_pieces_at_its_revision()
    {
        (Server server, InformerState informer) = Synced();
        server.Write("large", new string('x', 200_000));
        server.Write("small");
        ObjectEvent[] events = server.Events();
        Assert.Empty(events[0].Json);

        Assert.Empty(informer.Take(events[0], At(1)));
        Assert.Empty(informer.Take(events[1], At(1)));
        List<ObjectChange> changes = [];
        // Changed meanwhile: what is fetched is the state that was announced, then comes the change.
        server.Write("large", "now small");
        ObjectEvent changed = Assert.Single(server.Events());
        changes.AddRange(informer.Take(changed, At(1)));
        int questions = 0;
        while (informer.Poll(At(1)) is { } question)
        {
            questions++;
            changes.AddRange(informer.Take(server.Answer(question), At(1)));
        }

        Assert.Equal(["large", "small", "large"], changes.Select(change => change.Object.Name));
        Assert.Equal([200_000, 9], changes.Where(change => change.Object.Name == "large").Select(change => change.Object.Document.Text("data.v").Length));
        // 200,000 bytes in pieces of 49,152, then the rest of the events.
        Assert.Equal(6, questions);
        Assert.True(informer.IsSynced);
    }

    [Fact]
    public void Large_objects_in_a_list_are_fetched_before_the_list_counts()
    {
        Server server = Server.Begin();
        server.Write("large", new string('x', 60_000));
        server.Write("small");
        InformerState informer = new(Kind, NewId);
        IReadOnlyList<ObjectChange> changes = [];
        while (informer.Poll(At(0)) is { } question)
        {
            Assert.Empty(changes);
            changes = informer.Take(server.Answer(question), At(0));
        }
        Assert.Equal(["large", "small"], changes.Select(change => change.Object.Name));
        Assert.True(informer.IsSynced);
    }

    [Fact]
    public void Bytes_that_are_no_object_of_the_kind_are_left_out_and_counted()
    {
        (Server _, InformerState informer) = Synced();
        string[] hostile =
        [
            "{}", "[", "null", """{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a","namespace":"default"}}""",
            """{"kind":"ConfigMap","apiVersion":"v1","metadata":{""", """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":""" + new string('[', 4000),
            """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":7,"namespace":"default"}}""", """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}}""",
        ];
        long revision = informer.Revision;
        foreach (string json in hostile)
            Assert.Empty(informer.Take(new ObjectEvent(10, "configmaps", revision, ++revision, ObjectChangeType.Added, "default/a", Encoding.UTF8.GetBytes(json)), At(1)));
        Assert.Equal(hostile.Length, informer.Refused);
        Assert.Empty(informer.Objects);
        Assert.True(informer.IsSynced);
    }

    /// <summary>
    /// Whatever is lost, doubled or swapped on the topic, also across compaction and new API servers: each delivered change follows from what was
    /// delivered before, their revisions only grow within an epoch, every state along the way is one that the store had, and the view ends as the store's.
    /// </summary>
    [Fact]
    public void No_event_is_missing_repeated_or_reordered_whatever_happens_on_the_topic()
    {
        Gen.Select(Gen.Int[0, 8], Gen.Int[0, 5], Gen.Int[0, 3]).Array[0, 50].Sample(steps =>
        {
            _requests = 0;
            Server server = Server.Begin();
            InformerState informer = new(Kind, NewId);
            SortedDictionary<string, byte[]> rebuilt = new(StringComparer.Ordinal);
            List<IWireMessage> topic = [];
            (long Epoch, long Revision) last = (0, 0);
            double seconds = 1;
            foreach ((int action, int name, int fate) in steps)
            {
                switch (action)
                {
                    case 0 or 1:
                        server.Write($"n{name}", fate == 3 && name == 0 ? new string('x', 70_000) : $"{seconds}");
                        break;
                    case 2:
                        server.Delete($"n{name}");
                        break;
                    case 3:
                        server.Write($"n{name}", $"{seconds}", "Secret");
                        break;
                    case 4:
                        topic.Add(server.Feed.Bookmark);
                        break;
                    case 5:
                        server.Compact();
                        break;
                    case 6 when name == 0 && informer.HasListed && informer.Epoch == server.Feed.Epoch:
                        // The host of the API server is gone; the new one begins with what this informer knows.
                        server = server.Recover(server.Feed.Epoch + 1, informer);
                        break;
                }
                topic.AddRange(server.Events());
                if (fate == 0 && topic.Count > 0)
                    topic.RemoveAt(topic.Count - 1);
                else if (fate == 1 && topic.Count > 0)
                    topic.Add(topic[0]);
                else if (fate == 2)
                    topic.Reverse();
                if (action >= 6)
                {
                    foreach (IWireMessage message in topic)
                        Deliver(informer.Take(message, At(seconds)));
                    topic.Clear();
                    if (informer.Poll(At(seconds)) is { } question && fate != 3)
                        Deliver(informer.Take(server.Answer(question), At(seconds)));
                }
                seconds += 0.7;
            }
            // The topic works again: one bookmark a second, every question answered.
            for (int i = 0; i < 20; i++, seconds++)
            {
                Deliver(informer.Take(server.Feed.Bookmark, At(seconds)));
                while (informer.Poll(At(seconds)) is { } question)
                    Deliver(informer.Take(server.Answer(question), At(seconds)));
            }
            Assert.True(informer.IsSynced);
            AssertSame(rebuilt, server.Truth());

            void Deliver(IReadOnlyList<ObjectChange> changes)
            {
                foreach (ObjectChange change in changes)
                {
                    // Added only what was not there, modified and deleted only what was; never back.
                    Assert.Equal(change.Type != ObjectChangeType.Added, rebuilt.ContainsKey(change.Key));
                    Assert.True(change.Epoch > last.Epoch || (change.Epoch == last.Epoch && change.Revision >= last.Revision));
                    last = (change.Epoch, change.Revision);
                    if (change.Type == ObjectChangeType.Deleted)
                        rebuilt.Remove(change.Key);
                    else
                        rebuilt[change.Key] = change.Object.Stored.ToArray();
                }
                AssertSame(rebuilt, informer.Objects.ToImmutableSortedDictionary(each => each.Key, each => each.Value.Stored.ToArray(), StringComparer.Ordinal));
                if (changes.Count > 0 && changes[^1].Epoch == server.Feed.Epoch && server.TruthAt(changes[^1].Revision) is { } then)
                    AssertSame(rebuilt, then);
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

    private static string Text(IEnumerable<KeyValuePair<string, byte[]>> objects) =>
        string.Join('\n', objects.Select(each => $"{each.Key} {Encoding.UTF8.GetString(each.Value)}"));

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(100 + seconds);

    private (Server Server, InformerState Informer) Synced()
    {
        Server server = Server.Begin();
        InformerState informer = new(Kind, NewId);
        informer.Take(server.Answer(informer.Poll(At(0))!), At(0));
        Assert.True(informer.IsSynced);
        return (server, informer);
    }

    private string NewId() => $"q{_requests++}";

    /// <summary>A store with its topics, as the API server's actor has them; the store answers at once.</summary>
    private sealed class Server
    {
        private readonly KubernetesApi _api;
        private readonly IStoreWatch _watch;
        private long _read;

        private Server(MemoryObjectStore store, long epoch, long revision)
        {
            Store = store;
            _api = new KubernetesApi(store, Kinds, TimeProvider.System, new SeededIdentities((ulong)epoch));
            Feed = new TopicFeed(store, Kinds.All.Where(kind => kind.IsStored), epoch, revision);
            _watch = store.Watch(KeyRange.All, revision + 1);
            _read = revision;
        }

        public MemoryObjectStore Store { get; }

        public TopicFeed Feed { get; }

        public long Newest => Now(Store.RangeAsync(new RangeRequest(KeyRange.All, 0, 1))).Revision;

        public static Server Begin()
        {
            MemoryObjectStore store = new();
            Server seed = new(store, 9, 1);
            Now(seed._api.CreateAsync(Kinds.Of("", "Namespace"), "", new JsonObject { ["kind"] = "Namespace", ["apiVersion"] = "v1", ["metadata"] = new JsonObject { ["name"] = "default" } }, WriteOptions.Plain));
            return new Server(store, 10, seed.Newest);
        }

        /// <summary>What follows when the API server is lost: offers in pages, through the serializer.</summary>
        public Server Recover(long epoch, InformerState from)
        {
            RecoveryState recovery = new(Kinds, ["h1"]);
            WireSerializer serializer = new(null);
            ObjectItem space = new("default", 2, Now(_api.GetAsync(Kinds.Of("", "Namespace"), "", "default")).Stored.ToArray());
            foreach (OfferObjects offer in new[]
            {
                new OfferObjects("o1", "h1", epoch, "namespaces", from.Revision, [space], false),
                new OfferObjects("o2", "h1", epoch, from.Topic, from.Revision, [.. from.Objects.Select(each => new ObjectItem(each.Key, each.Value.Revision, each.Value.Stored.Length > 40_000 ? [] : each.Value.Stored.ToArray()))], false),
                new OfferObjects("o3", "h1", epoch, "", from.Heard, [], true),
            })
            {
                recovery.Take((OfferObjects)serializer.FromBinary(serializer.ToBinary(offer), serializer.Manifest(offer)));
                recovery.Take(offer);
            }
            Assert.True(recovery.IsComplete);
            (IReadOnlyList<ApiObject> objects, long revision) = recovery.Result(1_767_225_600_000 + (epoch * 10_000_000), (_, key) => from.Objects.GetValueOrDefault(key));
            Assert.Equal(0, recovery.Refused);
            Assert.True(revision > Newest);
            return new Server(new MemoryObjectStore(StoreRestore.Load(objects, revision)), epoch, revision);
        }

        public void Write(string name, string value = "", string kind = "ConfigMap")
        {
            KindDescriptor descriptor = Kinds.Of("", kind);
            var body = new JsonObject { ["kind"] = kind, ["apiVersion"] = "v1", ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" }, ["data"] = new JsonObject { ["v"] = kind == "Secret" ? "" : value } };
            if (kind == "Secret")
                body["metadata"]!["labels"] = new JsonObject { ["l"] = $"v{value}" };
            if (Now(Store.RangeAsync(new RangeRequest(KeyRange.Single(StoreKeys.Of(descriptor, "default", name))))).Count == 0)
                Now(_api.CreateAsync(descriptor, "default", body, WriteOptions.Plain));
            else
                Now(_api.PatchAsync(descriptor, "default", name, ActorNet.Kubernetes.Api.Views.ObjectView.Of(descriptor, ""), new PatchRequest(PatchForm.Merge, body), WriteOptions.Plain));
        }

        public void Delete(string name)
        {
            if (Now(Store.RangeAsync(new RangeRequest(KeyRange.Single(StoreKeys.Of(Kind, "default", name))))).Count > 0)
                Now(_api.DeleteAsync(Kind, "default", name, new DeleteOptions()));
        }

        public void Compact()
        {
            if (Newest > 3)
            {
                try
                {
                    Now(Store.CompactAsync(Newest));
                }
                catch (CompactedException)
                {
                    // Nothing was written since.
                }
            }
        }

        /// <summary>What is published of what was written, all topics.</summary>
        public ObjectEvent[] Events()
        {
            var events = new List<ObjectEvent>();
            while (_read < Newest)
            {
                StoreChanges changes;
                try
                {
                    changes = Now(_watch.NextAsync());
                }
                catch (CompactedException)
                {
                    break;
                }
                _read = changes.Revision;
                events.AddRange(Feed.Publish(changes));
            }
            return [.. events];
        }

        public IWireMessage Answer(IWireMessage question)
        {
            WireSerializer serializer = new(null);
            object asked = serializer.FromBinary(serializer.ToBinary(question), serializer.Manifest(question));
            IWireMessage answer = Feed.AnswerAsync((IWireMessage)asked, CancellationToken.None)!.GetAwaiter().GetResult();
            return (IWireMessage)serializer.FromBinary(serializer.ToBinary(answer), serializer.Manifest(answer));
        }

        public ImmutableSortedDictionary<string, byte[]> Truth() => TruthAt(0)!;

        public ImmutableSortedDictionary<string, byte[]>? TruthAt(long revision)
        {
            try
            {
                return Now(Store.RangeAsync(new RangeRequest(StoreKeys.Range(Kind, ""), revision))).Objects
                    .ToImmutableSortedDictionary(each => each.Key[StoreKeys.Prefix(Kind).Length..], each => each.Value.ToArray(), StringComparer.Ordinal);
            }
            catch (CompactedException)
            {
                return null;
            }
        }

        private static T Now<T>(ValueTask<T> done)
        {
            Assert.True(done.IsCompleted);
            return done.AsTask().GetAwaiter().GetResult();
        }

        private static void Now(ValueTask done) => done.AsTask().GetAwaiter().GetResult();
    }
}
