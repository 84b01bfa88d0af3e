using ActorNet.Kubernetes.Kinds.Reviews;

namespace ActorNet.Kubernetes.Authorization;

/// <summary>What somebody wants to do (apiserver pkg/authorization/authorizer, Attributes).</summary>
/// <param name="User">Who.</param>
/// <param name="Verb">Such as "list"; for paths that are no resource the method in lower case.</param>
public sealed record AccessRequest(UserInfo User, string Verb)
{
    /// <summary>True for a resource, false for another path.</summary>
    public bool IsResource => Path.Length == 0;

    /// <summary>The API group; empty: core.</summary>
    public string Group { get; init; } = "";

    /// <summary>The resource, such as "pods".</summary>
    public string Resource { get; init; } = "";

    /// <summary>Its part, such as "log"; empty: the object itself.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>The namespace; empty: none, or all.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The object; empty: none in particular.</summary>
    public string Name { get; init; } = "";

    /// <summary>The path, where it is no resource.</summary>
    public string Path { get; init; } = "";

    /// <summary>The resource with its part, as rules name them: "pods/log".</summary>
    public string Combined => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";

    /// <summary>The sentence of a refusal (apiserver pkg/endpoints/handlers/responsewriters/errors.go, forbiddenMessage).</summary>
    public string Refusal => IsResource
        ? $"User \"{User.Name}\" cannot {Verb} resource \"{Combined}\" in API group \"{Group}\" {(Namespace.Length > 0 ? $"in the namespace \"{Namespace}\"" : "at the cluster scope")}"
        : $"User \"{User.Name}\" cannot {Verb} path \"{Path}\"";
}

/// <summary>Whether it may be done.</summary>
/// <param name="IsAllowed">Whether.</param>
/// <param name="Reason">Why; may be empty.</param>
public sealed record AccessDecision(bool IsAllowed, string Reason);
