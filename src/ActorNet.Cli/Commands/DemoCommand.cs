using System.CommandLine;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet demo`: two host processes, three pods, pings, UDP and a curl between them, and the walks of packets device by device.</summary>
internal static class DemoCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var keep = new Option<bool>("--keep") { Description = "Leave the two hosts running until Ctrl-C, for `actornet exec`" };
        var command = new Command("demo", "The whole story in one command, on this machine") { keep };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(() => RunAsync(result.GetValue(keep), ct)));
        return command;
    }

    private static async Task<int> RunAsync(bool keep, CancellationToken ct)
    {
        string state = Path.Combine(Path.GetTempPath(), $"actornet-demo-{Environment.ProcessId}");
        IReadOnlyList<LabAddress> at = LabAddress.Choose(2);
        try
        {
            Console.WriteLine("Two hosts, one cluster");
            await using LabHost n1 = await StartAsync("n1", at[0], state, null, ct).ConfigureAwait(false);
            await using LabHost n2 = await StartAsync("n2", at[1], state, at[0].Control, ct).ConfigureAwait(false);
            using HostClient first = n1.Connect();
            using HostClient second = n2.Connect();
            Console.WriteLine("\nThree pods (scenarios/first-light/pods.yaml)");
            Dictionary<string, PodRow> pods = await RunPodsAsync([first, second], ct).ConfigureAwait(false);
            string server = pods["server"].PodIp;
            bool passed = await ExecAsync(first, "client", ["ping", "-c", "3", "-i", "0.2", server], null, ct).ConfigureAwait(false);
            passed &= await ExecAsync(first, "client", ["ping", "-c", "2", "-i", "0.2", pods["neighbour"].PodIp], null, ct).ConfigureAwait(false);
            passed &= await ExecAsync(first, "client", ["nc", "-u", "-w", "1", server, "8081"], "hostname\n", ct).ConfigureAwait(false);
            await ShowWalkAsync(first, second, pods["client"].PodIp, server, ct).ConfigureAwait(false);
            passed &= await ShowCurlAsync(first, second, server, ct).ConfigureAwait(false);
            Console.WriteLine("\nWhat the node forwards by");
            passed &= await ExecAsync(first, null, ["ip", "route"], null, ct).ConfigureAwait(false);
            passed &= await ExecAsync(first, null, ["bridge", "fdb", "show", "dev", "flannel.1"], null, ct).ConfigureAwait(false);
            if (keep)
                await KeepAsync(state, server, ct).ConfigureAwait(false);
            Console.WriteLine("\nStopping both hosts");
            if (!passed)
            {
                await Console.Error.WriteLineAsync("actornet demo: a command above failed; that is a bug, please report it with this output.").ConfigureAwait(false);
                return 1;
            }

            PrintNext();
            return 0;
        }
        finally
        {
            if (Directory.Exists(state))
                Directory.Delete(state, recursive: true);
        }
    }

    private static async Task<LabHost> StartAsync(string name, LabAddress at, string state, string? join, CancellationToken ct)
    {
        Console.Write($"  {name}: node {at.NodeIp}, tunnel on UDP {at.Address}:{at.UnderlayPort}, control on TCP {at.Control} ... ");
        LabHost host = await LabHost.StartAsync(name, at.Address, state, join, [.. at.Options, "--profile", "lab"], ct).ConfigureAwait(false);
        Console.WriteLine($"ready (process {host.ProcessId})");
        return host;
    }

    private static async Task<Dictionary<string, PodRow>> RunPodsAsync(IEnumerable<HostClient> hosts, CancellationToken ct)
    {
        ManifestBody manifests = ManifestBody.Read(ScenarioFile(), null);
        var pods = new Dictionary<string, PodRow>(StringComparer.Ordinal);
        foreach (HostClient host in hosts)
        {
            foreach (PodRow pod in await host.PostAsync<ManifestBody, PodRow[]>("actornet/v1/pods", manifests, ct).ConfigureAwait(false))
            {
                pods[pod.Name] = pod;
                Console.WriteLine($"  pod/{pod.Name,-10} on {pod.Node}  {pod.PodIp}");
            }
        }

        return pods;
    }

    private static async Task<bool> ExecAsync(HostClient host, string? pod, string[] command, string? stdin, CancellationToken ct)
    {
        Console.WriteLine($"\n{(pod is null ? "node/n1" : $"pod/{pod}")}$ {string.Join(' ', command)}{(stdin is null ? "" : $" <<< {stdin.Trim()}")}");
        var request = new ExecRequest(pod is null ? "node/n1" : $"pod/{pod}", command, stdin);
        return await host.ExecAsync(request, Console.Out, Console.Error, ct).ConfigureAwait(false) == 0;
    }

    private static async Task ShowWalkAsync(HostClient first, HostClient second, string client, string server, CancellationToken ct)
    {
        Console.WriteLine($"\nThe walk of one echo request and its reply, from the hop records of both hosts");
        await RecordAsync([first, second], new TraceRequest(server, "icmp"), ct).ConfigureAwait(false);
        await first.ExecAsync(new ExecRequest("pod/client", ["ping", "-q", "-c", "1", server], null), TextWriter.Null, Console.Error, ct).ConfigureAwait(false);
        HopPrinter.Print(Console.Out, await RecordedAsync([first, second], ct).ConfigureAwait(false));
    }

    // The server's Kestrel says from which address the client's HttpClient came.
    private static async Task<bool> ShowCurlAsync(HostClient first, HostClient second, string server, CancellationToken ct)
    {
        await RecordAsync([first, second], new TraceRequest(server, "tcp"), ct).ConfigureAwait(false);
        string[] command = ["curl", "-sS", "-w", @"\nHTTP %{http_code} in %{time_total} s\n", $"http://{server}:8080/clientip"];
        bool passed = await ExecAsync(first, "client", command, null, ct).ConfigureAwait(false);
        Console.WriteLine("\nThe walks of its packets, from the hop records of both hosts");
        HopPrinter.PrintSummary(Console.Out, await RecordedAsync([first, second], ct).ConfigureAwait(false));
        return passed;
    }

    private static async Task RecordAsync(HostClient[] hosts, TraceRequest request, CancellationToken ct)
    {
        foreach (HostClient host in hosts)
            await host.PostAsync<TraceRequest, int>("actornet/v1/trace", request, ct).ConfigureAwait(false);
    }

    private static async Task<List<HopRow>> RecordedAsync(HostClient[] hosts, CancellationToken ct)
    {
        var hops = new List<HopRow>();
        foreach (HostClient host in hosts)
            hops.AddRange(await host.GetAsync<HopRow[]>("actornet/v1/trace", ct).ConfigureAwait(false));
        return hops;
    }

    private static async Task KeepAsync(string state, string server, CancellationToken ct)
    {
        Console.WriteLine($"\nThe lab runs until Ctrl-C. Try in another shell:\n  actornet exec --state-dir {state} pod/client -- ping {server}\n  actornet exec --state-dir {state} node/n1 -- ip link set flannel.1 down\n  actornet status --state-dir {state}");
        try
        {
            await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C is how the user ends the lab.
        }
    }

    private static void PrintNext()
    {
        string run = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? "dotnet run -c Release --project src/ActorNet.Cli --" : "actornet";
        Console.WriteLine($"""

            Next:
              {run} demo --keep                 the same, and the lab stays for your own commands
              {run} bench dataplane             how fast it forwards here
              {run} node --init --help          the first host of a cluster on real machines
            """);
    }

    private static string ScenarioFile()
    {
        const string relative = "scenarios/first-light/pods.yaml";
        string file = Path.Combine(AppContext.BaseDirectory, relative);
        return File.Exists(file) ? file : throw new UsageException($"{relative} is not beside the executable ({AppContext.BaseDirectory}): build the project again.");
    }
}
