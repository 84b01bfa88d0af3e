using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Controllers;
using ActorNet.Kubernetes.Tests.Api;
using ActorNet.Packets;
using k8s.Models;
using WatchEventType = ActorNet.Kubernetes.Api.WatchEventType;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>The loops: started, they do by themselves what the other tests do step by step; stopped, they end.</summary>
public sealed class ControllerManagerTests
{
    [Fact]
    public async Task Started_it_works_by_itself_and_stopped_it_does_nothing_more()
    {
        ApiFixture fixture = await ApiFixture.NewAsync();
        var client = new InProcessClient(fixture.Api, "test");
        await using var manager = new ControllerManager(client, TimeProvider.System, new ControllerOptions(NodeTiming.Lab, Ipv4Prefix.Parse("10.244.0.0/16")));
        manager.Start();
        await client.CreateAsync(client.Kinds.Of<V1ReplicaSet>(), "default", JsonNode.Parse(ReplicaSetTests.Set)!.AsObject());
        await SeesAsync(client, 3);
        await client.PatchAsync<V1ReplicaSet>("default", "web", PatchForm.Merge, JsonNode.Parse("""{"spec":{"replicas":5}}""")!);
        await SeesAsync(client, 5);
        await manager.StopAsync();
        long steps = manager.Status.Sum(status => status.Steps);
        await client.PatchAsync<V1ReplicaSet>("default", "web", PatchForm.Merge, JsonNode.Parse("""{"spec":{"replicas":7}}""")!);
        Assert.Equal(steps, manager.Status.Sum(status => status.Steps));
        Assert.Equal(5, (await client.ListAsync<V1Pod>()).Items.Count);
        Assert.All(manager.Status, status => Assert.Equal(0, status.Faults));
    }

    private static async Task SeesAsync(InProcessClient client, int pods)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var seen = new HashSet<string>();
        await foreach (ModelEvent<V1Pod> each in client.WatchAsync<V1Pod>(cancel: limit.Token))
        {
            if (each.Type == WatchEventType.Added)
                seen.Add(each.Object!.Metadata.Name);
            if (seen.Count == pods)
                return;
        }
    }
}
