using System.Text.Json.Nodes;

namespace ActorNet.Kubernetes.Discovery;

/// <summary>What /version says. kubectl chooses what it sends, and some kubectls which version of themselves they run, by it.</summary>
/// <param name="Minor">The minor version of Kubernetes 1, such as 32.</param>
public sealed record ServerVersion(int Minor)
{
    /// <summary>The version that the rules here are written after.</summary>
    public static ServerVersion Default { get; } = new(32);

    /// <summary>Such as "v1.32.0".</summary>
    public string GitVersion => FormattableString.Invariant($"v1.{Minor}.0");

    /// <summary>The document (apimachinery pkg/version).</summary>
    public JsonObject ToDocument() => new()
    {
        ["major"] = "1",
        ["minor"] = FormattableString.Invariant($"{Minor}"),
        ["gitVersion"] = GitVersion,
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "none",
        ["compiler"] = "dotnet",
        ["platform"] = "actornet",
    };
}
