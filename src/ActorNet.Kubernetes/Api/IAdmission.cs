using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api;

/// <summary>Looks at a write that the kind's own rules let through, as upstream's admission plugins do: it may complete the object or refuse it. From any thread.</summary>
public interface IAdmission
{
    /// <summary>Looks at an object before it is written.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="document">The object as it will be written; it may be changed.</param>
    /// <param name="old">The object before; null: it is new.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>What is held until the write was made or failed; null: nothing.</returns>
    /// <exception cref="Errors.ApiException">It is refused.</exception>
    ValueTask<IDisposable?> AdmitAsync(KindDescriptor kind, JsonObject document, JsonObject? old, CancellationToken cancel);
}
