using System.Collections.Concurrent;
using System.Globalization;
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
/// The process's HTTP server for all its pods: one Kestrel, to which every pod adds listeners of its own. A pod that only listens costs a
/// listener and a waiting task, no thread.
/// </summary>
public sealed class PodHttpServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly PodConnectionListener _listener;
    private readonly ConcurrentDictionary<PodHttpListener, byte> _listeners = new();
    private long _connections;

    private PodHttpServer(WebApplication application, PodConnectionListener listener)
    {
        _application = application;
        _listener = listener;
    }

    /// <summary>Starts the server.</summary>
    /// <param name="configure">Kestrel's limits, for tests; null leaves its defaults.</param>
    public static async Task<PodHttpServer> StartAsync(Action<KestrelServerOptions>? configure = null)
    {
        var listener = new PodConnectionListener();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // No signal handlers: the process has its own.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton<IConnectionListenerFactory>(new PodConnectionListenerFactory(listener));
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Listen(listener.EndPoint, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            configure?.Invoke(options);
        });
        WebApplication application = builder.Build();
        application.Run(static context =>
        {
            IPodConnectionFeature pod = context.Features.GetRequiredFeature<IPodConnectionFeature>();
            return pod.Application(context);
        });
        await application.StartAsync().ConfigureAwait(false);
        return new PodHttpServer(application, listener);
    }

    /// <summary>Has a pod listen.</summary>
    /// <param name="executor">The door to the pod's namespace.</param>
    /// <param name="podName">The pod's name.</param>
    /// <param name="local">What to bind.</param>
    /// <param name="application">What answers.</param>
    /// <returns>The result, and when it is Ok the listener, which the caller disposes to stop listening.</returns>
    public async Task<(SocketResult Result, PodHttpListener? Listener)> ListenAsync(
        INamespaceExecutor executor, string podName, Ipv4Endpoint local, RequestDelegate application)
    {
        ArgumentNullException.ThrowIfNull(application);
        (SocketResult result, TcpAcceptor? acceptor) = await TcpAcceptor.ListenAsync(executor, local).ConfigureAwait(false);
        if (acceptor is null)
            return (result, null);
        var listener = new PodHttpListener(acceptor, podName, application, OfferAsync, l => _listeners.TryRemove(l, out _));
        _listeners[listener] = 0;
        listener.Start();
        return (SocketResult.Ok, listener);
    }

    /// <summary>Stops every listener, lets requests under way end for a moment, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (PodHttpListener listener in _listeners.Keys)
            await listener.DisposeAsync().ConfigureAwait(false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _application.StopAsync(patience.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private ValueTask OfferAsync(PodHttpListener listener, TcpDuplexPipe connection, CancellationToken cancellationToken)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"{listener.PodName}-{Interlocked.Increment(ref _connections)}");
        return _listener.OfferAsync(new PodConnection(id, listener.PodName, connection, listener.Application, listener.ConnectionEnded), cancellationToken);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
