using System.CommandLine;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet capture WHERE...`: frames as they pass devices, in a pcapng file.</summary>
internal static class CaptureCommand
{
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(5);

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var where = new Argument<string[]>("WHERE") { Description = "node/NAME or pod/NAME for all devices there, or with :DEVICE for one. Example: node/n1:flannel.1 pod/client:eth0", Arity = ArgumentArity.OneOrMore };
        var hosts = new HostSelection();
        var write = new Option<string>("-w", "--write") { Description = "File, or - for standard output. Example: -w - | tshark -r -", DefaultValueFactory = _ => "capture.pcapng", HelpName = "FILE" };
        var seconds = new Option<double?>("--seconds") { Description = "End after this time. Default: at Ctrl-C", HelpName = "S" };
        var count = new Option<long?>("--count") { Description = "End after this many packets", HelpName = "N" };
        var command = new Command("capture", "Capture frames at devices into a pcapng file: actornet capture pod/client:eth0 -w client.pcapng") { where, hosts.StateDirectory, hosts.Lab, write, seconds, count };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(() => RunAsync(
            [.. result.GetValue(where)!.Select(Parse)], hosts.DirectoryOf(result), result.GetValue(write)!, result.GetValue(seconds), result.GetValue(count), ct)));
        return command;
    }

    private static CaptureRequest Parse(string where)
    {
        int colon = where.IndexOf(':', StringComparison.Ordinal);
        string target = colon < 0 ? where : where[..colon];
        if ((!target.StartsWith("node/", StringComparison.Ordinal) && !target.StartsWith("pod/", StringComparison.Ordinal)) || colon == where.Length - 1)
            throw new UsageException($"{where}: neither node/NAME nor pod/NAME, with or without :DEVICE. Example: actornet capture node/n1:flannel.1 pod/client:eth0");
        return new CaptureRequest(target, colon < 0 ? null : where[(colon + 1)..]);
    }

    private static async Task<int> RunAsync(CaptureRequest[] requests, string stateDirectory, string path, double? seconds, long? count, CancellationToken ct)
    {
        if (seconds is <= 0 or > 1e6 or double.NaN)
            throw new UsageException($"--seconds {seconds}: give a time above 0 and at most 1000000.");
        if (count is <= 0)
            throw new UsageException($"--count {count}: give at least 1.");
        IReadOnlyList<HostClient> hosts = HostClient.Find(stateDirectory);
        var captures = new List<RunningCapture>();
        try
        {
            foreach (CaptureRequest request in requests)
                captures.Add(await StartAsync(hosts, request, ct).ConfigureAwait(false));
            // Opened only now: a refused command leaves an older file as it was.
            await using Stream output = path == "-" ? Console.OpenStandardOutput() : Create(path);
            var file = new CaptureFile(output, count);
            await Console.Error.WriteLineAsync($"capturing into {(path == "-" ? "standard output" : path)}; Ctrl-C ends").ConfigureAwait(false);
            await PumpAsync(captures, file, seconds, ct).ConfigureAwait(false);
            await Console.Error.WriteLineAsync($"{file.Packets} packets captured").ConfigureAwait(false);
            return 0;
        }
        finally
        {
            captures.ForEach(c => c.Dispose());
            foreach (HostClient host in hosts)
                host.Dispose();
        }
    }

    private static async Task PumpAsync(List<RunningCapture> captures, CaptureFile file, double? seconds, CancellationToken ct)
    {
        Task all = Task.WhenAll(captures.Select(c => file.AddAsync(c.File)));
        using var timeUp = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task end = Task.Delay(seconds is { } s ? TimeSpan.FromSeconds(s) : Timeout.InfiniteTimeSpan, timeUp.Token);
        await Task.WhenAny(all, end, file.Full).ConfigureAwait(false);
        await timeUp.CancelAsync().ConfigureAwait(false);
        // Each host sends what it still holds and ends its file; one that hangs is not waited for.
        await Task.WhenAny(Task.WhenAll(captures.Select(c => c.StopAsync()).Append(all)), Task.Delay(EndPatience, CancellationToken.None)).ConfigureAwait(false);
        if (all.IsFaulted)
            await all.ConfigureAwait(false);
    }

    private static async Task<RunningCapture> StartAsync(IReadOnlyList<HostClient> hosts, CaptureRequest request, CancellationToken ct)
    {
        var answers = new List<string>();
        foreach (HostClient host in hosts)
        {
            try
            {
                return await host.CaptureAsync(request, ct).ConfigureAwait(false);
            }
            catch (NotHereException e)
            {
                answers.Add(e.Message);
            }
        }

        throw new UsageException($"{request.Target}: not found. {string.Join(" ", answers)}");
    }

    private static FileStream Create(string path)
    {
        try
        {
            return File.Create(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"-w {path}: cannot be written: {e.Message}");
        }
    }
}
