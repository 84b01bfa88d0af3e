using System.Collections.Concurrent;
using ActorNet.Netstack;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ActorNet.Sockets.Kestrel;

/// <summary>
/// The process's HTTP server for all its pods: one Kestrel, started when the first pod listens, to which every pod adds listeners of its own.
/// A pod that only listens costs a listener and a waiting task, no thread.
/// </summary>
public sealed class PodHttpServer : IAsyncDisposable
{
    // As Go's and nginx's listeners have it: a server that starts again is not held up by connections of the one before.
    private static readonly TcpOptions Reuse = TcpOptions.Default with { ReuseAddress = true };

    private readonly PodConnectionListener _listener = new(), _listener2 = new();
    private readonly ConcurrentDictionary<PodHttpListener, byte> _listeners = new();
    private readonly ConnectionEnds _ends = new();
    private readonly PodHttpLimits _limits;
    private readonly Lock _lock = new();
    private Task<WebApplication>? _started;
    private bool _isDisposed;

    /// <summary>Makes the server; nothing runs yet.</summary>
    /// <param name="limits">Bounds, or null for the default ones.</param>
    public PodHttpServer(PodHttpLimits? limits = null) => _limits = limits ?? new PodHttpLimits();

    /// <summary>The ports that pods listen on now.</summary>
    public IReadOnlyCollection<PodHttpListener> Listeners => [.. _listeners.Keys];

    /// <summary>Has a pod listen.</summary>
    /// <param name="executor">The door to the pod's namespace.</param>
    /// <param name="podName">The pod's name.</param>
    /// <param name="local">What to bind.</param>
    /// <param name="application">What answers.</param>
    /// <param name="isHttp2">HTTP/2 with prior knowledge (RFC 9113 3.3), as gRPC speaks it, instead of HTTP/1.1.</param>
    /// <exception cref="ObjectDisposedException">The server has stopped.</exception>
    /// <returns>The result, and when it is Ok the listener, which the caller disposes to stop listening and to close its connections.</returns>
    public async Task<(SocketResult Result, PodHttpListener? Listener)> ListenAsync(
        INamespaceExecutor executor, string podName, Ipv4Endpoint local, RequestDelegate application, bool isHttp2 = false)
    {
        ArgumentNullException.ThrowIfNull(application);
        await StartedAsync().ConfigureAwait(false);
        (SocketResult result, TcpAcceptor? acceptor) = await TcpAcceptor.ListenAsync(executor, local, options: Reuse).ConfigureAwait(false);
        if (acceptor is null)
            return (result, null);
        var listener = new PodHttpListener(acceptor, podName, application, _limits.ConnectionsPerListener, isHttp2 ? _listener2.OfferAsync : _listener.OfferAsync, l => _listeners.TryRemove(l, out _));
        _listeners[listener] = 0;
        listener.Start();
        return (SocketResult.Ok, listener);
    }

    /// <summary>Stops every listener, lets requests under way end for a moment, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        Task<WebApplication>? started;
        lock (_lock)
            (started, _isDisposed) = (_started, true);
        if (started is null)
            return;
        WebApplication application = await started.ConfigureAwait(false);
        PodHttpListener[] listeners = [.. _listeners.Keys];
        foreach (PodHttpListener listener in listeners)
            await listener.StopListeningAsync().ConfigureAwait(false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await application.StopAsync(patience.Token).ConfigureAwait(false);
        foreach (PodHttpListener listener in listeners)
            await listener.DisposeAsync().ConfigureAwait(false);
        await application.DisposeAsync().ConfigureAwait(false);
        _ends.Dispose();
    }

    // Not in the caller's turn: making a server takes its time.
    private Task StartedAsync()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _started ??= Task.Run(StartAsync);
        }
    }

    private async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // No signal handlers: the process has its own.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton<IConnectionListenerFactory>(new PodConnectionListenerFactory());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            // A target in absolute form says the host, whatever the header says (RFC 9112 3.2.2).
            options.AllowHostHeaderOverride = true;
            options.Listen(_listener.EndPoint, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1;
                endpoint.Use(ConnectionEnds.Mark);
            });
            options.Listen(_listener2.EndPoint, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http2;
                endpoint.Use(ConnectionEnds.Mark);
            });
            options.Limits.MinRequestBodyDataRate = new MinDataRate(_limits.BodyBytesPerSecond, _limits.BodyRateGrace);
            options.Limits.MinResponseDataRate = options.Limits.MinRequestBodyDataRate;
            options.Limits.RequestHeadersTimeout = _limits.RequestHeadersTimeout;
            options.Limits.KeepAliveTimeout = _limits.KeepAliveTimeout;
        });
        WebApplication application = builder.Build();
        application.Run(static context =>
        {
            IPodConnectionFeature pod = context.Features.GetRequiredFeature<IPodConnectionFeature>();
            return pod.Application(context);
        });
        await application.StartAsync().ConfigureAwait(false);
        return application;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
