using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>What a write left behind.</summary>
/// <param name="Kind">The kind that was written; null: none.</param>
/// <param name="Revision">The object's revision after it; 0: not known.</param>
/// <param name="Name">The object's name, which the API may have made.</param>
public readonly record struct WriteOutcome(KindDescriptor? Kind, long Revision, string Name);

/// <summary>A write that a controller's step asks for.</summary>
public abstract record ApiWrite
{
    /// <summary>Failures (HTTP codes) behind which the step's other writes go on, because what is missing then is what was wanted.</summary>
    public IReadOnlyList<int> Tolerates { get; init; } = [];

    /// <summary>The event that tells of it when it is done; "{0}" in its message becomes the object's name.</summary>
    public EventWrite? Tells { get; init; }

    /// <summary>Whether it may be written side by side with those before and behind it of which that is true too.</summary>
    public bool IsIndependent { get; init; }

    /// <summary>The write in few words, for logs.</summary>
    public abstract string Summary { get; }

    /// <summary>Carries it out.</summary>
    /// <exception cref="Errors.ApiException">The API refuses it.</exception>
    public abstract ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel);

    private protected static long RevisionOf(IKubernetesObject<V1ObjectMeta> model) => long.Parse(model.Metadata.ResourceVersion, CultureInfo.InvariantCulture);
}

/// <summary>Makes an object.</summary>
/// <typeparam name="T">The model.</typeparam>
/// <param name="Model">The object.</param>
public sealed record CreateWrite<T>(T Model) : ApiWrite
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <inheritdoc/>
    public override string Summary => $"create {typeof(T).Name} {Model.Metadata.NamespaceProperty}/{Model.Metadata.Name ?? Model.Metadata.GenerateName}";

    /// <inheritdoc/>
    public override async ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel)
    {
        T made = await client.CreateAsync(Model, cancel).ConfigureAwait(false);
        return new WriteOutcome(client.Kinds.Of<T>(), RevisionOf(made), made.Metadata.Name);
    }
}

/// <summary>Replaces an object or what a subresource shows of it; the model's resourceVersion is the condition.</summary>
/// <typeparam name="T">The model.</typeparam>
/// <param name="Model">The new state.</param>
/// <param name="Subresource">Such as "status"; empty: the object itself.</param>
public sealed record UpdateWrite<T>(T Model, string Subresource = "") : ApiWrite
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <inheritdoc/>
    public override string Summary => $"update {typeof(T).Name} {Model.Metadata.NamespaceProperty}/{Model.Metadata.Name} {Subresource}";

    /// <inheritdoc/>
    public override async ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel)
    {
        T written = await client.UpdateAsync(Model, Subresource, cancel).ConfigureAwait(false);
        return new WriteOutcome(client.Kinds.Of<T>(), RevisionOf(written), written.Metadata.Name);
    }
}

/// <summary>Patches an object or what a subresource shows of it.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Space">The namespace; empty for kinds without.</param>
/// <param name="Name">The name.</param>
/// <param name="Form">The patch's form.</param>
/// <param name="Patch">The patch; metadata.uid and metadata.resourceVersion in it are conditions.</param>
/// <param name="Subresource">Such as "status"; empty: the object itself.</param>
public sealed record PatchWrite(KindDescriptor Kind, string Space, string Name, PatchForm Form, JsonNode Patch, string Subresource = "") : ApiWrite
{
    /// <inheritdoc/>
    public override string Summary => $"patch {Kind.Kind} {Space}/{Name} {Subresource}";

    /// <inheritdoc/>
    public override async ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel)
    {
        ApiObject written = await client.PatchAsync(Kind, Space, Name, new PatchRequest(Form, Patch), Subresource, cancel).ConfigureAwait(false);
        return new WriteOutcome(Kind, written.Revision, Name);
    }
}

/// <summary>Deletes an object, or begins to.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Space">The namespace; empty for kinds without.</param>
/// <param name="Name">The name.</param>
/// <param name="Options">How.</param>
public sealed record DeleteWrite(KindDescriptor Kind, string Space, string Name, DeleteOptions Options) : ApiWrite
{
    /// <inheritdoc/>
    public override string Summary => $"delete {Kind.Kind} {Space}/{Name}";

    /// <inheritdoc/>
    public override async ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel)
    {
        DeleteResult result = await client.DeleteAsync(Kind, Space, Name, Options, cancel).ConfigureAwait(false);
        return new WriteOutcome(Kind, result.Object.Revision, Name);
    }
}

/// <summary>Gives a pod its node.</summary>
/// <param name="Space">The namespace.</param>
/// <param name="Pod">The pod.</param>
/// <param name="Node">The node.</param>
public sealed record BindWrite(string Space, string Pod, string Node) : ApiWrite
{
    /// <inheritdoc/>
    public override string Summary => $"bind Pod {Space}/{Pod} to {Node}";

    /// <inheritdoc/>
    public override async ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel) =>
        new(client.Kinds.Of<V1Pod>(), await client.BindAsync(Space, Pod, Node, cancel).ConfigureAwait(false), Pod);
}

/// <summary>Tells of something in the events of an object; not a write whose failure matters.</summary>
/// <param name="Involved">The object.</param>
/// <param name="Type">"Normal" or "Warning".</param>
/// <param name="Reason">In one word, such as "Scheduled".</param>
/// <param name="Message">For people.</param>
public sealed record EventWrite(V1ObjectReference Involved, string Type, string Reason, string Message)
{
    /// <summary>An event of an object.</summary>
    /// <param name="about">The object.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="type">"Normal" or "Warning".</param>
    /// <param name="reason">In one word.</param>
    /// <param name="message">For people.</param>
    public static EventWrite Of(IKubernetesObject<V1ObjectMeta> about, KindDescriptor kind, string type, string reason, string message)
    {
        ArgumentNullException.ThrowIfNull(about);
        ArgumentNullException.ThrowIfNull(kind);
        return new EventWrite(
            new V1ObjectReference
            {
                Kind = kind.Kind,
                ApiVersion = kind.ApiVersion,
                Name = about.Metadata.Name,
                NamespaceProperty = about.Metadata.NamespaceProperty,
                Uid = about.Metadata.Uid,
                ResourceVersion = about.Metadata.ResourceVersion,
            },
            type,
            reason,
            message);
    }
}
