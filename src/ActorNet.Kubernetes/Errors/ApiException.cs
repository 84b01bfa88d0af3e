using System.Text.Json.Nodes;

namespace ActorNet.Kubernetes.Errors;

/// <summary>One reason why an object is refused (metav1.StatusCause).</summary>
/// <param name="Reason">Such as FieldValueInvalid.</param>
/// <param name="Message">For people, without the field.</param>
/// <param name="Field">The field's path; empty: none.</param>
public sealed record StatusCause(string Reason, string Message, string Field = "");

/// <summary>A request failed; what the client gets is a metav1.Status (apimachinery pkg/api/errors).</summary>
/// <param name="code">The HTTP code.</param>
/// <param name="reason">The reason in one word; empty: unknown.</param>
/// <param name="message">For people; kubectl prints it.</param>
public sealed class ApiException(int code, string reason, string message) : Exception(message)
{
    /// <summary>The HTTP code.</summary>
    public int Code { get; } = code;

    /// <summary>The reason in one word; empty: unknown.</summary>
    public string Reason { get; } = reason;

    /// <summary>The name of the object, or empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its API group, or empty.</summary>
    public string Group { get; init; } = "";

    /// <summary>The plural of its kind, or for invalid objects the kind; empty: none.</summary>
    public string Kind { get; init; } = "";

    /// <summary>The uid, or empty.</summary>
    public string Uid { get; init; } = "";

    /// <summary>The reasons field by field.</summary>
    public IReadOnlyList<StatusCause> Causes { get; init; } = [];

    /// <summary>After how many seconds a client may try again; 0: nothing is said.</summary>
    public int RetryAfterSeconds { get; init; }

    /// <summary>The Status that goes to the client.</summary>
    public JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = Message,
        };
        if (Reason.Length > 0)
            status["reason"] = Reason;
        JsonObject details = Details();
        if (details.Count > 0)
            status["details"] = details;
        status["code"] = Code;
        return status;
    }

    private JsonObject Details()
    {
        var details = new JsonObject();
        foreach ((string name, string value) in new[] { ("name", Name), ("group", Group), ("kind", Kind), ("uid", Uid) })
        {
            if (value.Length > 0)
                details[name] = value;
        }

        if (Causes.Count > 0)
            details["causes"] = new JsonArray([.. Causes.Select(CauseOf)]);
        if (RetryAfterSeconds > 0)
            details["retryAfterSeconds"] = RetryAfterSeconds;
        return details;
    }

    private static JsonNode CauseOf(StatusCause cause)
    {
        var node = new JsonObject { ["reason"] = cause.Reason, ["message"] = cause.Message };
        if (cause.Field.Length > 0)
            node["field"] = cause.Field;
        return node;
    }
}
