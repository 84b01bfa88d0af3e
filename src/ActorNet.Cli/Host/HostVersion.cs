using System.Reflection;

namespace ActorNet.Cli.Host;

/// <summary>The version of this program, as in its package.</summary>
internal static class HostVersion
{
    /// <summary>Such as 0.1.0.</summary>
    public static string Text { get; } =
        typeof(HostVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
