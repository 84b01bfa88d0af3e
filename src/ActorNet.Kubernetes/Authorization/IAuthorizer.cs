using ActorNet.Kubernetes.Kinds.Reviews;

namespace ActorNet.Kubernetes.Authorization;

/// <summary>Says who may do what. For any thread.</summary>
public interface IAuthorizer
{
    /// <summary>Whether a request is allowed.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancel">Ends it.</param>
    ValueTask<AccessDecision> DecideAsync(AccessRequest request, CancellationToken cancel = default);

    /// <summary>What a user may do in a namespace and outside of all.</summary>
    /// <param name="user">The user.</param>
    /// <param name="space">The namespace; empty: outside of all alone.</param>
    /// <param name="cancel">Ends it.</param>
    ValueTask<GrantedRules> RulesOfAsync(UserInfo user, string space, CancellationToken cancel = default);
}

/// <summary>The rules that apply to a user.</summary>
/// <param name="Rules">Rules of resources and of other paths.</param>
/// <param name="Errors">What kept some of them from being found, such as a role that is not there.</param>
public sealed record GrantedRules(IReadOnlyList<PolicyRule> Rules, IReadOnlyList<string> Errors);

/// <summary>Everything is allowed to everybody (kube-apiserver --authorization-mode=AlwaysAllow).</summary>
public sealed class AlwaysAllow : IAuthorizer
{
    private static readonly PolicyRule[] Everything = [new(["*"]) { Groups = ["*"], Resources = ["*"] }, new(["*"]) { Paths = ["*"] }];

    /// <inheritdoc/>
    public ValueTask<AccessDecision> DecideAsync(AccessRequest request, CancellationToken cancel = default) => ValueTask.FromResult(new AccessDecision(true, ""));

    /// <inheritdoc/>
    public ValueTask<GrantedRules> RulesOfAsync(UserInfo user, string space, CancellationToken cancel = default) => ValueTask.FromResult(new GrantedRules(Everything, []));
}
