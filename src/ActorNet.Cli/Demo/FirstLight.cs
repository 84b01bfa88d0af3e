using ActorNet.Cli.Lab;
using k8s;
using k8s.Models;

namespace ActorNet.Cli.Demo;

/// <summary>The scenario of the demo: scenarios/first-light, a client on one node and a Service whose servers are on others.</summary>
/// <param name="api">The API.</param>
internal sealed class FirstLight(IKubernetes api)
{
    /// <summary>The namespace of everything in it.</summary>
    public const string Namespace = "first-light";

    /// <summary>Where its manifests are.</summary>
    public const string Folder = "scenarios/first-light";

    private const string ClientName = "client", ServiceName = "web";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The client, as exec names it.</summary>
    public static string ClientTarget => $"pod/{Namespace}/{ClientName}";

    /// <summary>The pods, once they are Ready.</summary>
    public IReadOnlyList<V1Pod> Pods { get; private set; } = [];

    /// <summary>The Service, once it is there.</summary>
    public V1Service Service { get; private set; } = new();

    /// <summary>The client.</summary>
    public V1Pod Client => Pods.First(static p => p.Metadata.Name == ClientName);

    /// <summary>Applies the manifests.</summary>
    /// <param name="output">Gets a line for each object.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">They are not there, or refused.</exception>
    public async Task ApplyAsync(TextWriter output, CancellationToken ct)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, Folder);
        if (!Directory.Exists(folder))
            throw new UsageException($"{Folder} is not beside the executable ({AppContext.BaseDirectory}): build the project again.");
        var applier = new ManifestApplier(api);
        foreach (string file in Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal))
        {
            foreach (string created in await applier.CreateAsync(file, ct).ConfigureAwait(false))
                await output.WriteLineAsync($"  {created} created").ConfigureAwait(false);
        }
    }

    /// <summary>Waits until all pods are Ready and the Service has an endpoint for each server.</summary>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">They do not become so.</exception>
    public async Task ReadyAsync(CancellationToken ct)
    {
        V1Deployment web = await api.AppsV1.ReadNamespacedDeploymentAsync(ServiceName, Namespace, cancellationToken: ct).ConfigureAwait(false);
        int servers = web.Spec.Replicas ?? 1;
        V1PodList pods = await LabApi.UntilAsync(
            limit => api.CoreV1.ListNamespacedPodAsync(Namespace, cancellationToken: limit),
            list => list.Items.Count == servers + 1 && list.Items.All(IsReady), Patience, $"{servers + 1} pods Ready in {Namespace}", ct).ConfigureAwait(false);
        Pods = [.. pods.Items.OrderBy(static p => p.Metadata.Name, StringComparer.Ordinal)];
        Service = await api.CoreV1.ReadNamespacedServiceAsync(ServiceName, Namespace, cancellationToken: ct).ConfigureAwait(false);
        await LabApi.UntilAsync(
            limit => api.DiscoveryV1.ListNamespacedEndpointSliceAsync(Namespace, cancellationToken: limit),
            list => list.Items.SelectMany(static s => s.Endpoints ?? []).Count(static e => e.Conditions?.Ready == true) == servers,
            Patience, $"{servers} endpoints of service {ServiceName}", ct).ConfigureAwait(false);
    }

    private static bool IsReady(V1Pod pod) => pod.Status?.Conditions?.Any(static c => c is { Type: "Ready", Status: "True" }) == true;
}
