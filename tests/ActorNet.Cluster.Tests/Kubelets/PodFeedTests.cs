using System.Collections.Concurrent;
using System.Text;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Kubelets;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Kubelet;

namespace ActorNet.Cluster.Tests.Kubelets;

/// <summary>What a kubelet is told, by what its host's informers hear.</summary>
public sealed class PodFeedTests
{
    private const long Epoch = 5;

    private readonly ClusterApi _api = new(new ClusterApiOptions
    {
        HostName = "h1",
        Kinds = KindCatalog.Default(ServiceRanges.Default),
        NewApi = static _ => throw new InvalidOperationException("no API server runs here"),
    });

    private readonly BlockingCollection<PodsAssigned> _told = [];
    private long _revision = 10;

    /// <summary>Of ten thousand ConfigMaps a kubelet needs those that its pods name: another one's change is none of its business.</summary>
    [Fact]
    public async Task A_kubelet_is_told_of_changes_of_the_ConfigMaps_and_Secrets_that_its_pods_name_and_of_no_others()
    {
        await using var feed = new PodFeed(_api, "n1");
        List("pods", Pod("p", "own", "key"));
        List("configmaps", ConfigMap("own", "1"), ConfigMap("foreign", "1"));
        List("secrets", Secret("key", "1"), Secret("foreign", "1"));
        List("services");
        feed.Start(_told.Add);
        Assert.Equal(("1", "1"), Next());

        Change("configmaps", "foreign", ConfigMap("foreign", "2"));
        Change("secrets", "foreign", Secret("foreign", "2"));
        Change("configmaps", "own", ConfigMap("own", "2"));
        Assert.Equal(("2", "1"), Next());
        Change("secrets", "key", Secret("key", "2"));
        Assert.Equal(("2", "2"), Next());
        Change("configmaps", "own", null);
        Assert.Equal((null, "2"), Next());
        // What was foreign is its own as soon as a pod names it.
        Change("pods", "p", Pod("p", "foreign", "foreign"));
        Assert.Equal(("2", "2"), Next());
        Change("configmaps", "own", ConfigMap("own", "3"));
        Change("configmaps", "foreign", ConfigMap("foreign", "3"));
        Assert.Equal(("3", "2"), Next());
        Assert.Empty(_told);
    }

    private (string? ConfigMap, string? Secret) Next()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        PodsAssigned told = _told.Take(limit.Token);
        return (told.ConfigMaps.SingleOrDefault()?.Data["v"], told.Secrets.SingleOrDefault() is { } secret ? Encoding.UTF8.GetString(secret.Data["v"]) : null);
    }

    private void List(string topic, params (string Name, string Json)[] objects)
    {
        InformerState informer = _api.InformerOf(topic)!;
        var asked = (ListObjects)informer.Poll(_api.Now)!;
        _api.Deliver(informer, new ObjectPage(asked.RequestId, Epoch, _revision, [.. objects.Select(each => new ObjectItem($"default/{each.Name}", _revision, Encoding.UTF8.GetBytes(each.Json)))], ""));
    }

    private void Change(string topic, string name, (string Name, string Json)? now)
    {
        InformerState informer = _api.InformerOf(topic)!;
        byte[] json = now is { } there ? Encoding.UTF8.GetBytes(there.Json) : [];
        _api.Deliver(informer, new ObjectEvent(Epoch, topic, informer.Revision, ++_revision, now is null ? ObjectChangeType.Deleted : ObjectChangeType.Modified, $"default/{name}", json));
    }

    private static (string Name, string Json) ConfigMap(string name, string value) =>
        (name, $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"default","uid":"{{{name}}}"},"data":{"v":"{{{value}}}"}}""");

    private static (string Name, string Json) Secret(string name, string value) =>
        (name, $$$"""{"kind":"Secret","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"default","uid":"{{{name}}}"},"data":{"v":"{{{Convert.ToBase64String(Encoding.UTF8.GetBytes(value))}}}"}}""");

    private static (string Name, string Json) Pod(string name, string configMap, string secret) =>
        (name, $$$"""{"kind":"Pod","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"default","uid":"{{{name}}}"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i","envFrom":[{"configMapRef":{"name":"{{{configMap}}}"}},{"secretRef":{"name":"{{{secret}}}"}}]}]}}""");
}
