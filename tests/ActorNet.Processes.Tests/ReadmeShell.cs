using System.Diagnostics;

namespace ActorNet.Processes.Tests;

/// <summary>Somebody's shell in a fresh clone of this repository, with a home directory of its own. All that a command started has ended with it or ends with this.</summary>
internal sealed class ReadmeShell : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly string _root = Directory.CreateTempSubdirectory("anr-").FullName;

    private readonly CompilerServer _compiler = new();

    private ReadmeShell()
    {
    }

    /// <summary>The clone.</summary>
    public string Clone => Path.Combine(_root, "clone");

    /// <summary>Where temporary files go.</summary>
    public string Temporary => Path.Combine(_root, "tmp");

    private string Home => Path.Combine(_root, "home");

    /// <summary>Makes the clone.</summary>
    public static async Task<ReadmeShell> InCloneAsync()
    {
        string repository = Need();
        var shell = new ReadmeShell();
        Directory.CreateDirectory(shell.Home);
        Directory.CreateDirectory(shell.Clone);
        Directory.CreateDirectory(shell.Temporary);
        // The sources may belong to another account than the one that tests them.
        await File.WriteAllTextAsync(Path.Combine(shell.Home, ".gitconfig"), "[safe]\n\tdirectory = *\n");
        await shell.TypeAsync($"git clone -q --depth 1 'file://{repository}' .");
        return shell;
    }

    /// <summary>Types commands that must succeed; the first that fails ends them.</summary>
    /// <returns>What they printed on standard output.</returns>
    public async Task<string> TypeAsync(params string[] commands)
    {
        CommandResult result = await TryAsync(commands);
        Assert.True(result.ExitCode == 0, $"{string.Join('\n', commands)}\n{result}");
        return result.Output;
    }

    /// <summary>Types commands; the first that fails ends them.</summary>
    public async Task<CommandResult> TryAsync(params string[] commands)
    {
        // actornet is what `dotnet run` built.
        string[] script = ["set -e", "actornet() { src/ActorNet.Cli/bin/Release/net10.0/actornet \"$@\"; }", .. commands];
        var start = new ProcessStartInfo("bash", ["-c", string.Join('\n', script)]) { WorkingDirectory = Clone, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string key, string value) in Environment())
            start.Environment[key] = value;
        return await CommandResult.OfAsync(start, Patience);
    }

    public ValueTask DisposeAsync()
    {
        _compiler.Dispose();
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }

    // What this needs: a clone that can be cloned, bash, git and kubectl.
    private static string Need()
    {
        Kubectl.Need();
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs bash and git");
        string at = SourceTree.Root();
        Assert.SkipUnless(Path.Exists(Path.Combine(at, ".git")), $"{at} is no clone: it has no .git");
        return at;
    }

    private Dictionary<string, string> Environment() => new(_compiler.Environment)
    {
        ["HOME"] = Home,
        ["TMPDIR"] = Temporary,
        ["DOTNET_CLI_HOME"] = Home,
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
        // The packages of this build are used again; nothing is fetched.
        ["NUGET_PACKAGES"] = System.Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
            ? set
            : Path.Combine(System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
        ["NuGetAudit"] = "false",
        // No fixed port has to be free: in this mode those that are taken are passed over.
        ["ACTORNET_SINGLE_LOOPBACK"] = "1",
    };
}
