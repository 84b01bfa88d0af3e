using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Controllers.Network;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>Endpoints and EndpointSlices, by upstream's endpoints_controller_test.go, k8s.io/endpointslice reconciler_test.go and utils_test.go.</summary>
public sealed class EndpointTests
{
    private const string Service = """{"metadata":{"name":"web","labels":{"tier":"front"}},"spec":{"selector":{"app":"web"},"ports":[{"name":"http","port":80,"targetPort":"web"},{"name":"raw","port":81,"targetPort":9000}]}}""";

    private static Task<TestCluster> NewAsync() => TestCluster.NewAsync("endpoint-controller", "endpoint-slice-controller");

    private static async Task<V1Pod> PodAsync(TestCluster cluster, string name, string ip, bool ready = true, int port = 8080, string more = "")
    {
        V1Pod pod = await cluster.CreateAsync<V1Pod>($$$"""{"metadata":{"name":"{{{name}}}","labels":{"app":"web"}},"spec":{"nodeName":"n1",{{{more}}}"containers":[{"name":"c","image":"i:1","ports":[{"name":"web","containerPort":{{{port}}}}]}]}}""");
        await cluster.RunPodAsync(pod, ready, ip: ip);
        return pod;
    }

    private static async Task<V1EndpointSlice[]> SlicesAsync(TestCluster cluster) => [.. await cluster.ListAsync<V1EndpointSlice>()];

    private static string Show(V1Endpoint each) => $"{each.Addresses[0]} {(each.Conditions.Ready == true ? "ready" : "-")} {(each.Conditions.Serving == true ? "serving" : "-")} {(each.Conditions.Terminating == true ? "terminating" : "-")}";

    [Fact]
    public async Task Ready_pods_are_endpoints_and_others_are_there_but_not_ready()
    {
        TestCluster cluster = await NewAsync();
        V1Service service = await cluster.CreateAsync<V1Service>(Service);
        V1Pod a = await PodAsync(cluster, "a", "10.244.0.5");
        await PodAsync(cluster, "b", "10.244.0.4", ready: false);
        V1Pod ended = await PodAsync(cluster, "c", "10.244.0.6");
        await cluster.RunPodAsync(ended, ready: false, phase: "Succeeded", ip: "10.244.0.6");
        await cluster.CreateAsync<V1Pod>("""{"metadata":{"name":"noip","labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}""");
        await cluster.SettleAsync();

        V1EndpointSlice slice = Assert.Single(await SlicesAsync(cluster));
        Assert.Equal(["10.244.0.4 - - -", "10.244.0.5 ready serving -"], slice.Endpoints.Select(Show).Order());
        Assert.Equal([("http", 8080, "TCP"), ("raw", 9000, "TCP")], slice.Ports.Select(port => (port.Name, port.Port!.Value, port.Protocol)));
        Assert.Equal(("IPv4", "web", "endpointslice-controller.k8s.io", "front"), (slice.AddressType, slice.Metadata.Labels["kubernetes.io/service-name"], slice.Metadata.Labels["endpointslice.kubernetes.io/managed-by"], slice.Metadata.Labels["tier"]));
        Assert.Equal((service.Metadata.Uid, true), (slice.Metadata.OwnerReferences[0].Uid, slice.Metadata.OwnerReferences[0].Controller));
        V1Endpoint ready = slice.Endpoints.Single(each => each.Conditions.Ready == true);
        Assert.Equal(("n1", "Pod", "a", a.Metadata.Uid), (ready.NodeName, ready.TargetRef.Kind, ready.TargetRef.Name, ready.TargetRef.Uid));

        V1EndpointSubset subset = Assert.Single((await cluster.GetAsync<V1Endpoints>("web")).Subsets);
        Assert.Equal(("10.244.0.5", "10.244.0.4"), (Assert.Single(subset.Addresses).Ip, Assert.Single(subset.NotReadyAddresses).Ip));
        Assert.Equal([("http", 8080), ("raw", 9000)], subset.Ports.Select(port => (port.Name, port.Port)));
    }

    [Fact]
    public async Task With_traffic_distribution_PreferClose_ready_endpoints_are_meant_for_their_own_zone()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Node>("""{"metadata":{"name":"n1","labels":{"topology.kubernetes.io/zone":"a"}}}""");
        V1Service service = await cluster.CreateAsync<V1Service>("""{"metadata":{"name":"web"},"spec":{"trafficDistribution":"PreferClose","selector":{"app":"web"},"ports":[{"port":80}]}}""");
        await PodAsync(cluster, "a", "10.244.0.5");
        await PodAsync(cluster, "b", "10.244.0.4", ready: false);
        await cluster.SettleAsync();
        Assert.Equal(["10.244.0.4 a ", "10.244.0.5 a a"], await HintsAsync());
        service = await cluster.GetAsync<V1Service>("web");
        service.Spec.TrafficDistribution = null;
        await cluster.Client.UpdateAsync(service, "", CancellationToken.None);
        await cluster.SettleAsync();
        Assert.Equal(["10.244.0.4 a ", "10.244.0.5 a "], await HintsAsync());

