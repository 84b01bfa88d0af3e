using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Cluster.Api;

/// <summary>
/// What is there from the start (kubernetes pkg/controlplane/controller/systemnamespaces and kubernetesservice): the system's namespaces,
/// the Service of the API itself, with the first address of the range, and the roles of <see cref="BootstrapPolicy"/>.
/// </summary>
public static class BootstrapObjects
{
    private static readonly string[] Namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

    /// <summary>Makes what is missing.</summary>
    /// <param name="api">The API.</param>
    /// <param name="serviceAddress">The clusterIP of the Service kubernetes, as 10.96.0.1.</param>
    /// <param name="apiPort">The port at which the API is reached behind it.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task EnsureAsync(KubernetesApi api, string serviceAddress, int apiPort, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(api);
        KindDescriptor space = api.Kinds.Of("", "Namespace");
        foreach (string name in Namespaces)
            await EnsureAsync(api, space, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, cancel).ConfigureAwait(false);
        var service = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "kubernetes", ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" } },
            ["spec"] = new JsonObject
            {
                ["clusterIP"] = serviceAddress,
                // Every node answers the API itself: nobody has to leave its own (KubernetesServiceController).
                ["internalTrafficPolicy"] = "Local",
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = 443, ["protocol"] = "TCP", ["targetPort"] = apiPort }),
            },
        };
        await EnsureAsync(api, api.Kinds.Of("", "Service"), "default", service, cancel).ConfigureAwait(false);
        foreach ((string kind, JsonObject document) in BootstrapPolicy.Objects())
            await EnsureAsync(api, api.Kinds.Of(RbacPolicy.Group, kind), "", document, cancel).ConfigureAwait(false);
    }

    private static async Task EnsureAsync(KubernetesApi api, KindDescriptor kind, string space, JsonObject document, CancellationToken cancel)
    {
        document["kind"] = kind.Kind;
        document["apiVersion"] = kind.ApiVersion;
        try
        {
            await api.CreateAsync(kind, space, document, WriteOptions.Plain, cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Reason == "AlreadyExists")
        {
            // Kept from before.
        }
    }
}
