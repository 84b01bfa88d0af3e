using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>
/// agnhost grpc-health-checking (grpc-health-checking/grpc-health-checking.go): grpc.health.v1.Health on --port, and HTTP on --http-port whose
/// /make-not-serving and /make-serving change its answer.
/// </summary>
internal static class GrpcHealthCheckingCommand
{
    public static async Task<int> RunAsync(AgnhostRun run, IReadOnlyList<string> args)
    {
        GoFlags flags = new GoFlags().AddInteger("port", 5000).AddInteger("http-port", 8080).AddInteger("delay-unhealthy-sec", -1).AddText("service", "");
        if (flags.Parse(args) is { } error)
            return await run.RefuseAsync(error).ConfigureAwait(false);
        foreach (string name in new[] { "port", "http-port" })
        {
            if (flags.Integer(name) is < 0 or > ushort.MaxValue)
                return await run.FatalAsync($"listen tcp: address {flags.Integer(name)}: invalid port").ConfigureAwait(false);
        }

        var health = new GrpcHealthState(run, flags.Text("service"), flags.Integer("delay-unhealthy-sec"));
        var servers = new PortServers(run);
        await using ConfiguredAsyncDisposable closing = servers.ConfigureAwait(false);
        ushort httpPort = (ushort)flags.Integer("http-port"), port = (ushort)flags.Integer("port");
        await run.LogAsync($"Http server starting to listen on :{httpPort}").ConfigureAwait(false);
        if (await servers.ServeHttpAsync(httpPort, http => ChangeAsync(run, health, http)).ConfigureAwait(false) is { } httpFailed)
            return await run.FatalAsync(httpFailed).ConfigureAwait(false);
        var service = GrpcApplication.Of(new GrpcHealthService(health));
        await using ConfiguredAsyncDisposable ending = service.ConfigureAwait(false);
        if (await servers.ServeHttp2Async(port, service.HandleAsync).ConfigureAwait(false) is { } failed)
            return await run.FatalAsync($"Error while starting the listening service {failed}").ConfigureAwait(false);
        await run.LogAsync($"gRPC server starting to listen on :{port}").ConfigureAwait(false);
        await run.Context.WaitForCancellationAsync().ConfigureAwait(false);
        return ProgramTable.TerminatedExitCode;
    }

    private static async Task ChangeAsync(AgnhostRun run, GrpcHealthState health, HttpContext http)
    {
        bool? isServing = http.Request.Path.Value switch
        {
            "/make-serving" => true,
            "/make-not-serving" => false,
            _ => null,
        };
        if (isServing is not bool serving)
        {
            await HttpReply.ErrorAsync(http, "404 page not found", StatusCodes.Status404NotFound).ConfigureAwait(false);
            return;
        }

        await run.LogAsync(serving ? "Mark as healthy" : "Mark as unhealthy").ConfigureAwait(false);
        health.Force(serving);
        await HttpReply.TextAsync(http, GoDuration.Format(health.Age)).ConfigureAwait(false);
    }
}
