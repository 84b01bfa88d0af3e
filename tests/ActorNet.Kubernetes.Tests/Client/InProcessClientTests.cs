using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tests.Api;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Client;

/// <summary>The typed verbs over the real API: the models of KubernetesClient go in and come out, and errors stay what the API said.</summary>
public sealed class InProcessClientTests
{
    private static V1Pod Pod(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["app"] = "web" } },
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container
                {
                    Name = "c",
                    Image = "nginx:1",
                    Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1500m") } },
                    ReadinessProbe = new V1Probe { HttpGet = new V1HTTPGetAction { Port = "http" } },
                },
            ],
        },
    };

    private static async Task<InProcessClient> NewAsync() => new((await ApiFixture.NewAsync()).Api, "test");

    [Fact]
    public async Task A_model_goes_in_and_comes_back_with_identity_and_defaults()
    {
        InProcessClient client = await NewAsync();
        V1Pod created = await client.CreateAsync(Pod("a"));
        V1Pod found = await client.GetAsync<V1Pod>("default", "a");
        Assert.Equal(created.ToDocument().ToJsonString(), found.ToDocument().ToJsonString());
        Assert.Equal(("Always", "Pending", "http"), (found.Spec.RestartPolicy, found.Status.Phase, found.Spec.Containers[0].ReadinessProbe.HttpGet.Port.Value));
        Assert.Equal(1.5m, found.Spec.Containers[0].Resources.Requests["cpu"].ToDecimal());
        Assert.True(long.Parse(found.Metadata.ResourceVersion, System.Globalization.CultureInfo.InvariantCulture) > 0);
        Assert.Equal(new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), found.Metadata.CreationTimestamp);
    }

    [Fact]
    public async Task An_update_of_the_status_leaves_the_spec_alone_and_one_that_changes_nothing_keeps_the_version()
    {
        InProcessClient client = await NewAsync();
        V1Pod pod = await client.CreateAsync(Pod("a"));
        pod.Status.Phase = "Running";
        pod.Spec.Containers[0].Image = "other";
        V1Pod running = await client.UpdateStatusAsync(pod);
        Assert.Equal(("Running", "nginx:1"), (running.Status.Phase, running.Spec.Containers[0].Image));
        Assert.Equal(running.Metadata.ResourceVersion, (await client.UpdateStatusAsync(running)).Metadata.ResourceVersion);
        Assert.Equal("Conflict", (await Assert.ThrowsAsync<ApiException>(async () => await client.UpdateStatusAsync(pod with { Status = new V1PodStatus { Phase = "Failed" } }))).Reason);
    }

    [Fact]
    public async Task A_patch_a_binding_and_a_deletion_do_what_they_do_over_HTTP()
    {
        InProcessClient client = await NewAsync();
        await client.CreateAsync(Pod("a"));
        V1Pod patched = await client.PatchAsync<V1Pod>("default", "a", PatchForm.Merge, JsonNode.Parse("""{"metadata":{"labels":{"app":null,"b":"c"}}}""")!);
        Assert.Equal([KeyValuePair.Create("b", "c")], patched.Metadata.Labels);
        long revision = await client.BindAsync("default", "a", "n1");
        V1Pod bound = await client.GetAsync<V1Pod>("default", "a");
        Assert.Equal(("n1", revision.ToString(System.Globalization.CultureInfo.InvariantCulture)), (bound.Spec.NodeName, bound.Metadata.ResourceVersion));
        Assert.Equal(409, (await Assert.ThrowsAsync<ApiException>(async () => await client.BindAsync("default", "a", "n2"))).Code);
        Assert.False(await client.DeleteAsync<V1Pod>("default", "a"));
        Assert.Equal("Conflict", (await Assert.ThrowsAsync<ApiException>(async () => await client.DeleteAsync<V1Pod>("default", "a", new DeleteOptions(0, Uid: "other")))).Reason);
        Assert.True(await client.DeleteAsync<V1Pod>("default", "a", new DeleteOptions(0, Uid: bound.Metadata.Uid)));
        Assert.Null(await client.FindAsync<V1Pod>("default", "a"));
    }

    [Fact]
    public async Task What_the_API_refuses_is_refused_in_its_words()
    {
        InProcessClient client = await NewAsync();
        ApiException e = await Assert.ThrowsAsync<ApiException>(async () => await client.GetAsync<V1Deployment>("default", "none"));
        Assert.Equal((404, "deployments.apps \"none\" not found"), (e.Code, e.Message));
        V1Pod bad = Pod("a");
        bad.Spec.Containers[0].Image = "";
        Assert.Equal(422, (await Assert.ThrowsAsync<ApiException>(async () => await client.CreateAsync(bad))).Code);
    }

    [Fact]
    public async Task A_watch_tells_models()
    {
        InProcessClient client = await NewAsync();
        V1Pod first = await client.CreateAsync(Pod("a"));
        await using IAsyncEnumerator<ModelEvent<V1Pod>> watch = client.WatchAsync<V1Pod>("default").GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal((WatchEventType.Added, first.Metadata.Uid), (watch.Current.Type, watch.Current.Object!.Metadata.Uid));
        await client.DeleteAsync<V1Pod>("default", "a", new DeleteOptions(0));
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(WatchEventType.Deleted, watch.Current.Type);
    }
}
