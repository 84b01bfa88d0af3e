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

    private static k8s.Kubernetes Client(TestServer server) => new(new KubernetesClientConfiguration { Host = server.Host.Address.ToString() });

    private static V1Pod Pod(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "nginx:1.27" }] },
    };
}
