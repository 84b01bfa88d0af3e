using System.Globalization;
using System.Net.Sockets;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using k8s.Models;

namespace ActorNet.Node.Pods;

/// <summary>
/// Makes probes and hooks (kubernetes pkg/probe, pkg/kubelet/prober, pkg/kubelet/lifecycle/handlers.go). What goes over the network leaves from the
/// node's root namespace, as a kubelet's does: through cni0 and the veth pair to the pod's address.
/// </summary>
/// <param name="root">The door to the node's root namespace.</param>
/// <param name="time">Time limits.</param>
internal sealed class ProbeRunner(INamespaceExecutor root, TimeProvider time)
{
    // maxReadLength of pkg/probe: 10 KiB.
    private const int MostOutput = 10 << 10;

    /// <summary>Makes one attempt.</summary>
    /// <param name="probe">What to do.</param>
    /// <param name="container">The container, whose ports have names.</param>
    /// <param name="podIp">The pod's address.</param>
    /// <param name="place">Where commands run.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="ended">The container is gone.</param>
    public async Task<ProbeFinding> ProbeAsync(V1Probe probe, V1Container container, Ipv4Address podIp, NodeNamespace place, TimeSpan timeout, CancellationToken ended)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ended);
        if (probe.Exec is { } exec)
            return await ExecAsync([.. exec.Command ?? []], place, timeout, stop.Token).ConfigureAwait(false);
        if (probe.HttpGet is { } get)
            return await HttpAsync(get, container, podIp, stop.Token).ConfigureAwait(false);
        if (probe.TcpSocket is { } tcp)
            return await TcpAsync(tcp, container, podIp, stop.Token).ConfigureAwait(false);
        if (probe.Grpc is { } grpc)
            return await GrpcHealth.CheckAsync(root, new Ipv4Endpoint(podIp, (ushort)grpc.Port), grpc.Service ?? "", timeout, stop.Token).ConfigureAwait(false);
        return ProbeFinding.Passed();
    }

    /// <summary>Runs a hook.</summary>
    /// <param name="handler">What to do.</param>
    /// <param name="container">The container, whose ports have names.</param>
    /// <param name="podIp">The pod's address.</param>
    /// <param name="place">Where commands run.</param>
    /// <param name="ended">The container is gone.</param>
    /// <returns>Whether it went well.</returns>
    public async Task<bool> RunHookAsync(V1LifecycleHandler handler, V1Container container, Ipv4Address podIp, NodeNamespace place, CancellationToken ended)
    {
        if (handler.Exec is { } exec)
            return (await ExecAsync([.. exec.Command ?? []], place, Timeout.InfiniteTimeSpan, ended).ConfigureAwait(false)).Result == Kubernetes.Kubelet.Probes.ProbeResult.Success;
        if (handler.HttpGet is { } get)
            return (await HttpAsync(get, container, podIp, ended).ConfigureAwait(false)).Result == Kubernetes.Kubelet.Probes.ProbeResult.Success;
        if (handler.Sleep is { } sleep)
            await Task.Delay(TimeSpan.FromSeconds(sleep.Seconds), time, ended).ConfigureAwait(false);
        return true;
    }

    private static async Task<ProbeFinding> ExecAsync(string[] command, NodeNamespace place, TimeSpan timeout, CancellationToken stop)
    {
        var output = new BoundedText(MostOutput);
        Task<int> run = place.RunAsync(command, TextReader.Null, output, output, stop);
        try
        {
            int exit = await run.WaitAsync(stop).ConfigureAwait(false);
            return stop.IsCancellationRequested ? TimedOut() : exit == 0 ? ProbeFinding.Passed(output.ToString()) : ProbeFinding.Failed(output.ToString());
        }
        catch (OperationCanceledException)
        {
            return TimedOut();
        }

        ProbeFinding TimedOut() => ProbeFinding.Failed($"command timed out: \"{string.Join(' ', command)}\" timed out after {timeout.TotalSeconds:0}s");
    }

    private async Task<ProbeFinding> HttpAsync(V1HTTPGetAction get, V1Container container, Ipv4Address podIp, CancellationToken stop)
    {
        if (FindPort(get.Port, container) is not { } port)
            return ProbeFinding.Failed($"invalid port number: {get.Port.Value}");
        string host = string.IsNullOrEmpty(get.Host) ? podIp.ToString() : get.Host;
        string path = string.IsNullOrEmpty(get.Path) ? "/" : get.Path;
        string url = $"{(get.Scheme ?? "HTTP").ToLowerInvariant()}://{host}:{port}{(path[0] == '/' ? path : "/" + path)}";
        return await HttpGet.ProbeAsync(root, url, [.. get.HttpHeaders ?? []], stop).ConfigureAwait(false);
    }

    private async Task<ProbeFinding> TcpAsync(V1TCPSocketAction tcp, V1Container container, Ipv4Address podIp, CancellationToken stop)
    {
        Ipv4Address address = podIp;
        if (FindPort(tcp.Port, container) is not { } port)
            return ProbeFinding.Failed($"invalid port number: {tcp.Port.Value}");
        if (!string.IsNullOrEmpty(tcp.Host) && !Ipv4Address.TryParse(tcp.Host, out address))
            return ProbeFinding.Failed($"dial tcp: lookup {tcp.Host}: no such host");
        var remote = new Ipv4Endpoint(address, (ushort)port);
        try
        {
            TcpStream stream = await TcpConnector.OpenStreamAsync(root, remote, null, stop).ConfigureAwait(false);
            await stream.DisposeAsync().ConfigureAwait(false);
            return ProbeFinding.Passed();
        }
        catch (SocketException e)
        {
            return ProbeFinding.Failed(DialText(remote, e));
        }
        catch (OperationCanceledException)
        {
            return ProbeFinding.Failed($"dial tcp {remote}: i/o timeout");
        }
    }

    /// <summary>Go's words for a connection that was not made.</summary>
    /// <param name="remote">Where to.</param>
    /// <param name="error">Why.</param>
    internal static string DialText(object remote, SocketException error) => error.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => $"dial tcp {remote}: connect: connection refused",
        SocketError.HostUnreachable => $"dial tcp {remote}: connect: no route to host",
        SocketError.NetworkUnreachable => $"dial tcp {remote}: connect: network is unreachable",
        SocketError.TimedOut => $"dial tcp {remote}: connect: connection timed out",
        _ => $"dial tcp {remote}: {error.Message}",
    };

    // probe.ResolveContainerPort: a number, or the name of one of the container's ports.
    private static int? FindPort(IntOrString port, V1Container container)
    {
        int found = int.TryParse(port.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : (container.Ports ?? []).FirstOrDefault(p => p.Name == port.Value)?.ContainerPort ?? 0;
        return found is > 0 and <= ushort.MaxValue ? found : null;
    }
}
