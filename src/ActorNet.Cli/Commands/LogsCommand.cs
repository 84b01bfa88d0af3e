using System.CommandLine;
using System.Globalization;
using ActorNet.Cli.Client;
using ActorNet.Workloads.Programs;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet logs POD`: what a container wrote, with kubectl's options, words and exit codes.</summary>
internal static class LogsCommand
{
    private const int KubectlErrorExitCode = 1;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var pod = new Argument<string>("POD") { Description = "Pod name, with or without pod/ before it" };
        var container = new Option<string?>("-c", "--container") { Description = "A container of the pod. Default: the first", HelpName = "NAME" };
        var follow = new Option<bool>("-f", "--follow") { Description = "Go on with what is written, until the container ends" };
        var tail = new Option<long>("--tail") { Description = "Lines from the end to begin with; -1 for all", DefaultValueFactory = _ => -1, HelpName = "N" };
        var since = new Option<string>("--since") { Description = "Only what is younger than a duration. Example: --since 5m", DefaultValueFactory = _ => "0s", HelpName = "DURATION" };
        var limit = new Option<long>("--limit-bytes") { Description = "End after so many bytes; 0 for no bound", HelpName = "N" };
        var timestamps = new Option<bool>("--timestamps") { Description = "Put the time before each line" };
        var previous = new Option<bool>("-p", "--previous") { Description = "The log of the container before its last restart" };
        var hosts = new HostSelection();
        var command = new Command("logs", "Print a container's log: actornet logs web -c nginx -f") { pod, container, follow, tail, since, limit, timestamps, previous, hosts.StateDirectory, hosts.Lab };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            string name = result.GetValue(pod)!;
            name = name.StartsWith("pod/", StringComparison.Ordinal) ? name["pod/".Length..] : name;
            if (Check(result.GetValue(tail), result.GetValue(since)!, result.GetValue(limit), out long sinceSeconds) is { } wrong)
                return await RefuseAsync(wrong).ConfigureAwait(false);
            string path = PathOf(name, new Dictionary<string, string?>
            {
                ["container"] = result.GetValue(container),
                ["follow"] = result.GetValue(follow) ? "true" : null,
                ["timestamps"] = result.GetValue(timestamps) ? "true" : null,
                ["previous"] = result.GetValue(previous) ? "true" : null,
                ["tailLines"] = result.GetValue(tail) < 0 ? null : Number(result.GetValue(tail)),
                ["limitBytes"] = result.GetValue(limit) == 0 ? null : Number(result.GetValue(limit)),
                ["sinceSeconds"] = sinceSeconds == 0 ? null : Number(sinceSeconds),
            });
            return await PrintAsync(hosts.DirectoryOf(result), name, path, ct).ConfigureAwait(false);
        }));
        return command;
    }

    private static async Task<int> PrintAsync(string stateDirectory, string pod, string path, CancellationToken ct)
    {
        await using Stream stdout = Console.OpenStandardOutput();
        IReadOnlyList<HostClient> hosts = HostClient.Find(stateDirectory);
        try
        {
            foreach (HostClient host in hosts)
            {
                try
                {
                    return await host.CopyLogAsync(path, stdout, Console.Error, ct).ConfigureAwait(false);
                }
                catch (NotHereException)
                {
                    // Another host may have it.
                }
            }

            return await RefuseAsync($"Error from server (NotFound): pods \"{pod}\" not found").ConfigureAwait(false);
        }
        catch (ServerRefusalException e)
        {
            return await RefuseAsync(e.Message).ConfigureAwait(false);
        }
        finally
        {
            foreach (HostClient host in hosts)
                host.Dispose();
        }
    }

    // What kubectl says of wrong values (kubectl pkg/cmd/logs; pflag for a duration that is none).
    private static string? Check(long tail, string since, long limit, out long sinceSeconds)
    {
        sinceSeconds = 0;
        if (!GoDuration.TryParse(since, out TimeSpan duration))
            return $"error: invalid argument \"{since}\" for \"--since\" flag: time: invalid duration \"{since}\"";
        if (duration < TimeSpan.Zero)
            return "error: --since must be greater than 0";
        if (tail < -1)
            return "error: --tail must be greater than or equal to -1";
        if (limit < 0)
            return "error: --limit-bytes must be greater than 0";
        sinceSeconds = duration == TimeSpan.Zero ? 0 : Math.Max(1, (long)Math.Round(duration.TotalSeconds));
        return null;
    }

    private static string PathOf(string pod, Dictionary<string, string?> query) =>
        $"actornet/v1/pods/{Uri.EscapeDataString(pod)}/log?"
        + string.Join('&', query.Where(static q => q.Value is not null).Select(static q => $"{q.Key}={Uri.EscapeDataString(q.Value!)}"));

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static async Task<int> RefuseAsync(string error)
    {
        await Console.Error.WriteLineAsync(error).ConfigureAwait(false);
        return KubectlErrorExitCode;
    }
}
