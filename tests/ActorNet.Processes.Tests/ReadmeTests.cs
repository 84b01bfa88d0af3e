using System.Text.RegularExpressions;

namespace ActorNet.Processes.Tests;

/// <summary>What the README tells people to type, word for word, in a directory that holds a clone and nothing else.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public async Task The_readmes_commands_do_what_it_says_in_a_clone()
    {
        await using ReadmeShell shell = await ReadmeShell.InCloneAsync();
        string readme = await File.ReadAllTextAsync(Path.Combine(shell.Clone, "README.md"));

        // It builds what it runs.
        string demo = Assert.Single(BlockOf(readme, "## See it alive"));
        Assert.StartsWith("dotnet run -c Release --project src/ActorNet.Cli -- demo", demo, StringComparison.Ordinal);
        string story = await shell.TypeAsync(demo);
        DemoTests.AssertStory(story, DemoTests.SinglePeer);
        DemoTests.AssertHostsHaveEnded(story);
        Assert.Empty(Directory.EnumerateFileSystemEntries(shell.Temporary, "actornet-*"));

        string[] lab = BlockOf(readme, "## A lab on this machine");
        Assert.Equal("actornet up --detach", lab[0]);
        Assert.Equal("actornet down", lab[^1]);
        try
        {
            string shown = await shell.TypeAsync(lab[..^1]);
            Assert.Contains("3 nodes Ready after", shown, StringComparison.Ordinal);
            Assert.Contains("10.244.0.0/24 dev cni0", shown, StringComparison.Ordinal);
            Assert.Matches(@"n3\s+\d+\s+alive", shown);
            await UseKubectlAsync(shell, BlockOf(readme, "## With kubectl"));
            shown = await shell.TypeAsync(BlockOf(readme, "## Faults"));
            Assert.Matches(@"pod/client:eth0\b.*loss 1%", shown);
        }
        finally
        {
            Assert.Contains("lab lab is gone", await shell.TypeAsync(lab[^1]), StringComparison.Ordinal);
        }
    }

    private static async Task UseKubectlAsync(ReadmeShell shell, string[] commands)
    {
        string shown = await shell.TypeAsync(commands[..^1]);
        Assert.Contains("successfully rolled out", shown, StringComparison.Ordinal);
        Assert.Contains("pod/client condition met", shown, StringComparison.Ordinal);
        // A new Service's name and rules come by and by: who types has to type faster than this to meet a name that is not there yet.
        await Lab.UntilAsync(
            () => shell.TryAsync(commands[0], commands[^1]), static page => page.Output.Contains("Welcome to nginx!", StringComparison.Ordinal), commands[^1]);
    }

    // The lines of the first fenced block of commands below a heading.
    private static string[] BlockOf(string readme, string heading)
    {
        int from = readme.IndexOf(heading + "\n", StringComparison.Ordinal);
        Assert.True(from >= 0, $"README.md has no section '{heading}'");
        return FencedBlock().Match(readme, from).Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex FencedBlock();
}
