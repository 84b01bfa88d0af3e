using System.Collections.Immutable;
using System.Text.Json.Nodes;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Membership;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using k8s.Models;

namespace ActorNet.Cli.Host;

/// <summary>An order to leave the cluster for good.</summary>
/// <param name="Force">Leave whatever stands against it.</param>
/// <param name="Seconds">How long the host's pods may take to end.</param>
public sealed record LeaveOrder(bool Force, int Seconds);

/// <summary>A host has left.</summary>
/// <param name="Node">Its node's name.</param>
/// <param name="Said">What became of it, a line each.</param>
public sealed record LeaveReport(string Node, IReadOnlyList<string> Said);

/// <summary>
/// Takes this host out of its cluster for good, as `kubectl drain --ignore-daemonsets --delete-emptydir-data --force`, `kubectl delete node` and `kubeadm reset`
/// do one after the other. A host that only stops keeps its Node, its pods and its disk in the store, and comes back to them.
/// </summary>
/// <param name="options">The host's options.</param>
/// <param name="cluster">The cluster.</param>
/// <param name="certificates">The host's certificates.</param>
/// <param name="time">The clock.</param>
internal sealed class HostDeparture(HostOptions options, ClusterNodes cluster, HostCertificates certificates, TimeProvider time)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200), StepLimit = TimeSpan.FromSeconds(20);

    private readonly IApiClient _api = cluster.Api.Client("actornet");
    private int _isLeaving;

    /// <summary>Whether the host has left: it stops then, and what it kept goes.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>Leaves.</summary>
    /// <param name="order">How.</param>
    /// <param name="ct">Gives up; the node stays cordoned then.</param>
    /// <exception cref="UsageException">Something stands against it; the host goes on.</exception>
    public async Task<LeaveReport> LeaveAsync(LeaveOrder order, CancellationToken ct)
    {
        if (Interlocked.Exchange(ref _isLeaving, 1) != 0)
            throw new UsageException($"host {options.Name} is about to leave already.");
        try
        {
            var said = new List<string>();
            ImmutableArray<string> problems = [.. await ProblemsAsync(said, ct).ConfigureAwait(false)];
            if (problems.Length > 0 && !order.Force)
                throw new UsageException($"host {options.Name} stays; nothing was changed.\n{string.Join('\n', problems.Select(static each => $"  {each}."))}\n  `actornet leave --force` leaves all the same.");
            said.AddRange(problems.Select(static each => $"although {each}"));
            if (Others().Any())
                await DrainAsync(order, said, ct).ConfigureAwait(false);
            await StepAsync(order, said, "its Node could not be deleted", limit => cluster.DeleteAsync(options.Name, limit), ct).ConfigureAwait(false);
            cluster.LeavesForGood();
            await LeaveStoreAsync(order, said, ct).ConfigureAwait(false);
            HasLeft = true;
            return new LeaveReport(options.Name, said);
        }
        finally
        {
            if (!HasLeft)
                cluster.Store?.Stay();
            Volatile.Write(ref _isLeaving, 0);
        }
    }

    private IEnumerable<ControlMember> Others() => cluster.Status.Members.Where(member => member.Name != options.Name);

    // The API may be here, and reads this host's copy: it is the last thing to go.
    private async Task LeaveStoreAsync(LeaveOrder order, List<string> said, CancellationToken ct)
    {
        if (cluster.Store is not { } store || await store.LeaveAsync(ct).ConfigureAwait(false))
            return;
        string other = $"the other host that has the cluster's objects did not take this one's disk ({store.Status.Member}) out of the store, and could not go on alone";
        if (!order.Force)
            throw new UsageException($"host {options.Name} stays, without its Node: {other}. Start that one, and then this one again to have the Node back, or leave with --force.");
        said.Add($"although {other}");
    }

    private async Task<IEnumerable<string>> ProblemsAsync(List<string> said, CancellationToken ct)
    {
        ClusterStatus status = cluster.Status;
        if (status.State != "up")
            return [$"it is cut off from its cluster now (control state: {status.State}), so that nobody would hear that it leaves. Wait until it is back"];
        string[] reachable = [.. Others().Where(static member => member.IsReachable).Select(static member => member.Name)];
        if (reachable.Length == 0)
            return ["no other host is left, so the cluster would end with it, with all of its objects"];
        var problems = new List<string>();
        string? heir = cluster.Store is { } store ? await store.HandOverAsync(ct).ConfigureAwait(false) : null;
        if (heir is not null)
            said.Add($"{heir} has the cluster's objects now");
        if (cluster.Store?.WhyNotLeave(reachable) is { } kept)
            problems.Add(kept);
        if (certificates.CanSign && !await HasAnotherKeyAsync(heir is not null, ct).ConfigureAwait(false))
            problems.Add($"it alone has the key of the cluster's authority, so that nobody new could join. Copy ca.crt and ca.key from {certificates.Files.Directory} to the pki directory of another host, and start that one again");
        return problems;
    }

    // Who has just got the objects asks for the key within seconds.
    private async Task<bool> HasAnotherKeyAsync(bool isOnItsWay, CancellationToken ct)
    {
        long asked = time.GetTimestamp();
        while ((await cluster.OtherSignersAsync(ct).ConfigureAwait(false)).IsEmpty)
        {
            if (!isOnItsWay || time.GetElapsedTime(asked) > StepLimit)
                return false;
            await Task.Delay(LookAgain, time, ct).ConfigureAwait(false);
        }

        return true;
    }

    private async Task DrainAsync(LeaveOrder order, List<string> said, CancellationToken ct)
    {
        await StepAsync(order, said, "its Node could not be cordoned", async limit => await _api.PatchAsync<V1Node>(
            "", options.Name, PatchForm.Merge, new JsonObject { ["spec"] = new JsonObject { ["unschedulable"] = true } }, cancel: limit).ConfigureAwait(false), ct).ConfigureAwait(false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(order.Seconds));
        V1Pod[] left = Pods();
        said.AddRange(left.Select(static pod => $"pod {pod.Metadata.NamespaceProperty}/{pod.Metadata.Name} evicted"));
        try
        {
            for (; left.Length > 0; left = Pods())
            {
                foreach (V1Pod pod in left.Where(static pod => pod.Metadata.DeletionTimestamp is null))
                    await DeleteAsync(pod, limit.Token).ConfigureAwait(false);
                await Task.Delay(LookAgain, time, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            string still = string.Join(", ", left.Select(static pod => $"{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}"));
            if (!order.Force)
                throw new UsageException($"host {options.Name} stays, and its node is cordoned: {still} did not end within {order.Seconds} s. Give more time with --timeout, leave with --force, or take it back with `kubectl uncordon {options.Name}`.");
            said.Add($"although {still} did not end within {order.Seconds} s");
        }
    }

    // A DaemonSet's pods would only be made again; they go with the Node.
    private V1Pod[] Pods() => [.. cluster.Pods.Bound.Where(static pod => pod.Metadata.OwnerReferences?.Any(static owner => owner is { Kind: "DaemonSet", Controller: true }) != true)];

    private async Task DeleteAsync(V1Pod pod, CancellationToken ct)
    {
        try
        {
            await _api.DeleteAsync<V1Pod>(pod.Metadata.NamespaceProperty, pod.Metadata.Name, new DeleteOptions(null, Uid: pod.Metadata.Uid), ct).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // Gone, or another one of that name by now.
        }
    }

    private async Task StepAsync(LeaveOrder order, List<string> said, string failure, Func<CancellationToken, Task> step, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(StepLimit);
        try
        {
            await step(limit.Token).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Somebody deleted the Node before.
        }
        catch (Exception e) when (e is ApiException or UsageException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            string why = e is OperationCanceledException ? $"the API did not answer within {StepLimit.TotalSeconds:0} s" : e.Message;
            if (!order.Force)
                throw new UsageException($"host {options.Name} stays: {failure}: {why}. Try again when `actornet status` shows where the API is, or leave with --force.");
            said.Add($"although {failure}: {why}");
        }
    }
}
