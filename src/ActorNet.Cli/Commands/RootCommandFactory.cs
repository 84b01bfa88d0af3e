using System.CommandLine;
using ActorNet.Cli.Client;

namespace ActorNet.Cli.Commands;

/// <summary>The command line: the tree of verbs and what is common to them.</summary>
internal static class RootCommandFactory
{
    /// <summary>Exit code for a wrong use or a refusal; the message says which.</summary>
    public const int UsageExitCode = 2;

    /// <summary>Where a host keeps its state when nothing is said.</summary>
    public static string DefaultStateDirectory =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".actornet");

    /// <summary>Makes the tree.</summary>
    public static RootCommand Create()
    {
        var root = new RootCommand("A Kubernetes cluster's network on any set of machines, from plain processes. Exit codes: 0 done; 1 the command ran and failed; 2 wrong use or refused, nothing was done; `exec` gives the command's own.");
        root.Subcommands.Add(DemoCommand.Create());
        root.Subcommands.Add(UpCommand.Create());
        root.Subcommands.Add(DownCommand.Create());
        root.Subcommands.Add(NodeCommand.Create());
        root.Subcommands.Add(JoinCommand.Create());
        root.Subcommands.Add(LeaveCommand.Create());
        root.Subcommands.Add(TokenCommand.Create());
        root.Subcommands.Add(PodCommand.Create());
        root.Subcommands.Add(ExecCommand.Create());
        root.Subcommands.Add(LogsCommand.Create());
        root.Subcommands.Add(CaptureCommand.Create());
        root.Subcommands.Add(FaultCommand.Create());
        root.Subcommands.Add(StatusCommand.Create());
        root.Subcommands.Add(BenchCommand.Create());
        return root;
    }

    /// <summary>Runs an action and turns a refusal into a message and exit code 2.</summary>
    /// <param name="action">The action.</param>
    public static async Task<int> GuardAsync(Func<Task<int>> action)
    {
        // Ctrl-C and SIGTERM are listened to when an action has returned its task: what it does before that must not be what has to be cleaned up.
        await Task.Yield();
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (Exception e) when (e is UsageException or NotHereException)
        {
            await Console.Error.WriteLineAsync($"actornet: {e.Message}").ConfigureAwait(false);
            return UsageExitCode;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A disk that filled up or was taken away meanwhile: the system's words name the file.
            await Console.Error.WriteLineAsync($"actornet: {e.Message}").ConfigureAwait(false);
            return 1;
        }
    }
}
