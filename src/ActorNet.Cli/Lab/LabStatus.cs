using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using k8s;
using k8s.Models;

namespace ActorNet.Cli.Lab;

/// <summary>A lab as `actornet status` shows it.</summary>
internal sealed record LabStatus
{
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(5);

    /// <summary>The lab's name.</summary>
    public required string Name { get; init; }

    /// <summary>Where the kubeconfig is.</summary>
    public required string Kubeconfig { get; init; }

    /// <summary>The hosts that were started.</summary>
    public required IReadOnlyList<LabHostStatus> Hosts { get; init; }

    /// <summary>The Nodes, as the API has them.</summary>
    public required IReadOnlyList<LabNodeStatus> Nodes { get; init; }

    /// <summary>The pods of all namespaces, as the API has them.</summary>
    public required IReadOnlyList<LabPodStatus> Pods { get; init; }

    /// <summary>Why Nodes and pods are not known, or null.</summary>
    public string? ApiError { get; init; }

    /// <summary>Asks the hosts and the API.</summary>
    /// <param name="directory">The lab.</param>
    /// <param name="record">Its record.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<LabStatus> AskAsync(LabDirectory directory, LabRecord record, CancellationToken ct)
    {
        LabHostStatus[] hosts = await Task.WhenAll(record.Hosts.Select(h => AskHostAsync(directory, h, ct))).ConfigureAwait(false);
        var status = new LabStatus { Name = record.Name, Kubeconfig = directory.Kubeconfig, Hosts = hosts, Nodes = [], Pods = [] };
        return hosts.FirstOrDefault(static h => h.IsAlive) is { } alive
            ? await AskApiAsync(status, Path.Combine(directory.StateOf(alive.Name), HostSecurity.KubeconfigName), ct).ConfigureAwait(false)
            : status with { ApiError = "no host runs" };
    }

    private static async Task<LabHostStatus> AskHostAsync(LabDirectory directory, LabHostRecord host, CancellationToken ct)
    {
        var status = new LabHostStatus(host.Name, host.Process.Id, host.At.Address, host.At.NodeIp, host.Process.IsAlive, null);
        if (!status.IsAlive)
            return status;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AnswerPatience);
        try
        {
            using HostClient client = HostClient.Find(directory.StateOf(host.Name))[0];
            return status with { Status = await client.GetAsync<HostStatus>("actornet/v1/status", limit.Token).ConfigureAwait(false) };
        }
        catch (Exception e) when (e is UsageException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // It starts, ends, or hangs: the table says that it is alive and gives nothing of what it would say.
            return status;
        }
    }

    // Any host's front answers for the cluster: the first that lives is asked.
    private static async Task<LabStatus> AskApiAsync(LabStatus status, string kubeconfig, CancellationToken ct)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AnswerPatience);
        try
        {
            using IKubernetes api = LabApi.Open(kubeconfig);
            V1NodeList nodes = await api.CoreV1.ListNodeAsync(cancellationToken: limit.Token).ConfigureAwait(false);
            V1PodList pods = await api.CoreV1.ListPodForAllNamespacesAsync(cancellationToken: limit.Token).ConfigureAwait(false);
            return status with { Nodes = [.. nodes.Items.Select(LabNodeStatus.Of)], Pods = [.. pods.Items.Select(LabPodStatus.Of)] };
        }
        catch (Exception e) when (e is HttpRequestException or k8s.Autorest.HttpOperationException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return status with { ApiError = e is OperationCanceledException ? $"no answer within {AnswerPatience.TotalSeconds} s" : e.Message };
        }
    }
}

/// <summary>A host of a lab.</summary>
/// <param name="Name">Node name.</param>
/// <param name="ProcessId">Process id.</param>
/// <param name="Address">Address of the underlay.</param>
/// <param name="NodeIp">The node's address.</param>
/// <param name="IsAlive">Whether that process still runs.</param>
/// <param name="Status">What it says of itself; null when it does not answer.</param>
internal sealed record LabHostStatus(string Name, int ProcessId, string Address, string NodeIp, bool IsAlive, HostStatus? Status);

/// <summary>A Node of a lab.</summary>
/// <param name="Name">Name.</param>
/// <param name="IsReady">Whether its condition Ready is True.</param>
/// <param name="InternalIp">Its InternalIP.</param>
/// <param name="PodCidr">Its pods' network.</param>
internal sealed record LabNodeStatus(string Name, bool IsReady, string? InternalIp, string? PodCidr)
{
    /// <summary>Reads a Node.</summary>
    /// <param name="node">The Node.</param>
    public static LabNodeStatus Of(V1Node node) => new(
        node.Metadata.Name, LabApi.IsReady(node), node.Status?.Addresses?.FirstOrDefault(static a => a.Type == "InternalIP")?.Address, node.Spec?.PodCIDR);
}

/// <summary>A pod of a lab.</summary>
/// <param name="Namespace">Namespace.</param>
/// <param name="Name">Name.</param>
/// <param name="Phase">Phase.</param>
/// <param name="PodIp">Address.</param>
/// <param name="Node">Node.</param>
internal sealed record LabPodStatus(string Namespace, string Name, string Phase, string? PodIp, string? Node)
{
    /// <summary>Reads a pod.</summary>
    /// <param name="pod">The pod.</param>
    public static LabPodStatus Of(V1Pod pod) => new(pod.Metadata.NamespaceProperty, pod.Metadata.Name, pod.Status?.Phase ?? "Unknown", pod.Status?.PodIP, pod.Spec?.NodeName);
}
