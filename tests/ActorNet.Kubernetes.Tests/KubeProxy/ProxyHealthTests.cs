using System.Text.Json;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Kubernetes.KubeProxy.Health;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.KubeProxy;

/// <summary>
/// When a kube-proxy says that it is well. The steps and their answers are those of kubernetes pkg/proxy/healthcheck/healthcheck_test.go
/// (TestHealthzServer, TestLivezServer, testProxyHealthUpdater, TestServer), the texts those of its handlers.
/// </summary>
public sealed class ProxyHealthTests
{
    private static readonly DateTimeOffset Started = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private TimeSpan _now = TimeSpan.FromSeconds(1.5);
    private ProxyHealth _health = new(Timeout);

    [Fact]
    public void It_is_well_while_it_starts_and_late_when_a_change_waits_for_the_time_out()
    {
        // No update was ever made: it starts, and that is no illness, however long a change waits.
        Expect(200, 200);
        Step(health => health.Queued(_now));
        Pass(Timeout + Timeout);
        Expect(200, 200);

        Step(health => health.Updated(_now));
        Expect(200, 200);
        Pass(TimeSpan.FromSeconds(25));
        Expect(200, 200);

        // The oldest change counts, not those behind it.
        Step(health => health.Queued(_now));
        Pass(TimeSpan.FromSeconds(9));
        Step(health => health.Queued(_now));
        Expect(200, 200);
        Pass(TimeSpan.FromSeconds(1));
        Expect(503, 503);
        Step(health => health.Updated(_now));
        Expect(200, 200);
    }

    [Fact]
    public void A_node_that_is_to_go_gets_no_new_connections_and_its_proxy_lives_on()
    {
        Step(health => health.Updated(_now).Of(Node(taint: "other")));
        Expect(200, 200);
        Step(health => health.Of(Node(taint: "ToBeDeletedByClusterAutoscaler")));
        Expect(503, 200);
        Step(health => health.Of(Node()));
        Expect(200, 200);
        Step(health => health.Of(Node(isDeleted: true)));
        Expect(503, 200);
    }

    [Fact]
    public void The_texts_are_kube_proxys()
    {
        Step(health => health.Updated(_now));
        Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(
            "{\"lastUpdated\": \"2026-03-04 05:06:10.5 +0000 UTC m=+3.500000000\",\"currentTime\": \"2026-03-04 05:06:10.5 +0000 UTC m=+3.500000000\", \"nodeEligible\": true}",
            Ask("/healthz").Body);
        Step(health => health.Queued(_now).Of(Node(isDeleted: true)));
        Pass(Timeout);
        Assert.Equal(
            "{\"lastUpdated\": \"2026-03-04 05:06:08.5 +0000 UTC m=+1.500000000\",\"currentTime\": \"2026-03-04 05:06:20.5 +0000 UTC m=+13.500000000\", \"nodeEligible\": false}",
            Ask("/healthz").Body);
        Assert.Equal(
            "{\"lastUpdated\": \"2026-03-04 05:06:08.5 +0000 UTC m=+1.500000000\",\"currentTime\": \"2026-03-04 05:06:20.5 +0000 UTC m=+13.500000000\"}",
            Ask("/livez").Body);
        Assert.Equal((404, "404 page not found\n"), (Ask("/metrics").Status, Ask("/metrics").Body));
    }

