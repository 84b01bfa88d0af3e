namespace ActorNet.Cli.Lab;

/// <summary>How the user starts this program.</summary>
internal static class Invocation
{
    /// <summary>actornet, or the words that run it from a clone.</summary>
    public static string Name => Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" || IsBuildOutput
        ? "dotnet run -c Release --project src/ActorNet.Cli --"
        : "actornet";

    // `dotnet run` starts the executable in the project's bin folder.
    private static bool IsBuildOutput => AppContext.BaseDirectory.Replace('\\', '/').Contains("/src/ActorNet.Cli/bin/", StringComparison.Ordinal);
}
