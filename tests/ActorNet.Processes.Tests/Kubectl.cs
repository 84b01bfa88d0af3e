using System.Diagnostics;

namespace ActorNet.Processes.Tests;

/// <summary>Real kubectl with a kubeconfig.</summary>
/// <param name="kubeconfig">The kubeconfig's path.</param>
/// <param name="server">The host whose front is asked.</param>
internal sealed class Kubectl(string kubeconfig, LabPlace server)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Skips the test where there is no kubectl; in continuous integration that is a fault.</summary>
    public static void Need() => Processes.Tests.Need.Tool("kubectl", "kubernetes-client");

    /// <summary>Runs a command that must succeed and returns what it printed.</summary>
    public async Task<string> DoAsync(params string[] arguments)
    {
        CommandResult result = await RunAsync(null, arguments);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: {result}");
        return result.Output;
    }

    /// <summary>Creates what a manifest says.</summary>
    public async Task CreateAsync(string manifest)
    {
        CommandResult result = await RunAsync(manifest, "create", "-f", "-");
        Assert.True(result.ExitCode == 0, $"{manifest}\n{result}");
    }

    /// <summary>Asks until the output is as wanted.</summary>
    public Task<CommandResult> UntilAsync(Func<CommandResult, bool> wanted, params string[] arguments) =>
        Lab.UntilAsync(() => RunAsync(null, arguments), wanted, $"kubectl {string.Join(' ', arguments)}");

    /// <summary>Runs a bash script in which kubectl asks this host's front, in the folder of the kubeconfig.</summary>
    public Task<CommandResult> ShellAsync(string script) =>
        EndAsync("bash", null, "-c", $"SERVER=https://{server.Address}:{server.ApiPort}; kubectl() {{ command kubectl --server $SERVER \"$@\"; }}; cd {Path.GetDirectoryName(kubeconfig)}\n{script}");

    /// <summary>Runs a command.</summary>
    public Task<CommandResult> RunAsync(string? input, params string[] arguments) =>
        EndAsync("kubectl", input, ["--server", $"https://{server.Address}:{server.ApiPort}", .. arguments]);

    private async Task<CommandResult> EndAsync(string program, string? input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = kubeconfig;
        // kubectl caches discovery below its home.
        start.Environment["HOME"] = Path.GetDirectoryName(kubeconfig);
        return await CommandResult.OfAsync(start, Patience, input);
    }
}
