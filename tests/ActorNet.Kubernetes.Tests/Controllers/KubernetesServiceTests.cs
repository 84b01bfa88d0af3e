using ActorNet.Kubernetes.Client;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>The API's own Service has the nodes that are ready as endpoints, each with the name of its node.</summary>
public sealed class KubernetesServiceTests
{
    [Fact]
    public async Task Ready_nodes_are_the_endpoints_and_foreign_ones_are_not()
    {
        TestCluster cluster = await TestCluster.NewAsync("kubernetes-service-controller");
        await cluster.CreateAsync<V1Service>("""{"metadata":{"name":"kubernetes"},"spec":{"clusterIP":"10.96.0.1","ports":[{"name":"https","port":443,"targetPort":6443}]}}""");
        foreach ((string name, string address, string ready) in new[] { ("n1", "192.168.56.11", "True"), ("n2", "192.168.56.12", "False"), ("foreign", "192.168.56.13", "") })
        {
            V1Node node = await cluster.CreateAsync<V1Node>("{\"metadata\":{\"name\":\"" + name + "\"}}");
            node.Status = new V1NodeStatus
            {
                Addresses = [new V1NodeAddress { Type = "InternalIP", Address = address }],
                Conditions = ready.Length == 0 ? null : [new V1NodeCondition { Type = "Ready", Status = ready }],
            };
            await cluster.Client.UpdateAsync(node, "status", CancellationToken.None);
        }

        await cluster.SettleAsync();

        V1EndpointSlice slice = Assert.Single(await cluster.ListAsync<V1EndpointSlice>());
        V1Endpoint endpoint = Assert.Single(slice.Endpoints);
        Assert.Equal(("192.168.56.11", "n1", 6443), (Assert.Single(endpoint.Addresses), endpoint.NodeName, slice.Ports[0].Port));
        V1EndpointSubset subset = Assert.Single((await cluster.GetAsync<V1Endpoints>("kubernetes")).Subsets);
        Assert.Equal("192.168.56.11", Assert.Single(subset.Addresses).Ip);
    }
}
