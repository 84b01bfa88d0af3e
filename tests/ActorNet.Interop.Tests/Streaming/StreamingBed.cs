using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ActorNet.ApiServer;
using ActorNet.ApiServer.Front;
using ActorNet.ApiServer.Kubelet;
using ActorNet.ApiServer.Streaming;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using ActorNet.Kubernetes.Streaming;
using ActorNet.Node;
using ActorNet.Node.Actors;
using ActorNet.Node.Uplink;
using ActorNet.Packets;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace ActorNet.Interop.Tests.Streaming;

/// <summary>
/// A real node with real pods, and one API over it, served four times: as 1.29, whose kubectl speaks SPDY, and as 1.32, whose kubectl speaks
/// WebSocket, each with the kubelet in its own process and with one that it asks over HTTP. Started at the first use and shared by all tests of a class.
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
    private ApiServerHost? _kubelet;
    private ClusterReach[] _reaches = [];
    private HttpMessageInvoker? _http;

    /// <summary>Files of the tests.</summary>
    public string Folder => _folder;

    /// <summary>The streams of the node's kubelet.</summary>
    public StreamSessions Sessions => _sessions;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Where the API that calls itself 1.MINOR listens.</summary>
    /// <param name="minor">29 or 32.</param>
    /// <param name="isRemote">Whether it asks the kubelet over HTTP.</param>
    public async Task<Uri> AddressAsync(int minor, bool isRemote = false)
    {
        await StartAsync();
        return _servers[(minor == 29 ? 0 : 1) + (isRemote ? 2 : 0)].Address;
    }

    /// <summary>Serves the API that calls itself 1.32 on a listening socket of any namespace.</summary>
    /// <param name="listening">The socket.</param>
    /// <param name="silence">How long a client may be silent until TCP asks whether it is there.</param>
    public async Task<IAsyncDisposable> ServeOnAsync(Socket listening, TimeSpan silence)
    {
        await StartAsync();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.ListenHandle((ulong)listening.Handle, listen => PeerKeepAlive.Watch(listen, silence)));
        builder.Services.AddHttpForwarder();
        WebApplication application = builder.Build();
        application.Run(new ApiFront(_api!, new ServerVersion(32), NullLogger.Instance, _reaches[0]).HandleAsync);
        await application.StartAsync(Ct);
        return application;
    }

    /// <summary>Runs a shell line in which kubectl is that of 1.MINOR, with this bed's API.</summary>
    public async Task<CommandResult> ShellAsync(int minor, string line, string? input = null, bool isRemote = false)
    {
        Uri server = await AddressAsync(minor, isRemote);
        string config = Path.Combine(_folder, $"config{minor}{isRemote}");
        if (!File.Exists(config))
        {
            await File.WriteAllTextAsync(config, $"{{apiVersion: v1, kind: Config, current-context: a, contexts: [{{name: a, context: {{cluster: a, user: a}}}}], clusters: [{{name: a, cluster: {{server: '{server}'}}}}], users: [{{name: a, user: {{token: t}}}}]}}");
        }

        string environment = $"export KUBECACHEDIR={_folder}/cache{minor}{isRemote} KUBECONFIG={config} LC_ALL=C; cd {_folder}";
        return await ProcessRunner.RunAsync(["bash", "-c", environment + "\n" + line], input: input);
    }

    /// <summary>Runs a pod unless it runs already.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="manifest">Its manifest, with NAME where its name is.</param>
    /// <param name="waits">Whether to wait until its containers run.</param>
    /// <returns>Its name.</returns>
    public async Task<string> RunOnceAsync(string name, string manifest, bool waits = true)
    {
        if (!_running.Add(name))
            return name;
        PodInfo info = await RunPodAsync(manifest.Replace("NAME", name, StringComparison.Ordinal));
        if (waits)
        {
            foreach (string container in info.Containers)
                await RunsAsync(new ContainerAddress("default", name, container));
        }

        return name;
    }

    private async Task RunsAsync(ContainerAddress container)
    {
        var streams = new NodeContainerStreams(_node!);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                await streams.PrepareAttachAsync(container, patience.Token);
                return;
            }
            catch (ApiException)
            {
                await Task.Delay(20, patience.Token);
            }
        }
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
        if (_kubelet is not null)
            await _kubelet.DisposeAsync();
        _http?.Dispose();
        foreach (ClusterReach reach in _reaches)
            reach.Dispose();
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
            await _api.CreateAsync(_api.Kinds.Of("", "Node"), "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = NodeName } }, WriteOptions.Plain, Ct);
            var endpoint = new KubeletEndpoint(new NodeContainerStreams(_node), _sessions);
            _kubelet = await ApiServerHost.StartAsync(_ => endpoint.HandleAsync, options => options.Listen(IPAddress.Loopback, 0));
            _http = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false });
            var network = new NodeNetwork(_node);
            _reaches = [new ClusterReach(new OneKubelet(new LocalKubelet(endpoint)), network), new ClusterReach(new OneKubelet(new RemoteKubelet(_http, _kubelet.Address)), network)];
            _servers = [await ServeAsync(29, _reaches[0]), await ServeAsync(32, _reaches[0]), await ServeAsync(29, _reaches[1]), await ServeAsync(32, _reaches[1])];
        }
        finally
        {
            _starting.Release();
        }
    }

    private Task<ApiServerHost> ServeAsync(int minor, ClusterReach reach) =>
        ApiServerHost.StartAsync(log => new ApiFront(_api!, new ServerVersion(minor), log, reach), options => options.Listen(IPAddress.Loopback, 0));

    private sealed class OneKubelet(IKubelet kubelet) : IKubeletLocator
    {
        public ValueTask<IKubelet?> FindAsync(string node, CancellationToken cancel) => ValueTask.FromResult(node == NodeName ? kubelet : null);
    }
}
