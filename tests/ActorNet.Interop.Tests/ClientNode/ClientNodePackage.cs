namespace ActorNet.Interop.Tests.ClientNode;

/// <summary>
/// The official JavaScript client, @kubernetes/client-node, in the versions of package-lock.json, installed beside the tests at the first use
/// (some ten seconds and 70 MB) and kept until the lock changes.
/// </summary>
public sealed class ClientNodePackage : IDisposable
{
    private static readonly TimeSpan InstallPatience = TimeSpan.FromMinutes(4);

    private readonly SemaphoreSlim _installing = new(1, 1);

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "ClientNode");

    /// <summary>The command that runs a part of the judge.</summary>
    /// <param name="server">The API.</param>
    /// <param name="words">The part, and what it takes.</param>
    public async Task<IReadOnlyList<string>> CommandAsync(Uri server, params string[] words)
    {
        Need.Tool("node", "npm");
        await InstallAsync();
        return ["node", Path.Combine(Folder, "judge.mjs"), server.ToString(), .. words];
    }

    /// <summary>Runs a part of the judge to its end.</summary>
    /// <returns>The lines that it printed.</returns>
    public async Task<string[]> RunAsync(Uri server, params string[] words)
    {
        CommandResult result = await ProcessRunner.RunAsync(await CommandAsync(server, words));
        return result.EnsureSuccess().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <inheritdoc/>
    public void Dispose() => _installing.Dispose();

    private async Task InstallAsync()
    {
        string wanted = await File.ReadAllTextAsync(Path.Combine(Folder, "package-lock.json")), mark = Path.Combine(Folder, "installed");
        await _installing.WaitAsync();
        try
        {
            if (File.Exists(mark) && await File.ReadAllTextAsync(mark) == wanted)
                return;
            CommandResult result = await ProcessRunner.RunAsync(["npm", "ci", "--prefix", Folder, "--ignore-scripts", "--no-audit", "--no-fund"], InstallPatience);
            if (result.ExitCode != 0)
                Need.Lacks($"needs @kubernetes/client-node from the npm registry, and npm could not install it:\n{result}");
            await File.WriteAllTextAsync(mark, wanted);
        }
        finally
        {
            _installing.Release();
        }
    }
}
