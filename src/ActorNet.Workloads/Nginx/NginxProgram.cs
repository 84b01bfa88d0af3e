using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets.Kestrel;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Nginx;

/// <summary>
/// nginx as its image runs it: the server of conf.d/default.conf on port 80, in the foreground. What configures it is built in, so options that
/// name another configuration are refused.
/// </summary>
public sealed class NginxProgram : IProgram
{
    private const ushort Port = 80;
    private const string Foreground = "daemon off;";

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        string? directives = null;
        for (int i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "-v":
                    await context.Stderr.WriteAsync($"nginx version: nginx/{NginxImage.Version}\n").ConfigureAwait(false);
                    return 0;
                case "-g" when i + 1 < args.Count:
                    directives = args[++i];
                    break;
                case "-g":
                    return await RefuseAsync(context, "option \"-g\" requires global directives").ConfigureAwait(false);
                default:
                    return await RefuseAsync(context, $"invalid option: \"{args[i]}\"; built in are -g \"{Foreground}\" and -v").ConfigureAwait(false);
            }
        }

        if (directives?.Trim() != Foreground)
            return await RefuseAsync(context, $"[emerg] it runs in the foreground with its own configuration only: start it as nginx -g \"{Foreground}\"").ConfigureAwait(false);
        return await ServeAsync(context).ConfigureAwait(false);
    }

    // SIGQUIT, the image's stop signal: no new connections, idle ones are closed, requests under way are answered.
    private static async Task<int> ServeAsync(ProgramContext context)
    {
        if (context.Http is null)
            return await RefuseAsync(context, "[emerg] there is no HTTP server for programs here").ConfigureAwait(false);
        var log = new NginxLog(context);
        (SocketResult result, PodHttpListener? listener) = await context.Http.ListenAsync(
            context.Namespace, context.HostName, new Ipv4Endpoint(Ipv4Address.Any, Port), new NginxHttp(new NginxSite(context.Files), log).HandleAsync).ConfigureAwait(false);
        if (listener is null)
            return await RefuseAsync(context, $"[emerg] bind() to 0.0.0.0:{Port} failed ({(result == SocketResult.AddressInUse ? "98: " : "")}{result.Describe()})").ConfigureAwait(false);
        await using (listener.ConfigureAwait(false))
        {
            await log.NoticeAsync($"nginx/{NginxImage.Version}").ConfigureAwait(false);
            await context.WaitForCancellationAsync().ConfigureAwait(false);
            if (context.Namespace.Closed.IsCancellationRequested)
                return ProgramTable.KilledExitCode;
            await log.NoticeAsync("signal 3 (SIGQUIT) received, shutting down").ConfigureAwait(false);
            await listener.ShutdownAsync(context.Namespace.Closed).ConfigureAwait(false);
            await log.NoticeAsync("exit").ConfigureAwait(false);
            return 0;
        }
    }

    private static async Task<int> RefuseAsync(ProgramContext context, string why)
    {
        await context.Stderr.WriteAsync($"nginx: {why}\n").ConfigureAwait(false);
        return 1;
    }
}
