using ActorNet.Kubernetes.Authorization;

namespace ActorNet.Kubernetes.Errors;

/// <summary>The resource that an error speaks of.</summary>
/// <param name="Group">The API group; empty: core.</param>
/// <param name="Plural">Such as "pods".</param>
public readonly record struct GroupResource(string Group, string Plural)
{
    /// <summary>As messages name it: "pods", "deployments.apps".</summary>
    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}

/// <summary>The failures that Kubernetes knows, with its sentences (apimachinery pkg/api/errors/errors.go).</summary>
public static class ApiErrors
{
    /// <summary>400: the request makes no sense.</summary>
    public static ApiException BadRequest(string message) => new(400, "BadRequest", message);

    /// <summary>401: nobody the server knows.</summary>
    public static ApiException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    /// <summary>403: the request is understood and refused.</summary>
    public static ApiException Forbidden(GroupResource resource, string name, string why, params StatusCause[] causes) =>
        new(403, "Forbidden", $"{resource} \"{name}\" is forbidden: {why}") { Group = resource.Group, Kind = resource.Plural, Name = name, Causes = causes };

    /// <summary>403: the user may not do that (apiserver pkg/endpoints/handlers/responsewriters/errors.go).</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="reason">Why not; may be empty.</param>
    public static ApiException AccessDenied(AccessRequest request, string reason)
    {
        ArgumentNullException.ThrowIfNull(request);
        var resource = new GroupResource(request.Group, request.Resource);
        string what = !request.IsResource ? "forbidden" : request.Name.Length == 0 ? $"{resource} is forbidden" : $"{resource} \"{request.Name}\" is forbidden";
        return new(403, "Forbidden", $"{what}: {request.Refusal}{(reason.Length > 0 ? ": " + reason : "")}") { Group = request.Group, Kind = request.Resource, Name = request.Name };
    }

    /// <summary>404: there is no such object.</summary>
    public static ApiException NotFound(GroupResource resource, string name) =>
        new(404, "NotFound", $"{resource} \"{name}\" not found") { Group = resource.Group, Kind = resource.Plural, Name = name };

    /// <summary>404: there is no such path.</summary>
    public static ApiException NoSuchResource() => new(404, "NotFound", "the server could not find the requested resource");

    /// <summary>405: the resource does not know the verb.</summary>
    public static ApiException MethodNotAllowed(string resource, string verb) =>
        new(405, "MethodNotAllowed", $"{verb} is not supported on resources of kind \"{resource}\"") { Kind = resource };

    /// <summary>406: the client accepts nothing that there is.</summary>
    public static ApiException NotAcceptable(string accepted) =>
        new(406, "NotAcceptable", $"only the following media types are accepted: {accepted}");

    /// <summary>406: the client accepts a form that the answer does not have.</summary>
    public static ApiException NotConvertible(string why) => new(406, "NotAcceptable", why);

    /// <summary>413: the body is too large.</summary>
    public static ApiException RequestTooLarge(long limit) =>
        new(413, "RequestEntityTooLarge", $"Request entity too large: limit is {limit}");

    /// <summary>415: the body has a form that is not known.</summary>
    public static ApiException UnsupportedMediaType(string accepted) =>
        new(415, "UnsupportedMediaType", $"the body of the request was in an unknown format - accepted media types include: {accepted}");

    /// <summary>409: an object with this name exists.</summary>
    public static ApiException AlreadyExists(GroupResource resource, string name) =>
        new(409, "AlreadyExists", $"{resource} \"{name}\" already exists") { Group = resource.Group, Kind = resource.Plural, Name = name };

    /// <summary>409: every name made from generateName was taken.</summary>
    public static ApiException GeneratedNameExists(GroupResource resource, string name) =>
        new(409, "AlreadyExists", $"{resource} \"{name}\" already exists, the server was not able to generate a unique name for the object")
        { Group = resource.Group, Kind = resource.Plural, Name = name, RetryAfterSeconds = 1 };

    /// <summary>409: the object is not what the request took it for.</summary>
    public static ApiException Conflict(GroupResource resource, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {resource} \"{name}\": {why}") { Group = resource.Group, Kind = resource.Plural, Name = name };

    /// <summary>409: someone else changed the object.</summary>
    public static ApiException Modified(GroupResource resource, string name) =>
        Conflict(resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    /// <summary>409: others manage fields that an apply would change.</summary>
    public static ApiException ApplyConflict(string message, IReadOnlyList<StatusCause> conflicts) => new(409, "Conflict", message) { Causes = conflicts };

    /// <summary>410: what was asked for is no longer kept.</summary>
    public static ApiException Expired(string message) => new(410, "Expired", message);

    /// <summary>422: the object breaks rules.</summary>
    /// <param name="group">The kind's group.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="errors">What is wrong.</param>
    public static ApiException Invalid(string group, string kind, string name, FieldErrors errors)
    {
        string qualified = group.Length == 0 ? kind : $"{kind}.{group}";
        string[] sentences = [.. errors.List.Select(error => error.Field.Length == 0 ? error.Message : $"{error.Field}: {error.Message}").Distinct()];
        string list = sentences.Length == 1 ? sentences[0] : $"[{string.Join(", ", sentences)}]";
        return new ApiException(422, "Invalid", $"{qualified} \"{name}\" is invalid: {list}") { Group = group, Kind = kind, Name = name, Causes = errors.List };
    }

    /// <summary>422: a patch could not be carried out.</summary>
    public static ApiException UnprocessablePatch() =>
        new(422, "Invalid", "the server rejected our request due to an error in our request");

    /// <summary>500: the fault is ours.</summary>
    public static ApiException Internal(string what) =>
        new(500, "InternalError", $"Internal error occurred: {what}") { Causes = [new StatusCause("InternalError", what)] };

    /// <summary>503: the API is away; nothing was done, and a client may try again at once.</summary>
    public static ApiException Unavailable(string why) => new(503, "ServiceUnavailable", why) { RetryAfterSeconds = 1 };

    /// <summary>504: no answer came; what was asked for may have been done or not.</summary>
    public static ApiException NoAnswer(string why) => new(504, "Timeout", $"Timeout: {why}");

    /// <summary>504: a revision is asked for that this server has not reached.</summary>
    public static ApiException TooLargeResourceVersion(long asked, long current) =>
        new(504, "Timeout", $"Timeout: Too large resource version: {asked}, current: {current}")
        { Causes = [new StatusCause("ResourceVersionTooLarge", "Too large resource version")], RetryAfterSeconds = 1 };
}
