using System.Collections.Immutable;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Streaming;
using ActorNet.Workloads.Logs;
using k8s.Models;

namespace ActorNet.Node;

/// <summary>The streams of this process's pods.</summary>
/// <param name="node">The node.</param>
public sealed class NodeContainerStreams(NodeHost node) : IContainerStreams
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<V1Pod>> ListPodsAsync(CancellationToken cancel)
    {
        ImmutableArray<(V1Pod Pod, V1PodStatus? Status)> pods = await node.ListApiPodsAsync(cancel).ConfigureAwait(false);
        return [.. pods.Select(static p => new V1Pod { ApiVersion = "v1", Kind = "Pod", Metadata = p.Pod.Metadata, Spec = p.Pod.Spec, Status = p.Status ?? p.Pod.Status })];
    }

    /// <inheritdoc/>
    public async Task<LogCopy> OpenLogAsync(ContainerAddress container, LogRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        ContainerLog log;
        try
        {
            log = (await node.FindLogAsync(NameOf(container.Namespace, container.Pod), container.Container, cancel, request.Previous).ConfigureAwait(false) ?? throw NoPod(container.Pod)).Log!;
        }
        catch (NodeRefusedException)
        {
            throw NoContainer(container);
        }

        var options = new ContainerLogOptions
        {
            TailLines = request.TailLines,
            Since = request.Since,
            Timestamps = request.Timestamps,
            Follow = request.Follow,
            LimitBytes = request.LimitBytes,
        };
        return (output, stop) => log.CopyToAsync(output, options, stop);
    }

    /// <inheritdoc/>
    public async Task<IContainerProcess> PrepareExecAsync(ContainerAddress container, IReadOnlyList<string> command, bool hasTerminal, CancellationToken cancel) =>
        new ExecProcess(await FindAsync(container, cancel).ConfigureAwait(false), command, hasTerminal);

    /// <inheritdoc/>
    public async Task<IContainerProcess> PrepareAttachAsync(ContainerAddress container, CancellationToken cancel)
    {
        NodeNamespace found = await FindAsync(container, cancel).ConfigureAwait(false);
        return new AttachedProcess(found.Console ?? throw NotRunning(container));
    }

    /// <inheritdoc/>
    public async Task<IPodConnection> ConnectAsync(string space, string pod, int port, CancellationToken cancel)
    {
        NodeNamespace found = await node.FindAsync($"pod/{NameOf(space, pod)}", cancel).ConfigureAwait(false) ?? throw NoPod(pod);
        return new PodConnection(await found.ConnectAsync(Packets.Ipv4Address.Loopback, port, cancel).ConfigureAwait(false));
    }

    private async Task<NodeNamespace> FindAsync(ContainerAddress container, CancellationToken cancel)
    {
        NodeNamespace found;
        try
        {
            found = await node.FindAsync($"pod/{NameOf(container.Namespace, container.Pod)}", container.Container, cancel).ConfigureAwait(false) ?? throw NoPod(container.Pod);
        }
        catch (NodeRefusedException)
        {
            throw NotRunning(container);
        }

        return found.Console is null ? throw NotRunning(container) : found;
    }

    // kubernetes pkg/kubelet/server/server.go, getContainerLogs and getExec.
    private static ApiException NoPod(string pod) => new(404, "NotFound", $"pod \"{pod}\" not found");

    private static ApiException NoContainer(ContainerAddress container) => new(404, "NotFound", $"container \"{container.Container}\" not found in pod \"{container.Pod}\"");

    private static ApiException NotRunning(ContainerAddress container) => new(500, "InternalError", $"container not found (\"{container.Container}\")");

    private static string NameOf(string ns, string pod) => $"{ns}/{pod}";
}
