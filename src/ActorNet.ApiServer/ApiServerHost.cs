using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ActorNet.ApiServer;

/// <summary>A Kestrel with an <see cref="ApiFront"/> on it.</summary>
public sealed class ApiServerHost : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ApiServerHost(WebApplication application)
    {
        _application = application;
        string address = application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        Address = new Uri(address);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts a server.</summary>
    /// <param name="makeFront">Makes the front, given where it may log.</param>
    /// <param name="listen">Says where to listen, and with which certificates.</param>
    /// <param name="logging">Says what is logged; null: nothing.</param>
    /// <param name="cancel">Ends the start.</param>
    public static Task<ApiServerHost> StartAsync(
        Func<ILogger, ApiFront> makeFront, Action<KestrelServerOptions> listen, Action<ILoggingBuilder>? logging = null, CancellationToken cancel = default) =>
        StartAsync(log => makeFront(log).HandleAsync, listen, logging, cancel);

    /// <summary>Starts a server of something else than an API, such as a kubelet's endpoint.</summary>
    /// <param name="makeHandler">Makes what answers, given where it may log.</param>
    /// <param name="listen">Says where to listen, and with which certificates.</param>
    /// <param name="logging">Says what is logged; null: nothing.</param>
    /// <param name="cancel">Ends the start.</param>
    public static async Task<ApiServerHost> StartAsync(
        Func<ILogger, RequestDelegate> makeHandler, Action<KestrelServerOptions> listen, Action<ILoggingBuilder>? logging = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(makeHandler);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = RequestBody.MaxDrainedBytes;
            listen(options);
        });
        builder.Services.AddLogging(settings => logging?.Invoke(settings));
        builder.Services.AddHttpForwarder();
        WebApplication application = builder.Build();
        application.Run(makeHandler(application.Services.GetRequiredService<ILoggerFactory>().CreateLogger<ApiFront>()));
        await application.StartAsync(cancel).ConfigureAwait(false);
        return new ApiServerHost(application);
    }

    /// <summary>Ends what is under way and closes the listeners.</summary>
    public async ValueTask DisposeAsync()
    {
        // Watches would otherwise be waited for.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _application.StopAsync(now.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }
}
