using System.Collections.Immutable;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Life;
using ActorNet.Kubernetes.KubeProxy.Health;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets.Kestrel;
using Akka.Actor;
using Akka.Event;
using k8s.Models;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Node.Actors;

/// <summary>
/// The HTTP ports of a node's kube-proxy in its root namespace: its own, and the health check port of each Service that a load balancer asks about.
/// Ports are opened and closed one step after the other; a request is answered from what was said last, without this actor.
/// </summary>
internal sealed class HealthPortsActor : UntypedActor
{
    private readonly NodeSettings _settings;
    private readonly NodeServices _services;
    private readonly IActorRef _kubelet;
    private readonly ActorExecutor _executor;
    private readonly DateTimeOffset _started;
    private readonly EventRecorder _recorder;
    private readonly CancellationTokenSource _stop = new();
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private Dictionary<string, Open> _open = new(StringComparer.Ordinal);
    private PodHttpListener? _own;
    private bool _isBusy;
    private bool _isAsked;
    private volatile Said _said;

    public HealthPortsActor(NodeSettings settings, NodeServices services, IActorRef root, IActorRef kubelet)
    {
        (_settings, _services, _kubelet) = (settings, services, kubelet);
        _executor = new ActorExecutor(root, _stop.Token);
        _recorder = new EventRecorder(settings.Name, "kube-proxy");
        _started = services.Time.GetUtcNow() - SinceStart;
        _said = new Said(new ProxyHealth(2 * settings.KubeProxy.SyncPeriod), ImmutableSortedDictionary<string, ServiceHealth>.Empty);
    }

    private TimeSpan SinceStart => TimeSpan.FromTicks(_services.Clock.Now.Nanoseconds / 100);

    /// <inheritdoc/>
    protected override void PreStart()
    {
        if (_settings.KubeProxy.HealthzPort != 0)
            Step();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Said said:
                bool portsChanged = !ReferenceEquals(said.Services, _said.Services);
                _said = said;
                if (portsChanged)
                    Step();
                break;
            case Stepped stepped:
                Finish(stepped);
                break;
            case Status.Failure failure:
                // The namespace is gone, and the node with it.
                if (failure.Cause is not (OperationCanceledException or ObjectDisposedException))
                    _log.Error(failure.Cause, "kube-proxy: a health port could not be opened or closed; the next change tries it again");
                _isBusy = false;
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop() => _stop.Cancel();

    private void Step()
    {
        _isAsked = true;
        if (_isBusy)
            return;
        (_isBusy, _isAsked) = (true, false);
        StepAsync(_said.Services, _open, _own).PipeTo(Self);
    }

    // What is closed is closed before anything is opened: a port may pass from one Service to another.
    private async Task<Stepped> StepAsync(ImmutableSortedDictionary<string, ServiceHealth> wanted, Dictionary<string, Open> open, PodHttpListener? own)
    {
        var refused = new List<Refusal>();
        if (own is null && _settings.KubeProxy.HealthzPort is > 0 and var port)
        {
            (SocketResult result, own) = await ListenAsync("kube-proxy", port, AnswerOwnAsync).ConfigureAwait(false);
            if (own is null)
                refused.Add(new Refusal(null, port, result));
        }

        var now = new Dictionary<string, Open>(StringComparer.Ordinal);
        foreach ((string key, Open old) in open)
        {
            if (wanted.TryGetValue(key, out ServiceHealth? same) && same.Port == old.Port)
                now[key] = old;
            else
                await old.Listener.DisposeAsync().ConfigureAwait(false);
        }

        foreach ((string key, ServiceHealth service) in wanted.Where(w => !now.ContainsKey(w.Key)))
        {
            (SocketResult result, PodHttpListener? listener) = await ListenAsync($"service {key}", service.Port, context => AnswerAsync(context, key)).ConfigureAwait(false);
            if (listener is null)
                refused.Add(new Refusal(service, service.Port, result));
            else
                now[key] = new Open(service.Port, listener);
        }

        return new Stepped(now, own, [.. refused]);
    }

    private Task<(SocketResult Result, PodHttpListener? Listener)> ListenAsync(string who, ushort port, RequestDelegate application) =>
        _services.Http.ListenAsync(_executor, who, new Ipv4Endpoint(Ipv4Address.Any, port), application);

    private void Finish(Stepped stepped)
    {
        (_open, _own, _isBusy) = (stepped.Open, stepped.Own, false);
        foreach (Refusal refusal in stepped.Refused)
            Tell(refusal);
        if (_isAsked)
            Step();
    }

    // In kube-proxy's words (service_health.go, SyncServices; proxy_health.go, Run). A Service's is tried again with the next change.
    private void Tell(Refusal refusal)
    {
        string bind = $"listen tcp 0.0.0.0:{refusal.Port}: bind: {refusal.Result.Describe()}";
        string node = _settings.Name;
        (V1ObjectReference about, string reason, string text) = refusal.Service is { } service
            ? (new V1ObjectReference { ApiVersion = "v1", Kind = "Service", Name = service.Name, NamespaceProperty = service.Namespace, Uid = service.Uid }, "FailedToStartServiceHealthcheck", $"node {node} failed to start healthcheck \"{service.Namespace}/{service.Name}\" on port {service.Port}: {bind}")
            : (new V1ObjectReference { ApiVersion = "v1", Kind = "Node", Name = node, Uid = node }, "FailedToStartProxierHealthcheck", $"failed to start proxy healthz on 0.0.0.0:{refusal.Port}: {bind}");
        _log.Error("kube-proxy: {0}", text);
        _kubelet.Tell(new KubeletProtocol.Raise(_recorder.Record(about, new PodEvent(true, reason, text, null), _services.Time.GetUtcNow())));
    }

    private Task AnswerOwnAsync(HttpContext context) => WriteAsync(context, HealthAnswer.OfProxy(context.Request.Path.Value, _said.Proxy, _started, SinceStart));

    // Of a Service that went while the request was on its way nothing is said, as Go does whose handler returns: 200 and no body.
    private Task AnswerAsync(HttpContext context, string service)
    {
        Said said = _said;
        return said.Services.TryGetValue(service, out ServiceHealth? health) ? WriteAsync(context, HealthAnswer.OfService(health, said.Proxy.IsHealthy(SinceStart))) : Task.CompletedTask;
    }

    private static Task WriteAsync(HttpContext context, HealthAnswer answer)
    {
        HttpResponse response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        response.Headers.XContentTypeOptions = "nosniff";
        if (answer.Weight is { } weight)
            response.Headers["X-Load-Balancing-Endpoint-Weight"] = weight.ToString(System.Globalization.CultureInfo.InvariantCulture);
        byte[] body = System.Text.Encoding.UTF8.GetBytes(answer.Body);
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>What is to be answered from now on.</summary>
    /// <param name="Proxy">How the proxy is.</param>
    /// <param name="Services">What is said of Services, whose ports are open; by namespace/name.</param>
    internal sealed record Said(ProxyHealth Proxy, ImmutableSortedDictionary<string, ServiceHealth> Services) : INoSerializationVerificationNeeded;

    private sealed record Open(ushort Port, PodHttpListener Listener);

    private sealed record Refusal(ServiceHealth? Service, ushort Port, SocketResult Result);

    private sealed record Stepped(Dictionary<string, Open> Open, PodHttpListener? Own, ImmutableArray<Refusal> Refused) : INoSerializationVerificationNeeded;
}
