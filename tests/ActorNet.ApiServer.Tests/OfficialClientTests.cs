using k8s;
using k8s.Autorest;
using k8s.Models;

namespace ActorNet.ApiServer.Tests;

/// <summary>The official C# client, unchanged, against our API.</summary>
public sealed class OfficialClientTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task It_makes_reads_lists_replaces_and_deletes()
    {
        await using TestServer server = await TestServer.StartAsync();
        using k8s.Kubernetes client = Client(server);
        V1Pod made = await client.CoreV1.CreateNamespacedPodAsync(Pod("web"), "default");
        Assert.Equal(("Pending", "default", "IfNotPresent"), (made.Status.Phase, made.Namespace(), made.Spec.Containers[0].ImagePullPolicy));
        Assert.Equal(made.Metadata.Uid, (await client.CoreV1.ReadNamespacedPodAsync("web", "default")).Metadata.Uid);
        made.Metadata.Labels = new Dictionary<string, string> { ["a"] = "b" };
        V1Pod replaced = await client.CoreV1.ReplaceNamespacedPodAsync(made, "web", "default");
        HttpOperationException conflict = await Assert.ThrowsAsync<HttpOperationException>(() => client.CoreV1.ReplaceNamespacedPodAsync(made, "web", "default"));
        Assert.Equal(409, (int)conflict.Response.StatusCode);
        Assert.Single((await client.CoreV1.ListPodForAllNamespacesAsync(labelSelector: "a=b")).Items);
        Assert.NotEqual(made.Metadata.ResourceVersion, replaced.Metadata.ResourceVersion);
        await client.CoreV1.DeleteNamespacedPodAsync("web", "default");
        Assert.Empty((await client.CoreV1.ListNamespacedPodAsync("default")).Items);
    }

    [Theory]
    [InlineData(V1Patch.PatchType.JsonPatch, """[{"op":"add","path":"/metadata/labels","value":{"x":"y"}}]""")]
    [InlineData(V1Patch.PatchType.MergePatch, """{"metadata":{"labels":{"x":"y"}}}""")]
    [InlineData(V1Patch.PatchType.StrategicMergePatch, """{"metadata":{"labels":{"x":"y"}}}""")]
    public async Task It_patches_in_every_form(V1Patch.PatchType form, string patch)
    {
        await using TestServer server = await TestServer.StartAsync();
        using k8s.Kubernetes client = Client(server);
        await client.CoreV1.CreateNamespacedPodAsync(Pod("web"), "default");
        V1Pod patched = await client.CoreV1.PatchNamespacedPodAsync(new V1Patch(patch, form), "web", "default");
        Assert.Equal("y", patched.Metadata.Labels["x"]);
    }

    [Fact]
    public async Task It_watches_from_a_lists_version()
    {
        await using TestServer server = await TestServer.StartAsync();
        using k8s.Kubernetes client = Client(server);
        V1PodList list = await client.CoreV1.ListNamespacedPodAsync("default");
        using var patience = new CancellationTokenSource(Patience);
        var seen = new List<string>();
        Task watching = Task.Run(async () =>
        {
            await foreach ((WatchEventType type, V1Pod pod) in client.CoreV1.WatchListNamespacedPodAsync("default", resourceVersion: list.Metadata.ResourceVersion, cancellationToken: patience.Token))
            {
                seen.Add($"{type} {pod.Name()}");
                if (seen.Count == 3)
                    break;
            }
        }, patience.Token);
        await client.CoreV1.CreateNamespacedPodAsync(Pod("web"), "default");
        await client.CoreV1.PatchNamespacedPodStatusAsync(new V1Patch("""{"status":{"phase":"Running"}}""", V1Patch.PatchType.MergePatch), "web", "default");
        await client.CoreV1.DeleteNamespacedPodAsync("web", "default");
        await watching;
        Assert.Equal(["Added web", "Modified web", "Deleted web"], seen);
    }

    [Fact]
    public async Task It_scales_and_binds_and_evicts()
    {
        await using TestServer server = await TestServer.StartAsync();
        using k8s.Kubernetes client = Client(server);
        await client.AppsV1.CreateNamespacedDeploymentAsync(new V1Deployment
        {
            Metadata = new V1ObjectMeta { Name = "d" },
            Spec = new V1DeploymentSpec
            {
                Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["a"] = "b" } },
                Template = new V1PodTemplateSpec { Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["a"] = "b" } }, Spec = Pod("x").Spec },
            },
        }, "default");
        V1Scale scale = await client.AppsV1.ReadNamespacedDeploymentScaleAsync("d", "default");
        scale.Spec.Replicas = 4;
        Assert.Equal(4, (await client.AppsV1.ReplaceNamespacedDeploymentScaleAsync(scale, "d", "default")).Spec.Replicas);
        await client.CoreV1.CreateNamespacedPodAsync(Pod("web"), "default");
        await server.SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/pods/web/binding", """{"apiVersion":"v1","kind":"Binding","metadata":{"name":"web"},"target":{"kind":"Node","name":"n1"}}""");
        Assert.Equal("n1", (await client.CoreV1.ReadNamespacedPodAsync("web", "default")).Spec.NodeName);
        Assert.Equal(409, (await server.SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/pods/web/binding", """{"target":{"name":"n2"}}""")).Code);
        await client.CoreV1.CreateNamespacedPodEvictionAsync(new V1Eviction { Metadata = new V1ObjectMeta { Name = "web" } }, "web", "default");
        Assert.NotNull((await client.CoreV1.ReadNamespacedPodAsync("web", "default")).Metadata.DeletionTimestamp);
    }

    /// <summary>Upstream's ScaleHandler (apimachinery pkg/util/managedfields/scalehandler.go; the words: internal/conflict.go): who applies a scale manages the replicas of the object.</summary>
    [Fact]
    public async Task It_applies_a_scale_and_minds_who_manages_the_replicas()
    {
        await using TestServer server = await TestServer.StartAsync();
        using k8s.Kubernetes client = Client(server);
        var deployment = new V1Deployment
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = new V1ObjectMeta { Name = "d" },
            Spec = new V1DeploymentSpec
            {
                Replicas = 2,
                Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["a"] = "b" } },
                Template = new V1PodTemplateSpec { Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["a"] = "b" } }, Spec = Pod("x").Spec },
            },
        };
        await client.AppsV1.PatchNamespacedDeploymentAsync(new V1Patch(deployment, V1Patch.PatchType.ApplyPatch), "d", "default", fieldManager: "owner");
        V1Patch Scaled(int replicas) => new($$$"""{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"d"},"spec":{"replicas":{{{replicas}}}}}""", V1Patch.PatchType.ApplyPatch);

        HttpOperationException conflict = await Assert.ThrowsAsync<HttpOperationException>(() => client.AppsV1.PatchNamespacedDeploymentScaleAsync(Scaled(5), "d", "default", fieldManager: "scaler"));
        Assert.Equal(409, (int)conflict.Response.StatusCode);
        Assert.Equal("Apply failed with 1 conflict: conflict with \"owner\": .spec.replicas", (string?)System.Text.Json.Nodes.JsonNode.Parse(conflict.Response.Content)!["message"]);
        Assert.Equal(5, (await client.AppsV1.PatchNamespacedDeploymentScaleAsync(Scaled(5), "d", "default", fieldManager: "scaler", force: true)).Spec.Replicas);

        V1Deployment after = await client.AppsV1.ReadNamespacedDeploymentAsync("d", "default");
        Assert.Equal(5, after.Spec.Replicas);
        V1ManagedFieldsEntry entry = Assert.Single(after.Metadata.ManagedFields, each => each.Manager == "scaler");
        Assert.Equal(("Apply", "apps/v1", "scale"), (entry.Operation, entry.ApiVersion, entry.Subresource));
        Assert.Equal("""{"f:spec":{"f:replicas":{}}}""", System.Text.Json.JsonSerializer.Serialize(entry.FieldsV1));
        // The owner says no more how many there are to be.
        deployment.Spec.Replicas = null;
        Assert.Equal(5, (await client.AppsV1.PatchNamespacedDeploymentAsync(new V1Patch(deployment, V1Patch.PatchType.ApplyPatch), "d", "default", fieldManager: "owner")).Spec.Replicas);
    }

    /// <summary>Kubernetes' conversion of Events (pkg/apis/events/v1/conversion.go) and its rules for new ones (pkg/apis/core/validation/events.go).</summary>
    [Fact]
    public async Task It_reads_and_writes_the_same_events_in_both_forms()
    {
        await using TestServer server = await TestServer.StartAsync();
        using k8s.Kubernetes client = Client(server);
        await client.CoreV1.CreateNamespacedEventAsync(new Corev1Event
        {
            Metadata = new V1ObjectMeta { Name = "old" },
            InvolvedObject = new V1ObjectReference { Kind = "Pod", Name = "web", NamespaceProperty = "default" },
            Reason = "Pulled",
            Message = "already present",
            Type = "Normal",
            Count = 3,
            Source = new V1EventSource { Component = "kubelet", Host = "n1" },
        }, "default");
        Eventsv1Event read = await client.EventsV1.ReadNamespacedEventAsync("old", "default");
        Assert.Equal(("events.k8s.io/v1", "web", "already present", "Pulled"), (read.ApiVersion, read.Regarding.Name, read.Note, read.Reason));
        Assert.Equal((3, "n1", null), (read.DeprecatedCount, read.DeprecatedSource.Host, read.EventTime));

        var fresh = new Eventsv1Event
        {
            Metadata = new V1ObjectMeta { Name = "new" },
            EventTime = DateTime.UtcNow,
            Regarding = new V1ObjectReference { Kind = "Pod", Name = "web", NamespaceProperty = "default" },
            Reason = "Scheduled",
            Action = "Binding",
            Note = "assigned",
            Type = "Normal",
            ReportingController = "default-scheduler",
            ReportingInstance = "default-scheduler-n1",
        };
        await client.EventsV1.CreateNamespacedEventAsync(fresh, "default");
        Corev1Event seen = await client.CoreV1.ReadNamespacedEventAsync("new", "default");
        Assert.Equal(("v1", "web", "assigned", "default-scheduler"), (seen.ApiVersion, seen.InvolvedObject.Name, seen.Message, seen.ReportingComponent));
        Assert.Equal(2, (await client.EventsV1.ListNamespacedEventAsync("default", fieldSelector: "regarding.name=web")).Items.Count);
        await client.EventsV1.PatchNamespacedEventAsync(new V1Patch("""{"series":{"count":2,"lastObservedTime":"2026-01-01T00:00:00.000000Z"}}""", V1Patch.PatchType.MergePatch), "new", "default");
        Assert.Equal(2, (await client.CoreV1.ReadNamespacedEventAsync("new", "default")).Series.Count);

        fresh.Metadata.Name = "lacking";
        (fresh.Action, fresh.ReportingController, fresh.DeprecatedCount) = (null, null, 1);
        HttpOperationException refused = await Assert.ThrowsAsync<HttpOperationException>(() => client.EventsV1.CreateNamespacedEventAsync(fresh, "default"));
        Assert.Equal(422, (int)refused.Response.StatusCode);
        Assert.Contains("count: Invalid value", refused.Response.Content, StringComparison.Ordinal);
        await client.EventsV1.DeleteNamespacedEventAsync("new", "default");
        Assert.Equal("old", Assert.Single((await client.CoreV1.ListNamespacedEventAsync("default")).Items).Name());
    }

    private static k8s.Kubernetes Client(TestServer server) => new(new KubernetesClientConfiguration { Host = server.Host.Address.ToString() });

    private static V1Pod Pod(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "nginx:1.27" }] },
    };
}
