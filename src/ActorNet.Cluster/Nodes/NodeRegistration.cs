using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using k8s.Models;

namespace ActorNet.Cluster.Nodes;

/// <summary>A Node cannot be registered; trying again does not help.</summary>
/// <param name="message">For the user.</param>
public sealed class NodeRefusedException(string message) : Exception(message);

/// <summary>
/// Puts Nodes into the API as a kubelet does (kubernetes pkg/kubelet/kubelet_node_status.go, tryRegisterWithAPIServer): create, or bring the
/// one that is there up to date. Waits for as long as the API is away.
/// </summary>
/// <param name="client">The API.</param>
public sealed class NodeRegistration(IApiClient client)
{
    /// <summary>Which host runs the node; no other may register it.</summary>
    public const string HostAnnotation = "actornet.io/host";

    /// <summary>Registers a Node.</summary>
    /// <param name="node">The Node; spec.podCIDR is kept when given.</param>
    /// <param name="host">The host that runs it; null for a node that somebody else runs, such as a kernel peer.</param>
    /// <param name="cancel">Gives up waiting; the registration may still happen.</param>
    /// <returns>The Node with spec.podCIDR.</returns>
    /// <exception cref="NodeRefusedException">It is refused; the message says why and what to do.</exception>
    public async Task<V1Node> RegisterAsync(V1Node node, string? host, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (host is not null)
        {
            node.Metadata.Annotations ??= new Dictionary<string, string>();
            node.Metadata.Annotations[HostAnnotation] = host;
        }
        try
        {
            while (true)
            {
                if (await CreateAsync(node, cancel).ConfigureAwait(false) is { } created)
                    return created;
                if (await client.FindAsync<V1Node>("", node.Metadata.Name, cancel).ConfigureAwait(false) is { } there)
                    return await UpdateAsync(node, there, cancel).ConfigureAwait(false);
                // It was deleted between the two.
            }
        }
        catch (ApiException e) when (e.Code is >= 400 and < 500)
        {
            throw new NodeRefusedException(e.Message);
        }
    }

    /// <summary>Deletes a Node; one that is gone already is as good.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancel">Gives up waiting; the deletion may still happen.</param>
    public async Task DeleteAsync(string name, CancellationToken cancel)
    {
        try
        {
            await client.DeleteAsync<V1Node>("", name, cancel: cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Gone.
        }
    }

    /// <summary>
    /// Says that a node's host stops: no Service leads to its pods from now on. The condition is that of a kubelet whose machine is shut down
    /// (kubernetes pkg/kubelet/nodestatus/setters.go, ReadyCondition, and pkg/kubelet/nodeshutdown).
    /// </summary>
    /// <param name="name">The node's name.</param>
    /// <param name="now">When.</param>
    /// <param name="cancel">Gives up; the Node's silence says the same later.</param>
    public async Task StopsAsync(string name, DateTimeOffset now, CancellationToken cancel)
    {
        string time = ScalarReader.Time(now);
        var ready = new JsonObject
        {
            ["type"] = "Ready",
            ["status"] = "False",
            ["reason"] = "KubeletNotReady",
            ["message"] = "node is shutting down",
            ["lastHeartbeatTime"] = time,
            ["lastTransitionTime"] = time,
        };
        try
        {
            var status = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(ready) } };
            await client.PatchAsync<V1Node>("", name, Kubernetes.Api.PatchForm.Strategic, status, "status", cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Somebody deleted it: there is nothing to say.
        }
    }

    private async Task<V1Node?> CreateAsync(V1Node node, CancellationToken cancel)
    {
        string? version = node.Metadata.ResourceVersion;
        node.Metadata.ResourceVersion = null;
        try
        {
            return await client.CreateAsync(node, cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Reason == "AlreadyExists")
        {
            return null;
        }
        finally
        {
            node.Metadata.ResourceVersion = version;
        }
    }

    private async Task<V1Node> UpdateAsync(V1Node node, V1Node there, CancellationToken cancel)
    {
        string name = node.Metadata.Name;
        string host = HostOf(node), other = HostOf(there);
        if (host.Length > 0 && other.Length > 0 && other != host)
            throw new NodeRefusedException($"Node '{name}' is run by host '{other}' already: give this node another name.");
        if (node.Spec?.PodCIDR is { Length: > 0 } asked && there.Spec?.PodCIDR is { Length: > 0 } has && asked != has)
            throw new NodeRefusedException($"spec.podCIDR of node '{name}' is {has} and cannot become {asked}: delete the node first.");
        JsonObject document = node.ToDocument();
        var change = new JsonObject { ["metadata"] = Only(document["metadata"], "labels", "annotations"), ["spec"] = Only(document["spec"], "podCIDR", "podCIDRs") };
        V1Node updated = await client.PatchAsync<V1Node>("", name, Kubernetes.Api.PatchForm.Merge, change, cancel: cancel).ConfigureAwait(false);
        if (document["status"] is not JsonObject { Count: > 0 } status)
            return updated;
        return await client.PatchAsync<V1Node>("", name, Kubernetes.Api.PatchForm.Strategic, new JsonObject { ["status"] = status.DeepClone() }, "status", cancel).ConfigureAwait(false);
    }

    private static string HostOf(V1Node node) => node.Metadata.Annotations is { } all && all.TryGetValue(HostAnnotation, out string? host) ? host : "";

    private static JsonObject Only(JsonNode? from, params ReadOnlySpan<string> names)
    {
        var only = new JsonObject();
        foreach (string name in names)
        {
            if (from?[name] is { } value)
                only[name] = value.DeepClone();
        }
        return only;
    }
}
