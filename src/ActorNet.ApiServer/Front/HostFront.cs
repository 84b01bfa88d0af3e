using System.Net;
using System.Net.Security;
using ActorNet.ApiServer.Health;
using ActorNet.ApiServer.Joining;
using ActorNet.ApiServer.Telemetry;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Joining;
using ActorNet.Cluster.Links;
using ActorNet.Kubernetes.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace ActorNet.ApiServer.Front;

/// <summary>How a host's front starts.</summary>
public sealed record HostFrontOptions
{
    /// <summary>Where it listens.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>TCP port of the Kubernetes API; 0 takes a free one.</summary>
    public required int ApiPort { get; init; }

    /// <summary>TCP port of the kubelet's endpoints; 0 takes a free one.</summary>
    public required int KubeletPort { get; init; }

    /// <summary>What the host shows and trusts.</summary>
    public required LiveCredentials Credentials { get; init; }

    /// <summary>Says where the API is.</summary>
    public required IApiLocator Api { get; init; }

    /// <summary>The faults of the host's control links, which requests that it passes on meet too.</summary>
    public ControlLinks Links { get; init; } = new();

    /// <summary>Answers what this host's own copy of the API's objects may answer; null: all is passed on.</summary>
    public CachedReads? Cached { get; init; }

    /// <summary>Answers at the kubelet port what nodes and administrators ask; null: 404.</summary>
    public RequestDelegate? Kubelet { get; init; }

    /// <summary>The health of this host.</summary>
    public HealthEndpoints Health { get; init; } = new(HealthCheck.Ping);

    /// <summary>What else this host says of itself at the API port, by path, as "/metrics".</summary>
    public IReadOnlyDictionary<string, RequestDelegate> Pages { get; init; } = new Dictionary<string, RequestDelegate>();

    /// <summary>Says who may see these pages; null: everybody.</summary>
    public IAuthorizer? Authorizer { get; init; }

    /// <summary>Measures what the API port is asked; null: nobody does.</summary>
    public RequestMeter? Meter { get; init; }

    /// <summary>Who was turned away at the API port before a request was read.</summary>
    public PortCounters ApiCounters { get; init; } = new();

    /// <summary>Who was turned away at the kubelet port.</summary>
    public PortCounters KubeletCounters { get; init; } = new();

    /// <summary>Lets further hosts into the cluster, at the API port; null: nobody.</summary>
    public JoinDesk? Joining { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Says what is logged; null: nothing.</summary>
    public Action<ILoggingBuilder>? Logging { get; init; }
}

/// <summary>
/// What a host shows over HTTPS: the Kubernetes API and the kubelet's endpoints, in one Kestrel. Like upstream it asks clients for a certificate
/// without insisting in the handshake: whoever shows none, or one that is not the cluster's, reads 401 and why.
/// </summary>
public sealed class HostFront : IAsyncDisposable
{
    private const string KubeletItem = "actornet-kubelet";

    private readonly WebApplication _application;
    private readonly ApiForwarder _forwarder;

    private HostFront(WebApplication application, ApiForwarder forwarder)
    {
        (_application, _forwarder) = (application, forwarder);
        Uri[] addresses = [.. application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Select(address => new Uri(address))];
        (ApiAddress, KubeletAddress) = (addresses[0], addresses[1]);
    }

    /// <summary>The API's base address, as https://127.0.10.1:6443.</summary>
    public Uri ApiAddress { get; }

    /// <summary>The base address of the kubelet's endpoints, as https://127.0.10.1:10250.</summary>
    public Uri KubeletAddress { get; }

    /// <summary>Opens both ports.</summary>
    /// <param name="options">How.</param>
    /// <param name="ct">Ends the start.</param>
    /// <exception cref="IOException">A port is taken, or the address is not this machine's.</exception>
    public static async Task<HostFront> StartAsync(HostFrontOptions options, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestBody.MaxDrainedBytes;
            kestrel.Listen(options.Address, options.ApiPort, listen => options.ApiCounters.UseHttps(PeerKeepAlive.Watch(listen), Https(options.Credentials)));
            kestrel.Listen(options.Address, options.KubeletPort, listen => options.KubeletCounters.UseHttps(AsKubelet(PeerKeepAlive.Watch(listen)), Https(options.Credentials)));
        });
        // The pool's thread that takes bytes off a socket answers the request too, and the one that ends an answer sends it, without a turn of the pool between.
        // No handler blocks its thread, which is what would make that unsafe.
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.AddLogging(settings => options.Logging?.Invoke(settings));
        builder.Services.AddHttpForwarder();
        WebApplication application = builder.Build();
        var forwarder = new ApiForwarder(application.Services.GetRequiredService<IHttpForwarder>(), options.Credentials, options.Links);
        var authentication = new Authentication(options.Credentials, options.Time);
        var api = new ApiDoor(authentication, options.Api, forwarder, options.Cached, new OwnPages(options.Health, options.Pages, options.Authorizer), options.Meter, options.Time);
        var kubelet = new KubeletDoor(authentication, options.Kubelet ?? NothingHere, options.KubeletCounters);
        JoinDoor? joining = options.Joining is { } desk ? new JoinDoor(desk) : null;
        application.Run(context => IsKubelet(context) ? kubelet.HandleAsync(context) : joining?.Handle(context) ?? api.HandleAsync(context));
        try
        {
            await application.StartAsync(ct).ConfigureAwait(false);
            return new HostFront(application, forwarder);
        }
        catch
        {
            forwarder.Dispose();
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends what is under way and closes the ports.</summary>
    public async ValueTask DisposeAsync()
    {
        // Watches would otherwise be waited for.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _application.StopAsync(now.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        _forwarder.Dispose();
    }

    // Which listener a connection came by; ports may be any.
    private static ListenOptions AsKubelet(ListenOptions listen)
    {
        listen.Use(next => connection =>
        {
            connection.Items[KubeletItem] = true;
            return next(connection);
        });
        return listen;
    }

    private static bool IsKubelet(HttpContext context) =>
        context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(KubeletItem) == true;

    // Asked at every handshake: a renewed certificate is shown from the next one on.
    private static TlsHandshakeCallbackOptions Https(LiveCredentials credentials) => new()
    {
        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = credentials.ServerContext,
            // Asked for and not insisted on.
            ClientCertificateRequired = true,
            // Judged by Authentication for every connection: a bad one is answered with 401, as upstream does (tls.RequestClientCert).
#pragma warning disable CA5359 // The remote end here is a client.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        }),
    };

    private static Task NothingHere(HttpContext context) => Answer.TextAsync(context, "404 page not found\n", StatusCodes.Status404NotFound);
}
