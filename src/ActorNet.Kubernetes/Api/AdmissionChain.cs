using System.Collections.Immutable;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api;

/// <summary>Several admissions, one after the other.</summary>
/// <param name="admissions">The admissions, in their order.</param>
public sealed class AdmissionChain(params ImmutableArray<IAdmission> admissions) : IAdmission
{
    /// <inheritdoc/>
    public async ValueTask<IDisposable?> AdmitAsync(KindDescriptor kind, JsonObject document, JsonObject? old, CancellationToken cancel)
    {
        Held? held = null;
        try
        {
            foreach (IAdmission each in admissions)
            {
                if (await each.AdmitAsync(kind, document, old, cancel).ConfigureAwait(false) is { } one)
                    held = new Held(one, held);
            }

            return held;
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    private sealed class Held(IDisposable one, Held? before) : IDisposable
    {
        public void Dispose()
        {
            one.Dispose();
            before?.Dispose();
        }
    }
}
