using System.Collections.Immutable;
using ActorNet.ApiServer.Front;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds.Reviews;
using ActorNet.Kubernetes.ServiceAccounts;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Access;

/// <summary>Requests that are made in somebody else's name, as by "kubectl --as" (apiserver pkg/endpoints/filters/impersonation.go).</summary>
internal static class Impersonation
{
    private const string Users = "Impersonate-User", Groups = "Impersonate-Group", Uids = "Impersonate-Uid", Extras = "Impersonate-Extra-";
    private const string Authentication = "authentication.k8s.io", Authenticated = "system:authenticated", Unauthenticated = "system:unauthenticated";

    /// <summary>Whether a request is made in somebody else's name.</summary>
    public static bool IsAsked(HttpRequest request) =>
        request.Headers.Any(static header => header.Key.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase));

    /// <summary>What the caller has to be allowed for that.</summary>
    /// <param name="request">The request.</param>
    /// <param name="caller">Who really asks.</param>
    /// <exception cref="ApiException">It names no user.</exception>
    public static IEnumerable<AccessRequest> RequestsOf(HttpRequest request, UserInfo caller)
    {
        string user = UserOf(request);
        yield return AccountOf(user) is { } account
            ? new AccessRequest(caller, "impersonate") { Resource = "serviceaccounts", Namespace = account.Namespace, Name = account.Name }
            : new AccessRequest(caller, "impersonate") { Resource = "users", Name = user };
        foreach (string group in GroupsOf(request))
            yield return new AccessRequest(caller, "impersonate") { Resource = "groups", Name = group };
        if (request.Headers[Uids].ToString() is { Length: > 0 } uid)
            yield return new AccessRequest(caller, "impersonate") { Group = Authentication, Resource = "uids", Name = uid };
        foreach ((string key, string value) in ExtraOf(request))
            yield return new AccessRequest(caller, "impersonate") { Group = Authentication, Resource = "userextras", Subresource = key, Name = value };
    }

    /// <summary>In whose name.</summary>
    /// <param name="request">A request whose caller may do so.</param>
    public static Caller CallerOf(HttpRequest request)
    {
        string user = UserOf(request);
        ImmutableArray<string> groups = [.. GroupsOf(request)];
        if (groups.IsEmpty && AccountOf(user) is { } account)
            groups = ["system:serviceaccounts", $"system:serviceaccounts:{account.Namespace}"];
        string last = user == Caller.Anonymous.User ? Unauthenticated : Authenticated;
        return new Caller(user, groups.Contains(Authenticated) || groups.Contains(Unauthenticated) ? groups : groups.Add(last));
    }

    private static string UserOf(HttpRequest request) => request.Headers[Users].ToString() is { Length: > 0 } user
        ? user
        : throw ApiErrors.Internal("requested groups, uid or extra without impersonating a user");

    private static IEnumerable<string> GroupsOf(HttpRequest request) => request.Headers[Groups].OfType<string>();

    private static IEnumerable<(string Key, string Value)> ExtraOf(HttpRequest request) =>
        from header in request.Headers
        where header.Key.StartsWith(Extras, StringComparison.OrdinalIgnoreCase)
        from value in header.Value.OfType<string>()
        select (Uri.UnescapeDataString(header.Key[Extras.Length..]).ToLowerInvariant(), value);

    private static (string Namespace, string Name)? AccountOf(string user) =>
        user.StartsWith(TokenClaims.UserPrefix, StringComparison.Ordinal) && user[TokenClaims.UserPrefix.Length..].Split(':') is [{ Length: > 0 } space, { Length: > 0 } name] ? (space, name) : null;
}
