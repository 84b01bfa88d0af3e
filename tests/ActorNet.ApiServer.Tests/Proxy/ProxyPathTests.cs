using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.ApiServer.Streaming;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using ActorNet.Kubernetes.Streaming;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Tests.Proxy;

/// <summary>Whose path the proxy takes: what is passed on has to be what was judged (apiserver judges and routes by one and the same path).</summary>
public sealed class ProxyPathTests
{
    [Theory]
    [InlineData("/api/v1/nodes/n1/proxy/pods", "200", "kubelet: /pods")]
    [InlineData("/api/v1/nodes/n1/proxy/pods/../runningpods", "200", "kubelet: /pods/../runningpods")]
    [InlineData("/api/v1/nodes/n1/proxy/../../../namespaces/default/configmaps", "200", "ConfigMapList")]
    [InlineData("/api/v1/nodes/n1/proxy/%2e%2e/%2e%2e/%2e%2e/namespaces/default/configmaps", "200", "ConfigMapList")]
    [InlineData("/api/v1/nodes/n1/proxy/../../n2/proxy/pods", "404", "")]
    [InlineData("/api/v1/nodes/n1/proxy/../../../../../a/b/c/d/e/f/g", "404", "")]
    public async Task A_path_with_dots_does_not_lead_past_what_was_judged(string target, string code, string says)
    {
        var kubelets = new Kubelets();
        using var reach = new ClusterReach(kubelets, new NoNetwork());
        var api = new KubernetesApi(new MemoryObjectStore(), KindCatalog.Default(ServiceRanges.Default), TimeProvider.System, new SeededIdentities(3));
        foreach ((string kind, string name) in new[] { ("Namespace", "default"), ("Node", "n1"), ("Node", "n2") })
            await api.CreateAsync(api.Kinds.Of("", kind), "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, WriteOptions.Plain);
        await using ApiServerHost host = await ApiServerHost.StartAsync(
            log => new ApiFront(api, ServerVersion.Default, log, reach).HandleAsync, options => options.Listen(IPAddress.Loopback, 0));
        string answer = await AskAsync(host.Address.Port, target);
        Assert.StartsWith($"HTTP/1.1 {code} ", answer, StringComparison.Ordinal);
        Assert.Contains(says, answer, StringComparison.Ordinal);
        Assert.Equal(says.StartsWith("kubelet", StringComparison.Ordinal) ? 1 : 0, kubelets.Asked);
    }

    // HttpClient would take the dots out.
    private static async Task<string> AskAsync(int port, string target)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    private sealed class Kubelets : IKubeletLocator, IKubelet
    {
        private int _asked;

        public int Asked => _asked;

        public ValueTask<IKubelet?> FindAsync(string node, CancellationToken cancel) => ValueTask.FromResult<IKubelet?>(this);

        public Task AnswerAsync(HttpContext context, string path, QueryString query)
        {
            Interlocked.Increment(ref _asked);
            return context.Response.WriteAsync($"kubelet: {path}", context.RequestAborted);
        }
    }

    private sealed class NoNetwork : INodeNetwork
    {
        public Task<Stream> ConnectAsync(string address, int port, CancellationToken cancel) => throw new NotSupportedException();
    }
}