    [Theory]
    [InlineData(0, true, 503)]
    [InlineData(18, true, 200)]
    [InlineData(18, false, 503)]
    public void A_balancer_hears_of_local_endpoints_and_of_the_proxy(int local, bool isHealthy, int status)
    {
        HealthAnswer answer = HealthAnswer.OfService(new ServiceHealth("default", "web", "", 30500, local), isHealthy);
        Assert.Equal((status, (int?)local, "application/json"), (answer.Status, answer.Weight, answer.ContentType));
        using JsonDocument said = JsonDocument.Parse(answer.Body);
        Assert.Equal("default", said.RootElement.GetProperty("service").GetProperty("namespace").GetString());
        Assert.Equal("web", said.RootElement.GetProperty("service").GetProperty("name").GetString());
        Assert.Equal((local, isHealthy), (said.RootElement.GetProperty("localEndpoints").GetInt32(), said.RootElement.GetProperty("serviceProxyHealthy").GetBoolean()));
        Assert.StartsWith("{\n\t\"service\": {\n\t\t\"namespace\": \"default\",\n", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public void Ready_endpoints_of_the_node_are_counted_once_and_only_a_balancers_local_service_is_asked_about()
    {
        var state = new ProxyState(new ProxyOptions { Node = "n1" });
        V1Service web = Service("web", "LoadBalancer", "Local", 30500);
        // Two ports of one pod; one that is not ready, one that ends and serves, one elsewhere.
        V1EndpointSlice slice = Slice("web", ("10.244.1.2", "n1", true), ("10.244.1.3", "n1", false), ("10.244.2.2", "n2", true));
        slice.Endpoints.Add(new V1Endpoint { Addresses = ["10.244.1.4"], NodeName = "n1", Conditions = new V1EndpointConditions { Ready = false, Serving = true, Terminating = true } });
        ProxyProgram program = Apply(state, [web, Service("wide", "LoadBalancer", "Cluster", null), Service("port", "NodePort", "Local", null)], [slice]);
        KeyValuePair<string, ServiceHealth> only = Assert.Single(program.HealthChecks);
        Assert.Equal(("default/web", new ServiceHealth("default", "web", "uid-web", 30500, 1)), (only.Key, only.Value));

        state.Apply(new ServiceChanges { Services = [new("default/web", null)] });
        Assert.Empty(state.Next()!.HealthChecks);
    }

    private static ProxyProgram Apply(ProxyState state, V1Service[] services, V1EndpointSlice[] slices)
    {
        state.Apply(new ServiceChanges
        {
            IsWhole = true,
            Services = [.. services.Select(static s => KeyValuePair.Create<string, V1Service?>($"default/{s.Metadata.Name}", s))],
            Slices = [.. slices.Select(static s => KeyValuePair.Create<string, V1EndpointSlice?>($"default/{s.Metadata.Name}", s))],
        });
        return state.Next()!;
    }

    private static V1Service Service(string name, string type, string policy, int? health) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = $"uid-{name}" },
        Spec = new V1ServiceSpec
        {
            ClusterIP = "10.96.0.9",
            Type = type,
            ExternalTrafficPolicy = policy,
            HealthCheckNodePort = health,
            Ports = [new V1ServicePort { Name = "a", Port = 80, Protocol = "TCP", NodePort = 30080 }, new V1ServicePort { Name = "b", Port = 81, Protocol = "TCP", NodePort = 30081 }],
        },
    };

    private static V1EndpointSlice Slice(string service, params (string Address, string Node, bool Ready)[] endpoints) => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta { Name = $"{service}-1", NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service } },
        Ports = [new Discoveryv1EndpointPort { Name = "a", Port = 8080, Protocol = "TCP" }, new Discoveryv1EndpointPort { Name = "b", Port = 8081, Protocol = "TCP" }],
        Endpoints = [.. endpoints.Select(static e => new V1Endpoint { Addresses = [e.Address], NodeName = e.Node, Conditions = new V1EndpointConditions { Ready = e.Ready } })],
    };

    private static V1Node Node(string? taint = null, bool isDeleted = false) => new()
    {
        Metadata = new V1ObjectMeta { Name = "n1", DeletionTimestamp = isDeleted ? Started.UtcDateTime : null },
        Spec = new V1NodeSpec { Taints = taint is null ? null : [new V1Taint { Key = taint, Effect = "NoSchedule" }] },
    };

    private void Step(Func<ProxyHealth, ProxyHealth> step) => _health = step(_health);

    private void Pass(TimeSpan time) => _now += time;

    private HealthAnswer Ask(string path) => HealthAnswer.OfProxy(path, _health, Started, _now);

    private void Expect(int healthz, int livez) => Assert.Equal((healthz, livez), (Ask("/healthz").Status, Ask("/livez").Status));
}
