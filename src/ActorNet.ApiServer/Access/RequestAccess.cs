using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Kinds.Reviews;
using ActorNet.Kubernetes.Selectors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Access;

/// <summary>What a request wants to do (apiserver pkg/endpoints/request/requestinfo.go, NewRequestInfo).</summary>
internal static class RequestAccess
{
    /// <summary>Reads it off method, path and query.</summary>
    /// <param name="request">The request.</param>
    /// <param name="user">Who asks.</param>
    public static AccessRequest Of(HttpRequest request, UserInfo user)
    {
        string[] parts = (request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        int head = parts is ["api", ..] ? 2 : 3;
        if (parts.Length <= head || parts[0] is not ("api" or "apis"))
            return new AccessRequest(user, request.Method.ToLowerInvariant()) { Path = request.Path.Value is { Length: > 0 } path ? path : "/" };
        ReadOnlySpan<string> rest = parts.AsSpan(head);
        string space = "";
        if (rest is ["namespaces", { } named, ..])
        {
            space = named;
            if (rest.Length > 2 && rest[2] is not ("status" or "finalize"))
                rest = rest[2..];
        }

        string name = rest.Length > 1 ? rest[1] : "";
        string verb = Verb(request, isCollection: name.Length == 0);
        return new AccessRequest(user, verb)
        {
            Group = head == 2 ? "" : parts[1],
            Resource = rest[0],
            Subresource = rest.Length > 2 ? rest[2] : "",
            Namespace = space,
            // A list of one object by its name is allowed to who may have that one.
            Name = name.Length > 0 || verb is not ("list" or "watch") ? name : NameOf(request.Query["fieldSelector"].ToString()),
        };
    }

    private static string Verb(HttpRequest request, bool isCollection) => request.Method switch
    {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => isCollection ? "deletecollection" : "delete",
        _ when !isCollection => "get",
        _ => new RequestQuery(request.Query).IsWatch ? "watch" : "list",
    };

    private static string NameOf(string fields)
    {
        try
        {
            return fields.Length == 0 ? "" : FieldSelector.Parse(fields).Exact("metadata.name") ?? "";
        }
        catch (Kubernetes.Errors.ApiException)
        {
            // Whoever answers the request says what is wrong with it.
            return "";
        }
    }
}
