using System.Net.WebSockets;
using ActorNet.ApiServer.Streaming;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Streaming;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace ActorNet.ApiServer.Kubelet;

/// <summary>
/// What a kubelet serves over HTTP: /containerLogs, /exec, /attach, /portForward, /pods and /healthz with the paths and queries of the real one
/// (kubernetes pkg/kubelet/server/server.go). Who may ask is the listener's matter.
/// </summary>
/// <param name="streams">The host's containers.</param>
/// <param name="sessions">Counts and bounds the streams.</param>
public sealed class KubeletEndpoint(IContainerStreams streams, StreamSessions sessions)
{
    /// <summary>Answers a request of a listener of its own; a refusal becomes text, as the kubelet's do.</summary>
    /// <param name="context">The request.</param>
    public async Task HandleAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await AnswerAsync(context, context.Request.Path.Value ?? "", context.Request.QueryString).ConfigureAwait(false);
        }
        catch (ApiException failure) when (!context.Response.HasStarted)
        {
            await Answers.RefuseAsync(context, failure).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away.
        }
    }

    /// <summary>Answers a request for one of the kubelet's paths.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">The kubelet's path.</param>
    /// <param name="query">The kubelet's query.</param>
    /// <exception cref="ApiException">A refusal; nothing was answered yet.</exception>
    internal Task AnswerAsync(HttpContext context, string path, QueryString query)
    {
        Dictionary<string, StringValues> options = QueryHelpers.ParseQuery(query.Value);
        string[] parts = path.Trim('/').Split('/');
        return (parts[0], parts.Length) switch
        {
            ("healthz", 1) => Answer.TextAsync(context, "ok"),
            ("pods", 1) => PodsAsync(context),
            ("containerLogs", 4) => LogsAsync(context, new ContainerAddress(parts[1], parts[2], parts[3]), options),
            ("exec", 4) => ExecAsync(context, new ContainerAddress(parts[1], parts[2], parts[3]), options),
            ("attach", 4) => AttachAsync(context, new ContainerAddress(parts[1], parts[2], parts[3]), options),
            ("portForward", 3) => PortForwardAsync(context, parts[1], parts[2], options),
            _ => throw new ApiException(StatusCodes.Status404NotFound, "NotFound", "404 page not found"),
        };
    }

    private async Task PodsAsync(HttpContext context)
    {
        var list = new V1PodList { ApiVersion = "v1", Kind = "PodList", Items = [.. await streams.ListPodsAsync(context.RequestAborted).ConfigureAwait(false)] };
        Answer.Begin(context, StatusCodes.Status200OK, "application/json");
        await context.Response.WriteAsync(KubernetesJson.Serialize(list), context.RequestAborted).ConfigureAwait(false);
    }

    private async Task LogsAsync(HttpContext context, ContainerAddress container, Dictionary<string, StringValues> options)
    {
        LogRequest request = LogOptions.Parse(options, sessions.Time.GetUtcNow());
        using StreamSession session = sessions.Begin(context, "logs");
        LogCopy copy = await streams.OpenLogAsync(container, request, session.Ended).ConfigureAwait(false);
        Answer.Begin(context, StatusCodes.Status200OK, "text/plain");
        if (request.Follow)
            await context.Response.Body.FlushAsync(session.Ended).ConfigureAwait(false);
        try
        {
            await copy(context.Response.Body, session.Ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (session.Ended.IsCancellationRequested)
        {
            // The reader left, or the host stops: the answer ends with what was sent.
            session.NoteDeserted();
        }
    }

    private async Task ExecAsync(HttpContext context, ContainerAddress container, Dictionary<string, StringValues> options)
    {
        CommandOptions wanted = CommandOptions.Parse(options);
        IReadOnlyList<string> command = [.. options.GetValueOrDefault("command").OfType<string>()];
        if (command.Count == 0)
            throw ApiErrors.BadRequest("you must specify at least one command for the container");
        using StreamSession session = sessions.Begin(context, "exec");
        IContainerProcess process = await streams.PrepareExecAsync(container, command, wanted.HasTerminal, session.Ended).ConfigureAwait(false);
        await RemoteCommand.RunAsync(context, process, wanted, session).ConfigureAwait(false);
    }

    private async Task AttachAsync(HttpContext context, ContainerAddress container, Dictionary<string, StringValues> options)
    {
        CommandOptions wanted = CommandOptions.Parse(options);
        using StreamSession session = sessions.Begin(context, "attach");
        IContainerProcess process = await streams.PrepareAttachAsync(container, session.Ended).ConfigureAwait(false);
        await RemoteCommand.RunAsync(context, process, wanted, session).ConfigureAwait(false);
    }

    private async Task PortForwardAsync(HttpContext context, string space, string pod, Dictionary<string, StringValues> options)
    {
        using StreamSession session = sessions.Begin(context, "portforward");
        var forward = new PortForward(streams, space, pod, session.Ended);
        if (WebSocketUpgrade.IsAsked(context.Request))
        {
            await ForwardOverWebSocketAsync(context, forward, options, session).ConfigureAwait(false);
            return;
        }

        if (!SpdyUpgrade.IsAsked(context.Request))
            throw ApiErrors.BadRequest("Upgrade request required");
        string protocol = SpdyUpgrade.Negotiate(context.Request, [PortForward.Protocol], PortForward.Protocol);
        Stream connection = await SpdyUpgrade.AcceptAsync(context, protocol).ConfigureAwait(false);
        await forward.RunAsync(connection).ConfigureAwait(false);
    }

    private static async Task ForwardOverWebSocketAsync(HttpContext context, PortForward forward, Dictionary<string, StringValues> options, StreamSession session)
    {
        IReadOnlyList<string> offered = WebSocketUpgrade.Offered(context.Request);
        if (offered.Contains(PortForward.TunnelProtocol))
        {
            WebSocket carrier = await WebSocketUpgrade.AcceptAsync(context, PortForward.TunnelProtocol).ConfigureAwait(false);
            var tunnel = new TunnelStream(carrier, session.Time);
            await using (tunnel.ConfigureAwait(false))
                await forward.RunAsync(tunnel).ConfigureAwait(false);
            return;
        }

        string protocol = PortChannels.Protocols.FirstOrDefault(offered.Contains)
            ?? throw ApiErrors.BadRequest($"unable to negotiate protocol: client supports [{string.Join(' ', offered)}], server supports [{PortForward.TunnelProtocol} {string.Join(' ', PortChannels.Protocols)}]");
        int[] ports = PortForward.ParsePorts(options.GetValueOrDefault("port"));
        using WebSocket socket = await WebSocketUpgrade.AcceptAsync(context, protocol).ConfigureAwait(false);
        using var channels = new PortChannels(forward, ports, protocol, session);
        await channels.RunAsync(socket).ConfigureAwait(false);
    }
}
