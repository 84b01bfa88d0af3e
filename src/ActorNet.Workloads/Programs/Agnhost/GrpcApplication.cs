using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>
/// A gRPC service behind a port of a pod: Grpc.AspNetCore with services of its own, since the process's Kestrel knows nothing of the programs that it serves.
/// </summary>
internal sealed class GrpcApplication : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly RequestDelegate _pipeline;

    private GrpcApplication(ServiceProvider services, RequestDelegate pipeline) => (_services, _pipeline) = (services, pipeline);

    /// <summary>Makes the pipeline of a service.</summary>
    /// <typeparam name="T">The service.</typeparam>
    /// <param name="service">What answers all calls.</param>
    public static GrpcApplication Of<T>(T service) where T : class
    {
        var collection = new ServiceCollection();
        collection.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        collection.AddSingleton(service);
        // What a host would bring: routing asks for both.
        var listener = new DiagnosticListener(nameof(GrpcApplication));
        collection.AddSingleton(listener);
        collection.AddSingleton<DiagnosticSource>(listener);
        collection.AddGrpc();
        ServiceProvider services = collection.BuildServiceProvider();
        var builder = new ApplicationBuilder(services);
        builder.UseRouting();
        builder.UseEndpoints(endpoints => endpoints.MapGrpcService<T>());
        return new GrpcApplication(services, builder.Build());
    }

    /// <summary>Answers a call.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        IServiceProvider outer = http.RequestServices;
        AsyncServiceScope scope = _services.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            http.RequestServices = scope.ServiceProvider;
            try
            {
                await _pipeline(http).ConfigureAwait(false);
            }
            finally
            {
                http.RequestServices = outer;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
