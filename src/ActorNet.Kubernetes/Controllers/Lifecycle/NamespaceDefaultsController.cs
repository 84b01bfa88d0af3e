using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Lifecycle;

/// <summary>
/// Puts into each Namespace what clients wait for: the ServiceAccount "default" and the ConfigMap kube-root-ca.crt (kubernetes
/// pkg/controller/serviceaccount/serviceaccounts_controller.go, pkg/controller/certificates/rootcacertpublisher/publisher.go).
/// </summary>
/// <param name="caches">What it sees.</param>
/// <param name="rootCertificate">The CA in PEM; empty: no ConfigMap.</param>
public sealed class NamespaceDefaultsController(ClusterCaches caches, string rootCertificate) : Controller
{
    private const string Account = "default", Certificate = "kube-root-ca.crt", File = "ca.crt";

    /// <inheritdoc/>
    public override string Name => "service-account-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.Namespaces.Changed += change => queue.Add(change.Latest.Metadata.Name);
        caches.ServiceAccounts.Changed += change =>
        {
            if (change.After is null && change.Latest.Metadata.Name == Account)
                queue.Add(change.Latest.Metadata.NamespaceProperty);
        };
        caches.ConfigMaps.Changed += change =>
        {
            if (change.Latest.Metadata.Name == Certificate)
                queue.Add(change.Latest.Metadata.NamespaceProperty);
        };
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        if (caches.Namespaces.Snapshot.Find("", key) is not { Metadata.DeletionTimestamp: null })
            return Step.Nothing;
        var writes = new List<ApiWrite>();
        if (caches.ServiceAccounts.Snapshot.Find(key, Account) is null)
            writes.Add(new CreateWrite<V1ServiceAccount>(new V1ServiceAccount { Metadata = new V1ObjectMeta { Name = Account, NamespaceProperty = key } }) { Tolerates = [409] });
        if (rootCertificate.Length > 0)
            Publish(key, writes);
        return new Step(writes);
    }

    private void Publish(string space, List<ApiWrite> writes)
    {
        V1ConfigMap? found = caches.ConfigMaps.Snapshot.Find(space, Certificate);
        if (found is null)
        {
            var made = new V1ConfigMap
            {
                Metadata = new V1ObjectMeta
                {
                    Name = Certificate,
                    NamespaceProperty = space,
                    Annotations = new Dictionary<string, string> { ["kubernetes.io/description"] = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters." },
                },
                Data = new Dictionary<string, string> { [File] = rootCertificate },
            };
            writes.Add(new CreateWrite<V1ConfigMap>(made) { Tolerates = [409] });
        }
        else if (found.Data is not { Count: 1 } || !found.Data.TryGetValue(File, out string? text) || text != rootCertificate)
        {
            V1ConfigMap changed = ModelCopy.Of(found);
            changed.Data = new Dictionary<string, string> { [File] = rootCertificate };
            writes.Add(new UpdateWrite<V1ConfigMap>(changed) { Tolerates = [404] });
        }
    }
}
