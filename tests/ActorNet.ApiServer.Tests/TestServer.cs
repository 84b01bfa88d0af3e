using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.ApiServer.Tests;

/// <summary>An API on loopback over a store in memory, with namespace "default".</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private TestServer(ApiServerHost host, MemoryObjectStore store, KubernetesApi api)
    {
        (Host, Store, Api) = (host, store, api);
        Http = new HttpClient { BaseAddress = host.Address };
    }

    public ApiServerHost Host { get; }

    public MemoryObjectStore Store { get; }

    public KubernetesApi Api { get; }

    public HttpClient Http { get; }

    public static async Task<TestServer> StartAsync()
    {
        var store = new MemoryObjectStore();
        var api = new KubernetesApi(store, KindCatalog.Default(ServiceRanges.Default), TimeProvider.System, new SeededIdentities(3));
        await api.CreateAsync(api.Kinds.Of("", "Namespace"), "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } }, WriteOptions.Plain);
        ApiServerHost host = await ApiServerHost.StartAsync(log => new ApiFront(api, ServerVersion.Default, log), options => options.Listen(IPAddress.Loopback, 0));
        return new TestServer(host, store, api);
    }

    /// <summary>One request; the body goes out as JSON unless a type is named.</summary>
    public async Task<(int Code, JsonNode? Body, HttpResponseMessage Answer)> SendAsync(HttpMethod method, string path, string? body = null, string? contentType = "application/json", string? accept = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Host.Address.GetLeftPart(UriPartial.Authority) + path));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (contentType is not null)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        HttpResponseMessage answer = await Http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : JsonValue.Create(text), answer);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
    }
}
