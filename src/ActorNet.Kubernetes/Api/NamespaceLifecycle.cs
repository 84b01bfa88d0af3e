using System.Collections.Concurrent;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api;

/// <summary>
/// Admission NamespaceLifecycle (apiserver pkg/admission/plugin/namespace/lifecycle): nothing new comes into a namespace that is absent or being deleted. Upstream
/// asks an informer's cache, and the store itself for what that does not have. Here what was read once is remembered with its revision, and the write itself is
/// made on the condition that this revision still stands: so a memory that is out of date lets nothing in, and a create asks the store once.
/// </summary>
/// <param name="reader">Reads the store.</param>
/// <param name="namespaces">The kind Namespace.</param>
internal sealed class NamespaceLifecycle(ObjectReader reader, KindDescriptor namespaces)
{
    // Namespaces that were deleted are forgotten when somebody asks for them, or with all others when there are so many.
    private const int MaxSeen = 10_000;

    private readonly ConcurrentDictionary<string, Comparison> _seen = new(StringComparer.Ordinal);

    /// <summary>Checks that something new may come into a namespace.</summary>
    /// <param name="kind">Of what kind.</param>
    /// <param name="space">The namespace.</param>
    /// <param name="name">The name of what comes, for messages.</param>
    /// <param name="isFresh">Whether the store is to be asked in any case.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The condition under which it may.</returns>
    /// <exception cref="ApiException">404: there is no such namespace; 403: it is being deleted.</exception>
    public ValueTask<Comparison> CheckAsync(KindDescriptor kind, string space, string name, bool isFresh, CancellationToken cancel) =>
        !isFresh && _seen.TryGetValue(space, out Comparison? unchanged) ? new ValueTask<Comparison>(unchanged) : LookAsync(kind, space, name, cancel);

    /// <summary>Forgets a namespace, as the condition did not hold.</summary>
    public void Forget(string space) => _seen.TryRemove(space, out _);

    private async ValueTask<Comparison> LookAsync(KindDescriptor kind, string space, string name, CancellationToken cancel)
    {
        _seen.TryRemove(space, out _);
        ApiObject found = await reader.FindAsync(namespaces, "", space, cancel).ConfigureAwait(false) ?? throw ApiErrors.NotFound(namespaces.Resource, space);
        if (found.Document.Text("metadata.deletionTimestamp").Length > 0)
        {
            throw ApiErrors.Forbidden(kind.Resource, name, $"unable to create new content in namespace {space} because it is being terminated",
                new StatusCause("NamespaceTerminating", $"namespace {space} is being terminated", "metadata.namespace"));
        }

        if (_seen.Count >= MaxSeen)
            _seen.Clear();
        return _seen[space] = Comparison.Unchanged(StoreKeys.Of(namespaces, "", space), found.Revision);
    }
}
