using System.Diagnostics;

namespace ActorNet.Processes.Tests;

/// <summary>What a test that builds something runs the build with. A compiler's server of its own halves the build's time, and can be ended without ending anybody else's.</summary>
internal sealed class CompilerServer : IDisposable
{
    private readonly string _name = $"actornet-tests-{Guid.NewGuid():N}";

    /// <summary>The build's environment.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        // What analysers have to say they said when these tests were built.
        ["RunAnalyzers"] = "false",
        // A build node that outlived its build would hold the pipes.
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["UseSharedCompilation"] = OperatingSystem.IsLinux() ? "true" : "false",
        ["SharedCompilationId"] = _name,
    };

    public void Dispose()
    {
        if (!OperatingSystem.IsLinux())
            return;
        foreach (Process process in Process.GetProcesses())
        {
            using (process)
            {
                if (CommandLineOf(process.Id).Contains($"-pipename:{_name}", StringComparison.Ordinal))
                {
                    process.Kill();
                    process.WaitForExit();
                }
            }
        }
    }

    private static string CommandLineOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is somebody else's.
            return "";
        }
    }
}
