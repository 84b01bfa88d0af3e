using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Reviews;

namespace ActorNet.Kubernetes.Authorization;

/// <summary>
/// Decides by the roles and bindings of the API as they are at the request (upstream's authorizer asks informers, which may be a moment late). The group
/// system:masters may do everything, whatever the roles are (kubernetes pkg/kubeapiserver/authorizer/config.go, superuserAuthorizer).
/// </summary>
/// <param name="readsOf">Where the objects of a kind are read.</param>
/// <param name="kinds">The kinds of the API.</param>
public sealed class RbacAuthorizer(Func<KindDescriptor, ApiReads> readsOf, KindCatalog kinds) : IAuthorizer
{
    private const string Masters = "system:masters";

    private volatile Kept? _kept;

    /// <inheritdoc/>
    public async ValueTask<AccessDecision> DecideAsync(AccessRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.User.Groups.Contains(Masters) ? new AccessDecision(true, "") : (await PolicyAsync(cancel).ConfigureAwait(false)).Decide(request);
    }

    /// <inheritdoc/>
    public async ValueTask<GrantedRules> RulesOfAsync(UserInfo user, string space, CancellationToken cancel = default) =>
        (await PolicyAsync(cancel).ConfigureAwait(false)).RulesOf(user, space);

    /// <summary>Roles and bindings as they are now.</summary>
    /// <param name="cancel">Ends it.</param>
    public async ValueTask<RbacPolicy> PolicyAsync(CancellationToken cancel = default)
    {
        IReadOnlyList<ApiObject>[] now =
        [
            await ListAsync("ClusterRole", cancel).ConfigureAwait(false), await ListAsync("Role", cancel).ConfigureAwait(false),
            await ListAsync("ClusterRoleBinding", cancel).ConfigureAwait(false), await ListAsync("RoleBinding", cancel).ConfigureAwait(false),
        ];
        long[] versions = [.. now.Select(static list => list.Count).Select(static count => (long)count), .. now.SelectMany(static list => list).Select(static each => each.Revision)];
        if (_kept is { } kept && kept.Versions.AsSpan().SequenceEqual(versions))
            return kept.Policy;
        IEnumerable<JsonObject>[] documents = [.. now.Select(static list => list.Select(static each => each.Document))];
        var policy = new RbacPolicy(documents[0], documents[1], documents[2], documents[3]);
        _kept = new Kept(versions, policy);
        return policy;
    }

    private async ValueTask<IReadOnlyList<ApiObject>> ListAsync(string kind, CancellationToken cancel)
    {
        KindDescriptor descriptor = kinds.Of(RbacPolicy.Group, kind);
        return (await readsOf(descriptor).ListAsync(descriptor, "", ListOptions.All, cancel).ConfigureAwait(false)).Items;
    }

    private sealed record Kept(long[] Versions, RbacPolicy Policy);
}
