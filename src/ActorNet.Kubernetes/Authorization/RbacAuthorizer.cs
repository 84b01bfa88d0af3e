using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Watches;
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

    private readonly KindDescriptor[] _kinds = [.. Array.ConvertAll(RbacPolicy.Kinds, kind => kinds.Of(RbacPolicy.Group, kind))];

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

    /// <summary>Roles and bindings as they are now. They are listed when one of them changed; otherwise it costs one read.</summary>
    /// <param name="cancel">Ends it.</param>
    public async ValueTask<RbacPolicy> PolicyAsync(CancellationToken cancel = default)
    {
        // A host's copies are one for each kind.
        ApiReads[] reads = Array.ConvertAll(_kinds, kind => readsOf(kind));
        // The marks first: what changes while the lists are read makes another mark, and so another list.
        var marks = new ChangeMark[reads.Length];
        for (int i = 0; i < reads.Length; i++)
            marks[i] = i > 0 && reads[i] == reads[i - 1] ? marks[i - 1] : await reads[i].MarkAsync([.. _kinds.Where((_, each) => reads[each] == reads[i])], cancel).ConfigureAwait(false);
        if (_kept is { } kept && kept.Marks.AsSpan().SequenceEqual(marks))
            return kept.Policy;
        var documents = new IEnumerable<JsonObject>[reads.Length];
        for (int i = 0; i < reads.Length; i++)
            documents[i] = (await reads[i].ListAsync(_kinds[i], "", ListOptions.All, cancel).ConfigureAwait(false)).Items.Select(static each => each.Document);
        var policy = new RbacPolicy(documents[0], documents[1], documents[2], documents[3]);
        _kept = new Kept(marks, policy);
        return policy;
    }

    private sealed record Kept(ChangeMark[] Marks, RbacPolicy Policy);
}
