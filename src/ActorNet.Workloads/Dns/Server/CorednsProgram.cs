using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Sockets.Kestrel;
using ActorNet.Workloads.Dns.Wire;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Workloads.Dns.Server;

/// <summary>
/// coredns -conf FILE: DNS for the cluster's names, on port 53 of UDP and TCP, from what it reads of the API through its service account.
/// /health and /ready answer as upstream's plugins do.
/// </summary>
public sealed class CorednsProgram : IProgram
{
    private const string Version = "1.11.3", DefaultFile = "Corefile";

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        string path = DefaultFile;
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i] is "-conf" or "--conf" && i + 1 < args.Count)
                path = args[++i];
            else if (args[i] is "-version" or "--version")
                return await SayAsync(context, $"CoreDNS-{Version}", 0).ConfigureAwait(false);
            else
                return await SayAsync(context, $"flag provided but not defined: {args[i]}", 2).ConfigureAwait(false);
        }

        try
        {
            return await RunAsync(context, Corefile.Read(path, await context.ReadTextAsync(path).ConfigureAwait(false))).ConfigureAwait(false);
        }
        catch (CorefileException e)
        {
            return await SayAsync(context, e.Message, 1).ConfigureAwait(false);
        }
        catch (FileException)
        {
            return await SayAsync(context, $"loading Caddyfile via flag: open {path}: no such file or directory", 1).ConfigureAwait(false);
        }
        catch (InvalidOperationException e)
        {
            return await SayAsync(context, $"plugin/kubernetes: {e.Message}", 1).ConfigureAwait(false);
        }
    }

    private static async Task<int> RunAsync(ProgramContext context, Corefile file)
    {
        foreach (string notice in file.Notices)
            await SayAsync(context, $"[WARNING] {notice}", 0).ConfigureAwait(false);
        var any = new Ipv4Endpoint(Ipv4Address.Any, file.Port);
        (SocketResult heard, DatagramEndpoint? udp) = await DatagramEndpoint.OpenAsync(context.Namespace, any).ConfigureAwait(false);
        if (udp is null)
            return await SayAsync(context, $"listen udp :{file.Port}: bind: {heard.Describe().ToLowerInvariant()}", 1).ConfigureAwait(false);
        await using (udp.ConfigureAwait(false))
        {
            (SocketResult listening, TcpAcceptor? tcp) = await TcpAcceptor.ListenAsync(context.Namespace, any, options: TcpOptions.Default with { ReuseAddress = true }).ConfigureAwait(false);
            if (tcp is null)
                return await SayAsync(context, $"listen tcp :{file.Port}: bind: {listening.Describe().ToLowerInvariant()}", 1).ConfigureAwait(false);
            await using (tcp.ConfigureAwait(false))
                return await ServeAsync(context, file, udp, tcp).ConfigureAwait(false);
        }
    }

    private static async Task<int> ServeAsync(ProgramContext context, Corefile file, DatagramEndpoint udp, TcpAcceptor tcp)
    {
        using k8s.Kubernetes client = InClusterClient.Create(context);
        context.TryResolve(context.HostName, out Ipv4Address own);
        var feed = new ClusterFeed(client, own.IsAny ? [] : [own], context.Time, line => _ = SayAsync(context, line, 0));
        using var life = CancellationTokenSource.CreateLinkedTokenSource(context.Cancellation, context.Namespace.Closed);
        var listeners = new List<PodHttpListener>();
        try
        {
            await ListenAsync(context, listeners, file.HealthPort, "/health", static () => true).ConfigureAwait(false);
            await ListenAsync(context, listeners, file.ReadyPort, "/ready", () => feed.HasSynced).ConfigureAwait(false);
            var server = new DnsServer(new DnsAnswerer(file, feed), udp, tcp, context.Time, file.LogsQuestions ? LogAsync : null);
            await SayAsync(context, $".:{file.Port}\nCoreDNS-{Version}\nlinux/amd64, actornet", 0).ConfigureAwait(false);
            await Task.WhenAll(server.RunAsync(life.Token), file.Kubernetes is null ? Task.CompletedTask : feed.RunAsync(life.Token)).ConfigureAwait(false);
            await SayAsync(context, $"[INFO] SIGTERM: Shutting down servers then terminating ({server.Counters.Questions} questions, {server.Counters.Garbage} without sense, {server.Counters.Busy} connections too many)", 0).ConfigureAwait(false);
            return 0;
        }
        finally
        {
            foreach (PodHttpListener listener in listeners)
                await listener.DisposeAsync().ConfigureAwait(false);
        }

        // plugin/log's common format without the client, whom a server here does not tell.
        Task LogAsync(DnsMessage query, DnsMessage answer, int length, string protocol) => SayAsync(context, string.Create(CultureInfo.InvariantCulture,
            $"[INFO] {query.Id} \"{(query.Questions.IsEmpty ? "-" : $"{query.Questions[0].Type} IN {query.Questions[0].Name}")} {protocol} {query.Edns?.Size ?? DnsMessage.PlainSize}\" {answer.Code} {length}"), 0);
    }

    private static async Task ListenAsync(ProgramContext context, List<PodHttpListener> listeners, ushort port, string path, Func<bool> isGood)
    {
        if (port == 0 || context.Http is null)
            return;
        (SocketResult result, PodHttpListener? listener) = await context.Http.ListenAsync(context.Namespace, context.HostName, new Ipv4Endpoint(Ipv4Address.Any, port), http =>
        {
            bool isHere = http.Request.Path == path, good = isHere && isGood();
            http.Response.StatusCode = good ? StatusCodes.Status200OK : isHere ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status404NotFound;
            return http.Response.WriteAsync(good ? "OK" : isHere ? "kubernetes" : "404 page not found\n");
        }).ConfigureAwait(false);
        if (listener is null)
            throw new InvalidOperationException($"listen tcp :{port}: bind: {result.Describe().ToLowerInvariant()}");
        listeners.Add(listener);
    }

    private static async Task<int> SayAsync(ProgramContext context, string text, int code)
    {
        await context.Stdout.WriteAsync(text + "\n").ConfigureAwait(false);
        return code;
    }
}
