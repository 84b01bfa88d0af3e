using System.Collections.Concurrent;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Links;
using ActorNet.Cluster.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;
using CsCheck;
using k8s.Models;

namespace ActorNet.Cluster.Tests;

/// <summary>Several hosts in real control systems: the API server moves, links are cut, and each host's caches stay right.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ClusterApiTests
{
    [Fact]
    public async Task Subnets_and_objects_survive_the_loss_of_the_api_servers_host_and_new_subnets_never_collide()
    {
        await using Hosts hosts = new();
        ControlSystem[] trio = await hosts.FormAsync(3);
        Host[] nodes = [.. trio.Select(control => new Host(control))];
        V1Node[] first = await Task.WhenAll(nodes.Select((host, i) => host.RegisterAsync(Node($"node-{i + 1}"), own: true)));
        V1Node kernel = await nodes[1].RegisterAsync(Node("kernel", "10.244.77.0/24"), own: false);
        Assert.Equal(3, first.Select(node => node.Spec.PodCIDR).Distinct().Count());
        Assert.Equal("10.244.77.0/24", kernel.Spec.PodCIDR);
        foreach (Host host in nodes)
            await host.Sees("kernel", "node-1", "node-2", "node-3");
        NodeRefusedException overlap = await Assert.ThrowsAsync<NodeRefusedException>(() => nodes[2].RegisterAsync(Node("other", "10.244.77.128/25"), own: false));
        Assert.Contains("overlaps 10.244.77.0/24 of node kernel", overlap.Message, StringComparison.Ordinal);
        NodeRefusedException held = await Assert.ThrowsAsync<NodeRefusedException>(() => nodes[2].RegisterAsync(Node("node-1"), own: true));
        Assert.Contains("run by host 'h1' already", held.Message, StringComparison.Ordinal);
        await nodes[0].Client.CreateAsync(ConfigMap("kept", "value"), Cancel).AsTask().WaitAsync(Hosts.Patience, Cancel);
        // Too large for one message: the new API server takes it from its own host's cache.
        await nodes[0].Api.Local!.CreateAsync(nodes[0].Api.Kinds.Of("", "ConfigMap"), "default", ConfigMap("large", new string('x', 100_000)).ToDocument(), WriteOptions.Plain, Cancel);
        foreach (Host host in nodes)
            await Hosts.Until(() => host.ConfigMaps.Snapshot.Count == 2, () => $"{host.ConfigMaps.Snapshot.Count} ConfigMaps");
        Dictionary<string, string> before = nodes[1].Subnets();
        string uid = nodes[1].Nodes.Snapshot.Find("", "kernel")!.Metadata.Uid;
        long epoch = nodes[1].Api.Epoch;

        // Killed, not leaving: its node stays, as a data plane that may still forward.
        await trio[0].TerminateAsync();
        V1Node late = await nodes[2].RegisterAsync(Node("late"), own: false);

        Assert.True(nodes[2].Api.Epoch > epoch);
        Assert.DoesNotContain(late.Spec.PodCIDR, before.Values);
        foreach (Host host in nodes[1..])
        {
            await host.Sees("kernel", "late", "node-1", "node-2", "node-3");
            foreach ((string name, string subnet) in before)
                Assert.Equal(subnet, host.Subnets()[name]);
            // The data plane was never told to remove anything.
            Assert.DoesNotContain(host.Changes, change => change.After is null);
            Assert.Equal(uid, host.Nodes.Snapshot.Find("", "kernel")!.Metadata.Uid);
            Assert.Equal(100_000, host.ConfigMaps.Snapshot.Find("default", "large")!.Data["v"].Length);
            Assert.Equal("value", host.ConfigMaps.Snapshot.Find("default", "kept")!.Data["v"]);
        }

        // h3 leaves gracefully: its own node goes, the ones that users made stay.
        await trio[2].StopAsync();
        await nodes[1].Sees("kernel", "late", "node-1", "node-2");
        // It comes back for its subnet, with a new process.
        Host again = new(await hosts.StartAsync(hosts.Options(3, trio[1].Endpoint)));
        V1Node back = await again.RegisterAsync(Node("node-3", before["node-3"]), own: true);
        Assert.Equal(before["node-3"], back.Spec.PodCIDR);
        await nodes[1].Sees("kernel", "late", "node-1", "node-2", "node-3");
        await again.Registration.DeleteAsync("node-3", Cancel).WaitAsync(Hosts.Patience, Cancel);
        await nodes[1].Registration.DeleteAsync("kernel", Cancel).WaitAsync(Hosts.Patience, Cancel);
        await nodes[1].Sees("late", "node-1", "node-2");
    }

    [Fact]
    public async Task Events_lost_in_a_cut_are_caught_up_when_it_heals()
    {
        await using Hosts hosts = new();
        ControlSystem a = await hosts.StartAsync(hosts.Options(1) with { Overrides = ControlLinksTests.PatientResolver });
        ControlSystem b = await hosts.StartAsync(hosts.Options(2, a.Endpoint) with { Overrides = ControlLinksTests.PatientResolver });
        Host first = new(a);
        Host second = new(b);
        await first.RegisterAsync(Node("node-1"), own: true);
        await second.RegisterAsync(Node("node-2"), own: true);
        await second.Sees("node-1", "node-2");
        // Whoever is behind already when the link is cut catches up afterwards without a new gap.
        CacheStatus before = second.NodeCache;
        await Hosts.Until(() => (before = second.NodeCache).IsSynced, () => $"{before}");

        a.Links.Cut("h2");
        for (int i = 0; i < 20; i++)
            await first.RegisterAsync(Node($"extra-{i:00}"), own: false);
        // A write is done before the hosts are told of it: until they are, there is nothing that a cut could lose.
        string[] all = [.. Enumerable.Range(0, 20).Select(i => $"extra-{i:00}"), "node-1", "node-2"];
        await first.Sees(all);
        await Hosts.Until(() => a.Links.MessagesLost > 20, () => $"{a.Links.MessagesLost} messages lost");
        Assert.Equal(["node-1", "node-2"], second.Names);
        a.Links.Heal("h2");

        await second.Sees(all);
        Assert.True(second.NodeCache.Gaps > before.Gaps, $"{second.NodeCache} after {before}");
        Assert.Equal(second.Changes.Select(change => Version(change.Latest)).Order(), second.Changes.Select(change => Version(change.Latest)));
    }

    [Fact]
    public async Task A_host_that_lost_its_control_system_keeps_its_view_and_is_told_only_what_changed()
    {
        await using Hosts hosts = new();
        ControlSystem[] pair = await hosts.FormAsync(2);
        Host stable = new(pair[0]);
        Host third = new(pair[1], attach: false);
        await using ControlSupervisor supervisor = new(hosts.Options(3, pair[0].Endpoint), attach: third.Attach);
        await supervisor.StartAsync();
        await stable.RegisterAsync(Node("node-1"), own: true);
        V1Node own = await third.RegisterAsync(Node("node-3"), own: true);
        await stable.Sees("node-1", "node-3");
        await third.Sees("node-1", "node-3");
        int told = third.Changes.Count;
        ControlSystem before = supervisor.Current!;

        pair[0].Cluster.Down(before.Cluster.SelfAddress);
        await before.Ended.WaitAsync(Hosts.Patience, Cancel);
        Assert.Equal(["node-1", "node-3"], third.Names);
        await stable.RegisterAsync(Node("meanwhile"), own: false);

        await third.Sees("meanwhile", "node-1", "node-3");
        Assert.Equal(["meanwhile"], third.Changes.Skip(told).Select(change => change.Latest.Metadata.Name));
        Assert.Equal(own.Spec.PodCIDR, stable.Subnets()["node-3"]);
    }

    // Two clusters in memory have two truths: that of the larger one holds, although the API server of the smaller one has begun later.
    [Fact]
    public async Task A_host_of_an_island_in_memory_joins_the_larger_cluster_and_gives_up_what_only_the_island_had()
    {
        await using Hosts hosts = new();
        ControlSystem a = await hosts.StartAsync(Patient(hosts.Options(1)));
        ControlSystem b = await hosts.StartAsync(Patient(hosts.Options(2, a.Endpoint)));
        Host first = new(a), second = new(b), third = new(a, attach: false);
        await using ControlSupervisor supervisor = new(Patient(hosts.Options(3, a.Endpoint)), attach: third.Attach);
        supervisor.WasIsland += _ => third.Api.Forget();
        ControlSystem island = await supervisor.StartAsync(Cancel);
        await first.RegisterAsync(Node("both"), own: false);
        await third.Sees("both");
        await Hosts.Until(() => supervisor.Peers.Count == 2 && a.Snapshot.Members.Length == 3, () => Hosts.Describe(island));
        long epoch = first.Api.Epoch;

        // Each side puts the other one out, as two sides of a firewall that rejects would do.
        a.Links.Cut("h3");
        b.Links.Cut("h3");
        a.Cluster.Down(island.Cluster.SelfAddress);
        island.Cluster.Down(a.Cluster.SelfAddress);
        island.Cluster.Down(b.Cluster.SelfAddress);
        await Hosts.Until(() => a.Snapshot.Members.Length == 2 && island.Snapshot.Members.Length == 1, () => $"{Hosts.Describe(a)}; {Hosts.Describe(island)}");
        await first.RegisterAsync(Node("mainland"), own: false);
        await third.RegisterAsync(Node("island"), own: false);
        await second.Sees("both", "mainland");
        await third.Sees("both", "island");
        Assert.True(third.Api.Epoch > epoch);
        a.Links.Clear();
        b.Links.Clear();

        Assert.Equal(ControlEndReason.Downed, await island.Ended.WaitAsync(Hosts.Patience, Cancel));
        foreach (Host host in (Host[])[first, second, third])
            await host.Sees("both", "mainland");
        await Hosts.Until(() => third.Api.Epoch == epoch, () => $"epoch {third.Api.Epoch}, {epoch} before");
        Assert.Equal(epoch, first.Api.Epoch);
        Assert.False(a.Ended.IsCompleted || b.Ended.IsCompleted);

        static ControlOptions Patient(ControlOptions options) => options with { Overrides = ControlLinksTests.PatientResolver, Identity = static () => "this cluster" };
    }

    [Fact]
    public async Task Requests_of_a_host_without_the_api_server_get_its_objects_and_its_failures()
    {
        await using Hosts hosts = new();
        ControlSystem[] pair = await hosts.FormAsync(2);
        Host server = new(pair[0]);
        Host other = new(pair[1]);
        V1ConfigMap made = await other.Client.CreateAsync(ConfigMap("a", "1"), Cancel).AsTask().WaitAsync(Hosts.Patience, Cancel);
        Assert.NotNull(server.Api.Local);
        Assert.Null(other.Api.Local);
        Assert.NotEmpty(made.Metadata.Uid);
        Assert.Equal(made.Metadata.ResourceVersion, (await other.Client.GetAsync<V1ConfigMap>("default", "a", Cancel)).Metadata.ResourceVersion);

        ApiException exists = await Assert.ThrowsAsync<ApiException>(async () => await other.Client.CreateAsync(ConfigMap("a", "1"), Cancel));
        Assert.Equal((409, "AlreadyExists", "configmaps \"a\" already exists"), (exists.Code, exists.Reason, exists.Message));
        made.Data["v"] = "2";
        V1ConfigMap changed = await other.Client.UpdateAsync(made, cancel: Cancel);
        ApiException conflict = await Assert.ThrowsAsync<ApiException>(async () => await other.Client.UpdateAsync(made, cancel: Cancel));
        Assert.Equal((409, "Conflict"), (conflict.Code, conflict.Reason));
        ApiException wrongUid = await Assert.ThrowsAsync<ApiException>(async () => await other.Client.DeleteAsync<V1ConfigMap>("default", "a", new DeleteOptions(0, Uid: "other"), Cancel));
        Assert.Equal(409, wrongUid.Code);
        ApiException large = await Assert.ThrowsAsync<ApiException>(async () => await other.Client.CreateAsync(ConfigMap("b", new string('x', 70_000)), Cancel));
        Assert.Equal(413, large.Code);
        Assert.True(await other.Client.DeleteAsync<V1ConfigMap>("default", "a", new DeleteOptions(0, Uid: changed.Metadata.Uid), Cancel));
        Assert.Null(await other.Client.FindAsync<V1ConfigMap>("default", "a", Cancel));
    }

    /// <summary>
    /// Whoever lists and watches a host's own copy sees exactly the changes that the API server made, whatever the host's real control links lose or
    /// hold up meanwhile: in the order of their revisions, none twice, none left out. What its own store watch says is the truth.
    /// </summary>
    [Fact]
    public async Task A_watch_of_a_hosts_copy_misses_repeats_and_reorders_nothing_although_control_links_are_cut_and_slow()
    {
        await using Hosts hosts = new();
        ControlSystem a = await hosts.StartAsync(hosts.Options(1) with { Overrides = ControlLinksTests.PatientResolver });
        ControlSystem b = await hosts.StartAsync(hosts.Options(2, a.Endpoint) with { Overrides = ControlLinksTests.PatientResolver });
        Host server = new(a), other = new(b);
        await Hosts.Until(() => server.Api.Local is not null && other.Copy is not null, () => "no API server, or no copy of its ConfigMaps");
        long gaps = other.ConfigMapCache.Gaps;
        int history = 0;
        await Gen.Select(Gen.Int[0, 9], Gen.Int[0, 4], Gen.Int[0, 120]).Array[20, 60].SampleAsync(async steps =>
        {
            string end = $"end-{history++}";
            await using Recording truth = await Recording.OfStoreAsync(server.Api.Local!, Cancel), seen = await Recording.OfCopyAsync(other.Api, Cancel);
            foreach ((int action, int name, int milliseconds) in steps)
            {
                switch (action)
                {
                    case < 5:
                        await server.WriteAsync($"n{name}", $"{milliseconds}");
                        break;
                    case 5:
                        await server.RemoveAsync($"n{name}");
                        break;
                    case 6:
                        a.Links.Cut("h2", name > 2 ? LinkDirection.Both : name > 0 ? LinkDirection.Send : LinkDirection.Receive);
                        break;
                    case 7:
                        a.Links.Heal("h2");
                        break;
                    case 8:
                        a.Links.SetDelay("h2", TimeSpan.FromMilliseconds(milliseconds));
                        break;
                    default:
                        // Lets some of it arrive before the next fault.
                        await Task.Delay(milliseconds, Cancel);
                        break;
                }
            }

            a.Links.Heal("h2");
            a.Links.SetDelay("h2", TimeSpan.Zero);
            await server.WriteAsync(end, "");
            await truth.Until(end);
            await seen.Until(end);
            // Nothing was compacted: one watch went on through all of it.
            Assert.Equal(truth.Events.Where(each => each.Revision > seen.Begin), seen.Events);
        }, iter: 8, threads: 1);
        // It was not for want of loss.
        Assert.True(other.ConfigMapCache.Gaps > gaps, $"{other.ConfigMapCache}");
        Assert.True(a.Links.MessagesLost > 0);
    }

    [Fact]
    public async Task A_watch_of_a_hosts_copy_is_told_to_list_again_when_the_api_server_has_moved_and_then_misses_nothing()
    {
        await using Hosts hosts = new();
        ControlSystem[] trio = await hosts.FormAsync(3);
        Host[] nodes = [.. trio.Select(control => new Host(control))];
        await Hosts.Until(() => nodes[0].Api.Local is not null && nodes[2].Copy is not null, () => "no API server, or no copy of its ConfigMaps");
        for (int i = 0; i < 5; i++)
            await nodes[0].WriteAsync($"n{i}", "before");
        await Hosts.Until(() => nodes[1].ConfigMaps.Snapshot.Count >= 5 && nodes[2].ConfigMaps.Snapshot.Count >= 5, () => $"{nodes[2].ConfigMapCache}");
        await using Recording first = await Recording.OfCopyAsync(nodes[2].Api, Cancel);
        await nodes[0].WriteAsync("n0", "seen");
        await first.Until("n0");
        long epoch = nodes[2].Api.Epoch;

        await trio[0].TerminateAsync();
        await Hosts.Until(() => nodes[1].Api.Local is not null || nodes[2].Api.Local is not null, () => "the API server has not moved");
        Host now = nodes[1].Api.Local is not null ? nodes[1] : nodes[2];
        await Hosts.Until(() => first.HasEnded && nodes[2].Api.Epoch > epoch && nodes[2].ConfigMapCache.IsSynced, () => $"{nodes[2].ConfigMapCache}");
        Assert.Equal(410, first.Failure);
        await using Recording truth = await Recording.OfStoreAsync(now.Api.Local!, Cancel), second = await Recording.OfCopyAsync(nodes[2].Api, Cancel);
        Assert.Equal(["n0", "n1", "n2", "n3", "n4"], second.Listed.Where(name => name.StartsWith('n')));
        // Revisions go on above every one that a client of the old API server has seen.
        Assert.True(second.Begin > first.Events[^1].Revision);
        for (int i = 0; i < 5; i++)
            await now.WriteAsync($"n{i}", "after");
        await now.WriteAsync("end", "");
        await truth.Until("end");
        await second.Until("end");
        Assert.Equal(truth.Events.Where(each => each.Revision > second.Begin), second.Events);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static long Version(V1Node node) => long.Parse(node.Metadata.ResourceVersion, System.Globalization.CultureInfo.InvariantCulture);

    private static V1Node Node(string name, string? subnet = null) => new()
    {
        ApiVersion = "v1",
        Kind = "Node",
        Metadata = new V1ObjectMeta { Name = name },
        Spec = subnet is null ? null : new V1NodeSpec { PodCIDR = subnet },
    };

    private static V1ConfigMap ConfigMap(string name, string value) => new()
    {
        ApiVersion = "v1",
        Kind = "ConfigMap",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Data = new Dictionary<string, string> { ["v"] = value },
    };

    private sealed class Host
    {
        private readonly string _name;
        private string? _own;

        public Host(ControlSystem control, bool attach = true)
        {
            _name = attach ? control.HostName : "h3";
            KindCatalog kinds = KindCatalog.Default(ServiceRanges.Default);
            Api = new ClusterApi(new ClusterApiOptions
            {
                HostName = _name,
                Kinds = kinds,
                NewApi = store => new KubernetesApi(store, kinds, TimeProvider.System, new SeededIdentities((ulong)_name[1]), new PodCidrAdmission(store, new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/16")))),
                Seed = (api, cancel) => BootstrapObjects.EnsureAsync(api, "10.96.0.1", 6443, cancel),
            });
            Nodes = Api.CacheOf<V1Node>();
            ConfigMaps = Api.CacheOf<V1ConfigMap>();
            Nodes.Changed += Changes.Enqueue;
            Client = Api.Client("test");
            Registration = new NodeRegistration(Client);
            if (attach)
                Attach(control);
        }

        public ConcurrentQueue<ObjectChange<V1Node>> Changes { get; } = new();

        public ClusterApi Api { get; }

        public IApiClient Client { get; }

        public NodeRegistration Registration { get; }

        public IObjectCache<V1Node> Nodes { get; }

        public IObjectCache<V1ConfigMap> ConfigMaps { get; }

        public CachedKind? Copy => Api.Cached(Api.Kinds.Of("", "ConfigMap"));

        public CacheStatus ConfigMapCache => Api.Caches.Single(cache => cache.Topic == "configmaps");

        /// <summary>Writes to the API server that lives here.</summary>
        public async Task WriteAsync(string name, string value)
        {
            KindDescriptor kind = Api.Kinds.Of("", "ConfigMap");
            await Api.Local!.PatchAsync(kind, "default", name, ObjectView.Of(kind, ""), new PatchRequest(PatchForm.Apply, ConfigMap(name, value).ToDocument(), FieldValidation.Ignore, true), new WriteOptions(Manager: "test"), Cancel);
        }

        public async Task RemoveAsync(string name)
        {
            try
            {
                await Api.Local!.DeleteAsync(Api.Kinds.Of("", "ConfigMap"), "default", name, new DeleteOptions(), Cancel);
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // It was not there.
            }
        }

        public CacheStatus NodeCache => Api.Caches.Single(cache => cache.Topic == "nodes");

        public IEnumerable<string> Names => Nodes.Snapshot.All.Select(node => node.Metadata.Name);

        public void Attach(ControlSystem control)
        {
            Api.Attach(control);
            control.BeforeLeaving(cancel => _own is { } own ? Registration.DeleteAsync(own, cancel) : Task.CompletedTask);
        }

        public async Task<V1Node> RegisterAsync(V1Node node, bool own)
        {
            V1Node registered = await Registration.RegisterAsync(node, own ? _name : null, Cancel).WaitAsync(Hosts.Patience, Cancel);
            if (own)
                _own = node.Metadata.Name;
            return registered;
        }

        public Dictionary<string, string> Subnets() => Nodes.Snapshot.All.ToDictionary(node => node.Metadata.Name, node => node.Spec.PodCIDR);

        public Task Sees(params string[] names) =>
            Hosts.Until(() => Names.SequenceEqual(names.Order(StringComparer.Ordinal)), () => $"{string.Join(", ", Names)}; epoch {Api.Epoch}, {NodeCache}");
    }
}
