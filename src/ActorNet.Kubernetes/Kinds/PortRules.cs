using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;

namespace ActorNet.Kubernetes.Kinds;

/// <summary>What ports and their names must be.</summary>
internal static class PortRules
{
    /// <summary>What a port must be.</summary>
    public const string Range = "must be between 1 and 65535, inclusive";

    /// <summary>True for a port's number.</summary>
    public static bool IsPort(long number) => number is >= 1 and <= 65535;

    /// <summary>What is wrong with a port's name.</summary>
    public static string NameProblem(string name) => name switch
    {
        { Length: > 15 } => "must be no more than 15 characters",
        _ when !name.Any(char.IsAsciiLetterLower) => "must contain at least one letter (a-z)",
        _ when name.Contains("--", StringComparison.Ordinal) => "must not contain consecutive hyphens",
        _ => "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    };

    /// <summary>Checks a field that is a port's number or name.</summary>
    public static void NumberOrName(JsonNode? node, string path, FieldErrors errors)
    {
        if (node is not JsonValue value)
            return;
        if (DocumentAccess.AsNumber(value) is long number)
        {
            if (!IsPort(number))
                errors.Invalid(path, number, Range);
        }
        else if (value.TryGetValue(out string? name) && !ObjectNames.IsPortName(name))
        {
            errors.Invalid(path, name, NameProblem(name));
        }
    }
}
