using k8s;
using k8s.Models;

namespace ActorNet.Cli.Demo;

/// <summary>Creates what manifests say through the Kubernetes API, as any client does.</summary>
/// <param name="api">The API.</param>
internal sealed class ManifestApplier(IKubernetes api)
{
    /// <summary>Creates the objects of a manifest, in their order.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>The objects, as namespace/first-light.</returns>
    /// <exception cref="UsageException">It holds an object of another kind, or the API refuses one.</exception>
    public async Task<IReadOnlyList<string>> CreateAsync(string path, CancellationToken ct)
    {
        var created = new List<string>();
        foreach (object manifest in KubernetesYaml.LoadAllFromString(await File.ReadAllTextAsync(path, ct).ConfigureAwait(false)))
        {
            try
            {
                created.Add(await CreateAsync(manifest, ct).ConfigureAwait(false));
            }
            catch (k8s.Autorest.HttpOperationException e)
            {
                throw new UsageException($"{path}: the API server refused it: {e.Response.Content}");
            }
        }

        return created;
    }

    private async Task<string> CreateAsync(object manifest, CancellationToken ct)
    {
        switch (manifest)
        {
            case V1Namespace space:
                return $"namespace/{(await api.CoreV1.CreateNamespaceAsync(space, cancellationToken: ct).ConfigureAwait(false)).Metadata.Name}";
            case V1Deployment deployment:
                return $"deployment.apps/{(await api.AppsV1.CreateNamespacedDeploymentAsync(deployment, SpaceOf(deployment), cancellationToken: ct).ConfigureAwait(false)).Metadata.Name}";
            case V1Service service:
                return $"service/{(await api.CoreV1.CreateNamespacedServiceAsync(service, SpaceOf(service), cancellationToken: ct).ConfigureAwait(false)).Metadata.Name}";
            case V1Pod pod:
                return $"pod/{(await api.CoreV1.CreateNamespacedPodAsync(pod, SpaceOf(pod), cancellationToken: ct).ConfigureAwait(false)).Metadata.Name}";
            default:
                throw new UsageException($"{manifest.GetType().Name}: the demo's manifests hold Namespaces, Deployments, Services and Pods.");
        }
    }

    private static string SpaceOf(IKubernetesObject<V1ObjectMeta> manifest) => manifest.Metadata.NamespaceProperty ?? "default";
}
