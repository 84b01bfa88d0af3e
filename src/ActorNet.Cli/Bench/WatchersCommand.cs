using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorNet.Cli.Commands;

namespace ActorNet.Cli.Bench;

/// <summary>
/// `actornet bench watchers`: many watchers in a process of their own. `bench control` starts it; it is not for users. It says "ready" when all
/// watches are open, and answers each line "PHASE EVENTS" with what the watchers saw of that phase, as JSON.
/// </summary>
internal static class WatchersCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "watchers";

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var kubeconfig = new Argument<string>("KUBECONFIG") { Description = "The API" };
        var path = new Argument<string>("PATH") { Description = "What to watch" };
        var count = new Argument<int>("COUNT") { Description = "Watchers" };
        var command = new Command(Name, "Watchers of the API, for its measurement") { kubeconfig, path, count };
        command.Hidden = true;
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(() => RunAsync(result.GetValue(kubeconfig)!, result.GetValue(path)!, result.GetValue(count), ct)));
        return command;
    }

    private static async Task<int> RunAsync(string kubeconfig, string path, int count, CancellationToken ct)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using HttpClient http = KubeconfigHttp.Open(kubeconfig);
        var crowd = new WatcherCrowd(http, path);
        await crowd.OpenAsync(count, life.Token).ConfigureAwait(false);
        Console.WriteLine("ready");
        while (await Console.In.ReadLineAsync(ct).ConfigureAwait(false) is { } line)
        {
            string[] words = line.Split(' ');
            WatchersSaw saw = await crowd.ResultAsync(int.Parse(words[0], CultureInfo.InvariantCulture), long.Parse(words[1], CultureInfo.InvariantCulture), ct).ConfigureAwait(false);
            Console.WriteLine(JsonSerializer.Serialize(saw));
        }

        await life.CancelAsync().ConfigureAwait(false);
        return 0;
    }
}
