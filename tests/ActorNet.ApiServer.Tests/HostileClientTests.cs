using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.ApiServer.Front;
using ActorNet.ApiServer.Tests.Front;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ActorNet.ApiServer.Tests;

/// <summary>Clients in crowds, and clients that do not read or hardly write, over real sockets: bounded, counted, and nobody else is held up.</summary>
public sealed class HostileClientTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string UserHeader = "X-Test-User";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>As many watches as the API allows are open, each is told a change, and one more is told to come later.</summary>
    [Fact]
    public async Task Ten_thousand_watches_are_open_and_told_and_more_are_refused()
    {
        const int TooMany = 20;
        using var patience = new CancellationTokenSource(Patience * 3);
        var load = new ApiLoad(TimeProvider.System);
        await using ApiServerHost host = await StartAsync(load, HttpProtocols.Http2);
        using HttpClient http = Http2(host);
        HttpResponseMessage[] one = await WatchAsync(http, "one", ApiLoad.MostWatchesOfOne + TooMany, patience.Token);
        Assert.Equal(TooMany, one.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests));
        HttpResponseMessage[] other = await WatchAsync(http, "other", ApiLoad.MostWatches - ApiLoad.MostWatchesOfOne, patience.Token);
        Assert.All(other, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        HttpResponseMessage refused = Assert.Single(await WatchAsync(http, "third", 1, patience.Token));
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(1)), (refused.StatusCode, refused.Headers.RetryAfter?.Delta));
        Assert.Equal("TooManyRequests", JsonNode.Parse(await refused.Content.ReadAsStringAsync(patience.Token))!["reason"]!.GetValue<string>());
        Assert.Equal(new ApiLoadStatus(ApiLoad.MostWatches, ApiLoad.MostWatches, TooMany + 1, 0, 0, 0), load.Status);

        HttpResponseMessage[] open = [.. one.Concat(other).Where(answer => answer.IsSuccessStatusCode)];
        await CreateAsync(http, "told", "x", patience.Token);
        await Parallel.ForEachAsync(open, patience.Token, async (answer, cancel) =>
        {
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancel));
            Assert.Contains("\"name\":\"told\"", await reader.ReadLineAsync(cancel), StringComparison.Ordinal);
        });
        foreach (HttpResponseMessage answer in open)
            answer.Dispose();
        while (load.Status.Watches > 0)
            await Task.Delay(20, patience.Token);
        Assert.Equal(HttpStatusCode.OK, Assert.Single(await WatchAsync(http, "third", 1, patience.Token)).StatusCode);
    }

    /// <summary>A client that opens a watch and reads nothing is let go, while another sees every change.</summary>
    [Fact]
    public async Task A_watch_whose_client_does_not_read_is_ended_and_counted()
    {
        using var patience = new CancellationTokenSource(Patience);
        // Long enough for the reader that does read, on a machine with much else to do.
        var load = new ApiLoad(TimeProvider.System, patience: TimeSpan.FromSeconds(5));
        await using ApiServerHost host = await StartAsync(load, HttpProtocols.Http1);
        using var http = new HttpClient { BaseAddress = host.Address };
        using var slow = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 << 10 };
        await slow.ConnectAsync(IPAddress.Loopback, host.Address.Port, patience.Token);
        await slow.SendAsync(Encoding.ASCII.GetBytes($"GET {ConfigMaps}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n"), patience.Token);
        using HttpResponseMessage fast = Assert.Single(await WatchAsync(http, "fast", 1, patience.Token));
        using var reader = new StreamReader(await fast.Content.ReadAsStreamAsync(patience.Token));
        string filling = new('x', 500_000);
        int made = 0;
        while (load.Status.SlowReaders == 0)
        {
            string name = $"c{made++}";
            await CreateAsync(http, name, filling, patience.Token);
            Assert.Contains($"\"name\":\"{name}\"", await reader.ReadLineAsync(patience.Token), StringComparison.Ordinal);
        }

        while (load.Status.Watches > 1)
            await Task.Delay(20, patience.Token);
        await CreateAsync(http, "last", "x", patience.Token);
        Assert.Contains("\"name\":\"last\"", await reader.ReadLineAsync(patience.Token), StringComparison.Ordinal);
        Assert.Equal(1, load.Status.SlowReaders);
    }

    /// <summary>
    /// Clients that ask for long lists and read nothing: when they hold as much as a user may, the user's next one is told to come later and others are
    /// answered; then they are let go, and there is room again.
    /// </summary>
    [Fact]
    public async Task Lists_that_nobody_reads_are_bounded_ended_and_counted()
    {
        // Each of 1,000 objects and 20 MB, far more than the buffers of a connection hold, so ten seats as upstream counts.
        const int Objects = 1_000, Readers = ApiLoad.MostListSeatsOfOne / 10;
        using var patience = new CancellationTokenSource(Patience * 2);
        var time = new SteppedTime(DateTimeOffset.UnixEpoch);
        var load = new ApiLoad(time);
        await using ApiServerHost host = await StartAsync(load, HttpProtocols.Http1);
        using var http = new HttpClient { BaseAddress = host.Address };
        string filling = new('x', 20_000);
        await Parallel.ForEachAsync(Enumerable.Range(0, Objects), patience.Token, async (n, ct) => await CreateAsync(http, $"c{n}", filling, ct));
        Socket[] deaf = [.. Enumerable.Range(0, Readers).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 << 10 })];
        foreach (Socket socket in deaf)
        {
            await socket.ConnectAsync(IPAddress.Loopback, host.Address.Port, patience.Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {ConfigMaps} HTTP/1.1\r\nHost: x\r\n{UserHeader}: deaf\r\n\r\n"), patience.Token);
        }

        while (load.Status.ListSeats < ApiLoad.MostListSeatsOfOne)
            await Task.Delay(20, patience.Token);
        using HttpResponseMessage refused = await ListAsync(http, "deaf", "", patience.Token);
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(1)), (refused.StatusCode, refused.Headers.RetryAfter?.Delta));
        string why = await refused.Content.ReadAsStringAsync(patience.Token);
        Assert.Contains($"for deaf leave no room for one of {Objects} objects", why, StringComparison.Ordinal);
        using HttpResponseMessage other = await ListAsync(http, "other", "", patience.Token);
        Assert.Equal(Objects, JsonNode.Parse(await other.Content.ReadAsStringAsync(patience.Token))!["items"]!.AsArray().Count);
        Assert.Equal((1, 0), (load.Status.ListsRefused, load.Status.SlowReaders));

        while (load.Status.SlowReaders < Readers)
        {
            time.Advance(TimeSpan.FromSeconds(30));
            await Task.Delay(20, patience.Token);
        }

        while (load.Status.ListSeats > 0)
            await Task.Delay(20, patience.Token);
        using HttpResponseMessage again = await ListAsync(http, "deaf", "?limit=500", patience.Token);
        Assert.Equal(500, JsonNode.Parse(await again.Content.ReadAsStringAsync(patience.Token))!["items"]!.AsArray().Count);
        foreach (Socket socket in deaf)
            socket.Dispose();
    }

    /// <summary>So it is with a list as a table, which is made as a whole: kubectl's usual form.</summary>
    [Fact]
    public async Task A_table_that_nobody_reads_is_ended_and_counted()
    {
        using var patience = new CancellationTokenSource(Patience);
        var time = new SteppedTime(DateTimeOffset.UnixEpoch);
        var load = new ApiLoad(time);
        await using ApiServerHost host = await StartAsync(load, HttpProtocols.Http1);
        using var http = new HttpClient { BaseAddress = host.Address };
        string filling = new('x', 100_000);
        await Parallel.ForEachAsync(Enumerable.Range(0, 150), patience.Token, async (n, ct) => await CreateAsync(http, $"c{n}", filling, ct));
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 << 10 };
        await deaf.ConnectAsync(IPAddress.Loopback, host.Address.Port, patience.Token);
        await deaf.SendAsync(Encoding.ASCII.GetBytes($"GET {ConfigMaps}?includeObject=Object HTTP/1.1\r\nHost: x\r\nAccept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n\r\n"), patience.Token);
        while (load.Status.SlowReaders == 0)
        {
            time.Advance(TimeSpan.FromSeconds(30));
            await Task.Delay(20, patience.Token);
        }

        while (load.Status.ListSeats > 0)
            await Task.Delay(20, patience.Token);
    }

    /// <summary>Bodies that do not come, many at once: each is refused, and other requests are answered meanwhile.</summary>
    [Fact]
    public async Task Bodies_that_trickle_are_refused_and_counted()
    {
        const int Clients = 50;
        using var patience = new CancellationTokenSource(Patience);
        var load = new ApiLoad(TimeProvider.System);
        await using ApiServerHost host = await StartAsync(load, HttpProtocols.Http1);
        using var http = new HttpClient { BaseAddress = host.Address };
        Task<string>[] trickling = [.. Enumerable.Range(0, Clients).Select(_ => TrickleAsync(host, patience.Token))];
        int answered = 0;
        while (load.Status.SlowBodies < Clients)
        {
            await CreateAsync(http, $"c{answered++}", "x", patience.Token);
            await Task.Delay(20, patience.Token);
        }

        Assert.All(await Task.WhenAll(trickling), answer => Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal));
        Assert.Equal(Clients, load.Status.SlowBodies);
    }

    private static async Task<string> TrickleAsync(ApiServerHost host, CancellationToken cancel)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, host.Address.Port, cancel);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST {ConfigMaps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"), cancel);
        byte[] answer = new byte[64];
        int length = await socket.ReceiveAsync(answer, cancel);
        return Encoding.ASCII.GetString(answer, 0, length);
    }

    private static async Task<ApiServerHost> StartAsync(ApiLoad load, HttpProtocols protocols)
    {
        var api = new KubernetesApi(new MemoryObjectStore(), KindCatalog.Default(ServiceRanges.Default), TimeProvider.System, new SeededIdentities(3));
        await api.CreateAsync(api.Kinds.Of("", "Namespace"), "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } }, WriteOptions.Plain);
        return await ApiServerHost.StartAsync(
            log =>
            {
                var front = new ApiFront(api, ServerVersion.Default, log, load: load);
                return context => front.HandleAsync(As(context));
            },
            options => options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
    }

    // As a host's door does with the certificate.
    private static HttpContext As(HttpContext context)
    {
        context.Features.Set(new Caller(context.Request.Headers[UserHeader].ToString(), []));
        return context;
    }

    private static HttpClient Http2(ApiServerHost host) => new(new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false })
    {
        BaseAddress = host.Address,
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private static async Task<HttpResponseMessage[]> WatchAsync(HttpClient http, string user, int count, CancellationToken cancel)
    {
        var answers = new HttpResponseMessage[count];
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = cancel }, async (number, ct) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{ConfigMaps}?watch=1") { Version = http.DefaultRequestVersion, VersionPolicy = http.DefaultVersionPolicy };
            request.Headers.Add(UserHeader, user);
            answers[number] = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        });
        return answers;
    }

    private static async Task<HttpResponseMessage> ListAsync(HttpClient http, string user, string query, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, ConfigMaps + query);
        request.Headers.Add(UserHeader, user);
        return await http.SendAsync(request, cancel);
    }

    private static async Task CreateAsync(HttpClient http, string name, string text, CancellationToken cancel)
    {
        using var content = new StringContent(new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = new JsonObject { ["text"] = text } }.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await http.PostAsync(new Uri(ConfigMaps, UriKind.Relative), content, cancel);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(cancel));
    }
}
