using System.Globalization;
using ActorNet.ApiServer.Access;
using ActorNet.Cluster.Informers;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.ServiceAccounts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ActorNet.ApiServer.Front;

/// <summary>
/// Answers from this host's own copy of the API's objects what needs not be of this very moment (Kubernetes API concepts, "Semantics for get, list and
/// watch"): reads at resourceVersion 0, reads not older than a version that the copy has, and watches behind one whose changes the copy still has. All
/// else, first of all what asks for the most recent state, is for the API server, as is every kind of which the host has no copy.
/// </summary>
/// <param name="kinds">The kinds of the API.</param>
/// <param name="copyOf">The host's copy of a kind; null: there is none to be shown now.</param>
/// <param name="load">Bounds and counts what clients have under way at this host.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Takes faults of the server's own.</param>
/// <param name="isOpen">Whether everybody may read everything, as where roles are not asked.</param>
public sealed class CachedReads(KindCatalog kinds, Func<KindDescriptor, CachedKind?> copyOf, ApiLoad load, TimeProvider time, ILogger log, bool isOpen = false)
{
    private static readonly string[] RoleKinds = ["ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"];

    private readonly AccessGate _gate = new(new RbacAuthorizer(kind => copyOf(kind)?.Reads ?? throw ApiErrors.Unavailable("this host has no copy of the roles now"), kinds));
    private readonly FailureAnswers _failures = new(log, load);
    private readonly TokenLife _tokens = new((kind, space, name, cancel) => copyOf(kinds.Of("", kind))?.Reads.FindAsync(kinds.Of("", kind), space, name, cancel) ?? default, time);

    /// <summary>Answers a request, if the copy may answer it.</summary>
    /// <param name="context">The request.</param>
    /// <returns>Null: it is for the API server.</returns>
    public Task? Handle(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!HttpMethods.IsGet(context.Request.Method)
            || ResourcePath.Parse(context.Request.Path.Value ?? "") is not { Subresource: "" } path
            || kinds.Find(path.Group, path.Version, path.Plural) is not { IsStored: true } kind
            || !IsComplete(kind, path)
            || copyOf(kind) is not { } copy
            || !MayAnswer(context.Request.Query, copy, path.Name.Length > 0)
            || !CanJudge(context))
            return null;
        load.CountCached();
        var reads = new ReadHandler(copy.Reads, load);
        return _failures.RunAsync(context, async answered =>
        {
            if (!isOpen)
                await _gate.CheckAsync(answered).ConfigureAwait(false);
            await (path.Name.Length > 0 ? reads.GetAsync(answered, kind, path) : reads.ListOrWatchAsync(answered, kind, path)).ConfigureAwait(false);
        });
    }

    /// <summary>Whether what a token is bound to is there as far as this host knows; what it does not know of yet may be.</summary>
    internal ValueTask<bool> CountsAsync(TokenClaims token, CancellationToken cancel) => _tokens.CountsAsync(token, cancel);

    // Who may do everything needs no roles; for others the host must have all of them.
    private bool CanJudge(HttpContext context) => !Impersonation.IsAsked(context.Request)
        && (isOpen || (context.Features.Get<Caller>() is { } caller && AccessGate.IsTrusted(caller)) || RoleKinds.All(kind => copyOf(kinds.Of(RbacPolicy.Group, kind)) is not null));

    // What is wrong with a path is said by the API server.
    private static bool IsComplete(KindDescriptor kind, ResourcePath path) =>
        kind.IsNamespaced ? path.Name.Length == 0 || path.Namespace.Length > 0 : path.Namespace.Length == 0;

    private static bool MayAnswer(IQueryCollection query, CachedKind copy, bool isOne)
    {
        string asked = query["resourceVersion"].ToString(), match = query["resourceVersionMatch"].ToString();
        // Pages of a list belong to one moment, which the API server keeps longer.
        if (query["continue"].ToString().Length > 0 || match is not ("" or "NotOlderThan"))
            return false;
        if (asked == "0")
            return true;
        if (!long.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out long revision))
            return false;
        var options = new RequestQuery(query);
        if (!isOne && options.IsWatch)
            return options.ToWatch().InitialEvents ? revision <= copy.Objects.Revision : revision >= copy.Objects.Oldest;
        // A limit and a version without a match mean exactly that version.
        return revision <= copy.Objects.Revision && (isOne || match.Length > 0 || query["limit"].ToString() is "" or "0");
    }
}
