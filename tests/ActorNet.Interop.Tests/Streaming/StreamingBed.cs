using System.Net;
using System.Text.Json.Nodes;
using ActorNet.ApiServer;
using ActorNet.ApiServer.Kubelet;
using ActorNet.ApiServer.Streaming;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using ActorNet.Node;
using ActorNet.Node.Actors;
using ActorNet.Node.Uplink;
using ActorNet.Packets;
using k8s;
using k8s.Models;

namespace ActorNet.Interop.Tests.Streaming;

/// <summary>
/// A real node with real pods, and one API over it, served twice: as 1.29, whose kubectl speaks SPDY, and as 1.32, whose kubectl speaks WebSocket.
/// Started at the first use and shared by all tests of a class.
/// </summary>
public sealed class StreamingBed : IAsyncDisposable
{
    private const string NodeName = "n1";

    private readonly string _folder = Directory.CreateTempSubdirectory("streaming").FullName;
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly StreamSessions _sessions = new(TimeProvider.System);
    private readonly HashSet<string> _running = new(StringComparer.Ordinal);
    private NodeHost? _node;
    private KubernetesApi? _api;
    private ApiServerHost[] _servers = [];

    /// <summary>Files of the tests.</summary>
    public string Folder => _folder;

    /// <summary>The streams of the node's kubelet.</summary>
    public StreamSessions Sessions => _sessions;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Where the API that calls itself 1.MINOR listens.</summary>
    public async Task<Uri> AddressAsync(int minor)
    {
        await StartAsync();
        return _servers[minor == 29 ? 0 : 1].Address;
    }

    /// <summary>Runs a shell line in which kubectl is that of 1.MINOR, with this bed's API.</summary>
    public async Task<CommandResult> ShellAsync(int minor, string line, string? input = null)
    {
        Uri server = await AddressAsync(minor);
        string config = Path.Combine(_folder, $"config{minor}");
        if (!File.Exists(config))
        {
            await File.WriteAllTextAsync(config, $"{{apiVersion: v1, kind: Config, current-context: a, contexts: [{{name: a, context: {{cluster: a, user: a}}}}], clusters: [{{name: a, cluster: {{server: '{server}'}}}}], users: [{{name: a, user: {{token: t}}}}]}}");
        }

        string environment = $"export KUBECACHEDIR={_folder}/cache{minor} KUBECONFIG={config} LC_ALL=C; cd {_folder}";
        return await ProcessRunner.RunAsync(["bash", "-c", environment + "\n" + line], input: input);
    }

    /// <summary>Runs a pod unless it runs already.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="manifest">Its manifest, with NAME where its name is.</param>
    /// <returns>Its name.</returns>
    public async Task<string> RunOnceAsync(string name, string manifest)
    {
        if (_running.Add(name))
            await RunPodAsync(manifest.Replace("NAME", name, StringComparison.Ordinal));
        return name;
    }

    /// <summary>Runs a pod on the node and makes it known to the API.</summary>
    public async Task<PodInfo> RunPodAsync(string manifest)
    {
        await StartAsync();
        V1Pod pod = KubernetesYaml.Deserialize<V1Pod>(manifest);
        PodInfo info = await _node!.RunPodAsync(pod, Ct);
        var document = JsonNode.Parse(KubernetesJson.Serialize(pod))!.AsObject();
        (document["apiVersion"], document["kind"], document["spec"]!["nodeName"]) = ("v1", "Pod", NodeName);
        KindDescriptor pods = _api!.Kinds.Of("", "Pod");
        ApiObject made = await _api.CreateAsync(pods, "default", document, WriteOptions.Plain, Ct);
        var status = made.Document.DeepClone().AsObject();
        status["status"] = new JsonObject
        {
            ["phase"] = "Running",
            ["podIP"] = info.Ip.ToString(),
            ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = info.Ip.ToString() }),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
            ["containerStatuses"] = new JsonArray([.. pod.Spec.Containers.Select(c => new JsonObject
            {
                ["name"] = c.Name,
                ["image"] = c.Image,
                ["imageID"] = "",
                ["ready"] = true,
                ["restartCount"] = 0,
                ["started"] = true,
                ["state"] = new JsonObject { ["running"] = new JsonObject { ["startedAt"] = "2026-01-01T00:00:00Z" } },
            })]),
        };
        await _api.UpdateAsync(pods, "default", info.Name, Kubernetes.Api.Views.ObjectView.Of(pods, "status"), status, WriteOptions.Plain, Ct);
        return info;
    }

    /// <summary>Takes a pod away.</summary>
    public async Task DeletePodAsync(string name)
    {
        await _node!.DeletePodAsync(name, TimeSpan.Zero, Ct);
        await _api!.DeleteAsync(_api.Kinds.Of("", "Pod"), "default", name, new DeleteOptions(0), Ct);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _sessions.Dispose();
        foreach (ApiServerHost server in _servers)
            await server.DisposeAsync();
        if (_node is not null)
            await _node.DisposeAsync();
        _starting.Dispose();
        Directory.Delete(_folder, true);
    }

    private async Task StartAsync()
    {
        await _starting.WaitAsync(Ct);
        try
        {
            if (_servers.Length > 0)
                return;
            _node = NodeHost.Open(new UnderlayOptions { Address = Ipv4Address.Loopback, Port = 0 }, TimeProvider.System, seed: 1, frameThreads: null);
            await _node.StartNodeAsync(new NodeSettings
            {
                Name = NodeName,
                NodeIp = Ipv4Address.Parse("192.168.56.11"),
                PodCidr = Ipv4Prefix.Parse("10.244.0.0/24"),
                ClusterCidr = Ipv4Prefix.Parse("10.244.0.0/16"),
                VtepMac = new MacAddress(0x0200_0000_0101),
            });
            _api = new KubernetesApi(new MemoryObjectStore(), KindCatalog.Default(ServiceRanges.Default), TimeProvider.System, new SeededIdentities(11));
            await _api.CreateAsync(_api.Kinds.Of("", "Namespace"), "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } }, WriteOptions.Plain, Ct);
            var kubelets = new OneKubelet(new LocalKubelet(new KubeletEndpoint(new NodeContainerStreams(_node), _sessions)));
            _servers = [await ServeAsync(29, kubelets), await ServeAsync(32, kubelets)];
        }
        finally
        {
            _starting.Release();
        }
    }

    private Task<ApiServerHost> ServeAsync(int minor, IKubeletLocator kubelets) =>
        ApiServerHost.StartAsync(log => new ApiFront(_api!, new ServerVersion(minor), log, kubelets), options => options.Listen(IPAddress.Loopback, 0));

    private sealed class OneKubelet(IKubelet kubelet) : IKubeletLocator
    {
        public ValueTask<IKubelet?> FindAsync(string node, CancellationToken cancel) => ValueTask.FromResult(node == NodeName ? kubelet : null);
    }
}
