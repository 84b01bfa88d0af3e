using System.Diagnostics;

namespace ActorNet.Processes.Tests.Upgrade;

/// <summary>
/// The next version of this very source: another number, one field more in a message between hosts, one more in the log's entries (Directory.Build.props says how). It is built beside
/// the build that is tested, from the packages that this one restored, and again only where the source has changed.
/// </summary>
internal static class NextBuild
{
    /// <summary>The text that its added field puts into each entry of the store's log.</summary>
    public const string MarkInLog = "written-by-the-next-version";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    /// <summary>Builds it.</summary>
    /// <returns>Its actornet.dll.</returns>
    public static async Task<string> ProgramAsync()
    {
        string project = Path.Combine(SourceTree.Root(), "src", "ActorNet.Cli");
        using var compiler = new CompilerServer();
        var build = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", ["build", project, "--no-restore", "-v", "q", "-nologo", "-p:NextVersion=true"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string key, string value) in compiler.Environment)
            build.Environment[key] = value;
        CommandResult built = await CommandResult.OfAsync(build, Patience);
        Assert.True(built.ExitCode == 0, built.ToString());
        return Path.Combine(project, "bin", "next", "net10.0", "actornet.dll");
    }
}