        async Task<IEnumerable<string>> HintsAsync() =>
            Assert.Single(await SlicesAsync(cluster)).Endpoints.Select(static e => $"{e.Addresses[0]} {e.Zone} {string.Join(',', (e.Hints?.ForZones ?? []).Select(static z => z.Name))}").Order();
    }

    [Fact]
    public async Task A_pod_that_is_going_serves_but_is_not_ready_and_leaves_the_Endpoints()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Service>(Service);
        await PodAsync(cluster, "a", "10.244.0.5");
        await cluster.SettleAsync();
        await cluster.Client.DeleteAsync(cluster.Client.Kinds.Of("", "Pod"), "default", "a", new DeleteOptions());
        await cluster.SettleAsync();
        Assert.Equal(["10.244.0.5 - serving terminating"], Assert.Single(await SlicesAsync(cluster)).Endpoints.Select(Show));
        Assert.Null((await cluster.GetAsync<V1Endpoints>("web")).Subsets);
        await cluster.Client.DeleteAsync(cluster.Client.Kinds.Of("", "Pod"), "default", "a", new DeleteOptions(0));
        await cluster.SettleAsync();
        V1EndpointSlice empty = Assert.Single(await SlicesAsync(cluster));
        Assert.Empty(empty.Endpoints ?? []);
    }

    [Fact]
    public async Task Pods_that_serve_a_named_port_elsewhere_make_a_slice_and_a_subset_of_their_own()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Service>(Service);
        await PodAsync(cluster, "a", "10.244.0.5");
        await PodAsync(cluster, "b", "10.244.0.6", port: 8081);
        await cluster.SettleAsync();
        Assert.Equal([8080, 8081], (await SlicesAsync(cluster)).Select(slice => slice.Ports[0].Port!.Value).Order());
        Assert.Equal([8080, 8081], (await cluster.GetAsync<V1Endpoints>("web")).Subsets.Select(subset => subset.Ports[0].Port).Order());
    }

    [Fact]
    public async Task A_Service_without_pods_has_one_empty_slice()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Service>(Service);
        await cluster.SettleAsync();
        Assert.Empty(Assert.Single(await SlicesAsync(cluster)).Endpoints ?? []);
        Assert.Null((await cluster.GetAsync<V1Endpoints>("web")).Subsets);
        long steps = cluster.Status.Sum(status => status.Writes);
        await cluster.PatchAsync<V1Service>("web", """{"metadata":{"annotations":{"a":"b"}}}""");
        await cluster.SettleAsync();
        Assert.Equal(steps, cluster.Status.Sum(status => status.Writes));
    }

    [Fact]
    public async Task A_headless_Service_is_marked_and_gives_pods_their_hostnames()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Service>("""{"metadata":{"name":"web"},"spec":{"clusterIP":"None","publishNotReadyAddresses":true,"selector":{"app":"web"}}}""");
        await PodAsync(cluster, "a", "10.244.0.5", ready: false, more: "\"hostname\":\"a-0\",\"subdomain\":\"web\",");
        await cluster.SettleAsync();
        V1EndpointSlice slice = Assert.Single(await SlicesAsync(cluster));
        Assert.True(slice.Metadata.Labels.ContainsKey("service.kubernetes.io/headless"));
        Assert.Equal(("a-0", "10.244.0.5 ready - -"), (slice.Endpoints[0].Hostname, Show(slice.Endpoints[0])));
        V1Endpoints endpoints = await cluster.GetAsync<V1Endpoints>("web");
        Assert.True(endpoints.Metadata.Labels.ContainsKey("service.kubernetes.io/headless"));
        Assert.Equal(("a-0", null), (endpoints.Subsets[0].Addresses[0].Hostname, endpoints.Subsets[0].NotReadyAddresses));
    }

    [Fact]
    public async Task A_slice_holds_a_hundred_and_stays_as_it_is_where_nothing_changed()
    {
        // reconciler_test.go, TestReconcileManyPods: 250 pods make slices of 100, 100 and 50.
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Service>(Service);
        for (int i = 0; i < 250; i++)
            await PodAsync(cluster, $"p{i:000}", $"10.244.{i / 250}.{(i % 250) + 1}");
        await cluster.SettleAsync();
        V1EndpointSlice[] before = await SlicesAsync(cluster);
        Assert.Equal([50, 100, 100], before.Select(slice => slice.Endpoints.Count).Order());
        await PodAsync(cluster, "more", "10.244.9.9");
        await cluster.SettleAsync();
        V1EndpointSlice[] after = await SlicesAsync(cluster);
        Assert.Equal([51, 100, 100], after.Select(slice => slice.Endpoints.Count).Order());
        Assert.Equal(2, after.Count(slice => before.Any(old => old.Metadata.ResourceVersion == slice.Metadata.ResourceVersion)));
        Assert.Equal(251, (await cluster.GetAsync<V1Endpoints>("web")).Subsets.Single().Addresses.Count);
    }

    [Fact]
    public async Task Of_two_thousand_pods_the_Endpoints_carry_a_thousand_and_say_so_and_the_slices_carry_all()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Service>(Service);
        for (int i = 0; i < 2000; i++)
            await PodAsync(cluster, $"p{i:0000}", $"10.244.{i / 250}.{(i % 250) + 1}", ready: i % 4 != 0);
        await cluster.SettleAsync();
        V1Endpoints endpoints = await cluster.GetAsync<V1Endpoints>("web");
        V1EndpointSubset subset = Assert.Single(endpoints.Subsets);
        Assert.Equal((1000, null), (subset.Addresses.Count, subset.NotReadyAddresses));
        Assert.Equal("truncated", endpoints.Metadata.Annotations["endpoints.kubernetes.io/over-capacity"]);
        V1EndpointSlice[] slices = await SlicesAsync(cluster);
        Assert.Equal(Enumerable.Repeat(100, 20), slices.Select(slice => slice.Endpoints.Count));
        Assert.Equal((2000, 1500), (slices.SelectMany(slice => slice.Endpoints).Select(each => each.Addresses[0]).Distinct().Count(), slices.Sum(slice => slice.Endpoints.Count(each => each.Conditions.Ready == true))));

        // Fewer again: all of them, and the annotation goes.
        for (int i = 0; i < 1100; i++)
            await cluster.Client.DeleteAsync(cluster.Client.Kinds.Of("", "Pod"), "default", $"p{i:0000}", new DeleteOptions(0));
        await cluster.SettleAsync();
        endpoints = await cluster.GetAsync<V1Endpoints>("web");
        Assert.Equal((675, 225), (endpoints.Subsets.Single().Addresses.Count, endpoints.Subsets.Single().NotReadyAddresses.Count));
        Assert.False(endpoints.Metadata.Annotations.ContainsKey("endpoints.kubernetes.io/over-capacity"));
        Assert.Equal(900, (await SlicesAsync(cluster)).Sum(slice => slice.Endpoints.Count));
    }

    // endpoints_controller_test.go, TestTruncateEndpoints
    [Theory]
    [InlineData(new int[0], new int[0], new int[0], new int[0])]
    [InlineData(new[] { 50, 100, 100, 100, 100 }, new[] { 50, 100, 100, 100, 100 }, new[] { 50, 100, 100, 100, 100 }, new[] { 50, 100, 100, 100, 100 })]
    [InlineData(new[] { 100, 100, 100, 100, 100 }, new[] { 100, 100, 100, 100, 100 }, new[] { 100, 100, 100, 100, 100 }, new[] { 100, 100, 100, 100, 100 })]
    [InlineData(new[] { 90, 110, 50, 10, 20 }, new[] { 101, 200, 200, 201, 298 }, new[] { 90, 110, 50, 10, 20 }, new[] { 73, 144, 144, 145, 214 })]
    [InlineData(new[] { 205, 400, 402, 400, 693 }, new[] { 100, 200, 200, 200, 300 }, new[] { 98, 191, 192, 191, 328 }, new[] { 0, 0, 0, 0, 0 })]
    public void What_does_not_fit_is_cut_by_shares(int[] ready, int[] others, int[] readyLeft, int[] othersLeft)
    {
        V1EndpointSubset[] subsets = [.. ready.Zip(others, (r, o) => new V1EndpointSubset { Addresses = Many(r), NotReadyAddresses = Many(o) })];
        Assert.Equal(ready.Sum() + others.Sum() > 1000, EndpointCapacity.Cut(subsets));
        Assert.Equal(readyLeft, subsets.Select(subset => subset.Addresses?.Count ?? 0));
        Assert.Equal(othersLeft, subsets.Select(subset => subset.NotReadyAddresses?.Count ?? 0));

        static List<V1EndpointAddress> Many(int count) => [.. Enumerable.Range(0, count).Select(_ => new V1EndpointAddress())];
    }

    [Fact]
    public async Task What_others_wrote_for_a_Service_without_selector_is_left_alone_and_slices_go_with_their_Service()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1Service>("""{"metadata":{"name":"db"},"spec":{"ports":[{"port":5432}]}}""");
        await cluster.CreateAsync<V1Endpoints>("""{"metadata":{"name":"db"},"subsets":[{"addresses":[{"ip":"192.0.2.7"}],"ports":[{"port":5432}]}]}""");
        await cluster.CreateAsync<V1Service>(Service);
        await PodAsync(cluster, "a", "10.244.0.5");
        await cluster.SettleAsync();
        Assert.Equal("192.0.2.7", (await cluster.GetAsync<V1Endpoints>("db")).Subsets[0].Addresses[0].Ip);
        await cluster.Client.DeleteAsync(cluster.Client.Kinds.Of("", "Service"), "default", "web", new DeleteOptions());
        await cluster.SettleAsync();
        Assert.Empty(await SlicesAsync(cluster));
        Assert.Equal(["db"], (await cluster.ListAsync<V1Endpoints>()).Select(each => each.Metadata.Name));
    }
}
