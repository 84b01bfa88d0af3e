using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>agnhost serve-hostname: the host's name over HTTP, or over raw TCP and UDP (serve-hostname/serve_hostname.go).</summary>
internal static class ServeHostnameCommand
{
    // How long upstream stays after SIGTERM for its pod to be taken away.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(AgnhostRun run, IReadOnlyList<string> args)
    {
        GoFlags flags = new GoFlags().AddTruth("tcp", false).AddTruth("udp", false).AddTruth("http", true).AddTruth("close", false).AddInteger("port", 9376);
        if (flags.Parse(args) is { } error)
            return await run.RefuseAsync(error).ConfigureAwait(false);
        if (flags.Truth("http") && (flags.Truth("tcp") || flags.Truth("udp")))
            return await run.FatalAsync("Can't server TCP/UDP mode and HTTP mode at the same time").ConfigureAwait(false);
        if (flags.Integer("port") is < 0 or > ushort.MaxValue)
            return await run.FatalAsync($"Error from net.Listen(): listen tcp: address {flags.Integer("port")}: invalid port").ConfigureAwait(false);
        var servers = new PortServers(run);
        await using ConfiguredAsyncDisposable closing = servers.ConfigureAwait(false);
        ushort port = (ushort)flags.Integer("port");
        byte[] name = Encoding.UTF8.GetBytes(run.Context.HostName);
        string? failed = null;
        if (flags.Truth("tcp"))
            failed = await servers.ServeTcpAsync(port, name, "TCP request from {0}").ConfigureAwait(false);
        if (failed is null && flags.Truth("udp"))
            failed = await servers.ServeUdpAsync(port, name, "UDP request from {0}").ConfigureAwait(false);
        if (failed is null && flags.Truth("http"))
            failed = await servers.ServeHttpAsync(port, http => AnswerAsync(run, http, flags.Truth("close"))).ConfigureAwait(false);
        if (failed is not null)
            return await run.FatalAsync(failed).ConfigureAwait(false);
        await run.LogAsync($"Serving on port {port}.").ConfigureAwait(false);
        await run.Context.WaitForCancellationAsync().ConfigureAwait(false);
        await run.LogAsync("Shutting down after receiving signal: terminated.").ConfigureAwait(false);
        await run.LogAsync("Awaiting pod deletion.").ConfigureAwait(false);
        await run.DelayAsync(Linger, run.Context.Namespace.Closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return 0;
    }

    private static async Task AnswerAsync(AgnhostRun run, HttpContext http, bool close)
    {
        await run.LogAsync($"HTTP request from {http.Connection.RemoteIpAddress}:{http.Connection.RemotePort}").ConfigureAwait(false);
        if (close)
            http.Response.Headers.Connection = "close";
        await HttpReply.TextAsync(http, run.Context.HostName).ConfigureAwait(false);
    }
}
