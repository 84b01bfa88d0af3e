namespace ActorNet.Kubernetes.Errors;

/// <summary>Collects what is wrong with an object's fields, in upstream's words (apimachinery pkg/util/validation/field).</summary>
public sealed class FieldErrors
{
    private readonly List<StatusCause> _list = [];

    /// <summary>What was found so far.</summary>
    public IReadOnlyList<StatusCause> List => _list;

    /// <summary>True when nothing was found.</summary>
    public bool IsEmpty => _list.Count == 0;

    /// <summary>A field is missing.</summary>
    public void Required(string field, string detail = "") => Add("FieldValueRequired", field, "Required value" + Tail(detail));

    /// <summary>A value is wrong.</summary>
    /// <param name="field">The path.</param>
    /// <param name="value">The value: text is quoted.</param>
    /// <param name="detail">What is wrong.</param>
    public void Invalid(string field, object? value, string detail) => Add("FieldValueInvalid", field, $"Invalid value: {Show(value)}{Tail(detail)}");

    /// <summary>A value is none of those that are known.</summary>
    public void NotSupported(string field, string value, params string[] supported) =>
        Add("FieldValueNotSupported", field, $"Unsupported value: {Show(value)}: supported values: {string.Join(", ", supported.Select(Show))}");

    /// <summary>A value stands twice where it may stand once.</summary>
    public void Duplicate(string field, object? value) => Add("FieldValueDuplicate", field, $"Duplicate value: {Show(value)}");

    /// <summary>A field may not be set here, or not changed.</summary>
    public void Forbidden(string field, string detail) => Add("FieldValueForbidden", field, "Forbidden" + Tail(detail));

    /// <summary>A value is too long.</summary>
    public void TooLong(string field, int limit) => Add("FieldValueTooLong", field, $"Too long: may not be more than {limit} bytes");

    /// <summary>A value names what does not exist.</summary>
    public void NotFound(string field, string value) => Add("FieldValueNotFound", field, $"Not found: {Show(value)}");

    private void Add(string reason, string field, string message) => _list.Add(new StatusCause(reason, message, field));

    private static string Tail(string detail) => detail.Length == 0 ? "" : $": {detail}";

    private static string Show(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        _ => FormattableString.Invariant($"{value}"),
    };
}
