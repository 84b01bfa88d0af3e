using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Api.Views;

/// <summary>
/// What a path shows of an object and what a write through it changes: the object itself, its status, its scale. A patch works on what the
/// view shows; all of them end in one new object.
/// </summary>
public abstract class ObjectView
{
    /// <summary>The subresource's name; empty: the object itself.</summary>
    public abstract string Name { get; }

    /// <summary>True when a write through it is checked by the kind's rules.</summary>
    public virtual bool IsValidated => true;

    /// <summary>The type of the documents it takes.</summary>
    public virtual TypeSchema TypeOf(KindDescriptor kind) => kind.Type;

    /// <summary>The kind and apiVersion of the documents it takes.</summary>
    public virtual (string Kind, string ApiVersion) Speaks(KindDescriptor kind) => (kind.Kind, kind.ApiVersion);

    /// <summary>True when configurations can be applied through it.</summary>
    public virtual bool TakesApply => false;

    /// <summary>What a configuration that is applied through it says of the object itself.</summary>
    public virtual JsonObject Configured(KindDescriptor kind, JsonObject config) => config;

    /// <summary>What it shows of an object.</summary>
    public virtual JsonObject Show(KindDescriptor kind, JsonObject document) => document;

    /// <summary>The object as a write through the view leaves it.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="old">The object before; not to be changed.</param>
    /// <param name="body">What was written; the result may take parts of it.</param>
    public abstract JsonObject Change(KindDescriptor kind, JsonObject old, JsonObject body);

    /// <summary>The view of a subresource that a kind has.</summary>
    /// <exception cref="ApiException">It has none of this name: 404.</exception>
    public static ObjectView Of(KindDescriptor kind, string subresource) => subresource switch
    {
        "" => new WholeView(),
        "status" when kind.HasStatus => new StatusView(),
        "scale" when kind.ScaleSelector is not null => new ScaleView(),
        "finalize" when kind.Subresources.Any(each => each.Name == "finalize") => new FinalizeView(),
        "ephemeralcontainers" when kind.Kind == "Pod" => new EphemeralContainersView(),
        _ => throw ApiErrors.NoSuchResource(),
    };
}
