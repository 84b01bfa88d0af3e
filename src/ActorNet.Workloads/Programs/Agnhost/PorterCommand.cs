using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>agnhost porter: serves the values of SERVE_PORT_n, SERVE_TCP_PORT_n and SERVE_UDP_PORT_n on port n (porter/porter.go).</summary>
internal static class PorterCommand
{
    private static readonly string[] Http = ["SERVE_PORT_", "SERVE_TCP_PORT_"];
    private static readonly string[] NotBuiltIn = ["SERVE_TLS_PORT_", "SERVE_SCTP_PORT_"];

    public static async Task<int> RunAsync(AgnhostRun run, IReadOnlyList<string> args)
    {
        GoFlags flags = new GoFlags().AddTruth("json-response", false);
        if (flags.Parse(args) is { } error)
            return await run.RefuseAsync(error).ConfigureAwait(false);
        var servers = new PortServers(run);
        await using ConfiguredAsyncDisposable closing = servers.ConfigureAwait(false);
        foreach ((string name, string value) in run.Context.Environment.OrderBy(static e => e.Key, StringComparer.Ordinal))
        {
            if (NotBuiltIn.FirstOrDefault(p => name.StartsWith(p, StringComparison.Ordinal)) is not null)
                return await run.RefuseAsync($"{name}: TLS and SCTP are not built in; use SERVE_PORT_n or SERVE_UDP_PORT_n").ConfigureAwait(false);
            // As upstream, a port that cannot be served is only logged.
            if (Http.FirstOrDefault(p => name.StartsWith(p, StringComparison.Ordinal)) is { } prefix)
                await ServeAsync(run, name[prefix.Length..], port => servers.ServeHttpAsync(port, http => AnswerAsync(http, value, flags.Truth("json-response")))).ConfigureAwait(false);
            else if (name.StartsWith("SERVE_UDP_PORT_", StringComparison.Ordinal))
                await ServeAsync(run, name["SERVE_UDP_PORT_".Length..], port => servers.ServeUdpAsync(port, Encoding.UTF8.GetBytes(value), null)).ConfigureAwait(false);
        }

        await run.Context.WaitForCancellationAsync().ConfigureAwait(false);
        return ProgramTable.TerminatedExitCode;
    }

    private static async Task ServeAsync(AgnhostRun run, string port, Func<ushort, Task<string?>> serve)
    {
        string? failed = ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)
            ? await serve(number).ConfigureAwait(false)
            : $"address {port}: invalid port";
        if (failed is not null)
            await run.LogAsync($"server on port {GoText.Quote(port)} failed: {failed}").ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext http, string value, bool isJson) => isJson
        ? HttpReply.TextAsync(http, $"{{\"Method\":{GoText.Json(http.Request.Method)},\"Body\":{GoText.Json(value)}}}", "application/json")
        : HttpReply.TextAsync(http, value);
}
