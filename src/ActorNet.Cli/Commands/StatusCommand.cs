using System.CommandLine;
using System.Text.Json;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;
using ActorNet.Cluster.Api;
using ActorNet.Node.Edge;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet status`: what the hosts on this machine say of themselves; with --actors, which actors they and those that they reach run.</summary>
internal static class StatusCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var hosts = new HostSelection();
        var output = new Option<string?>("-o", "--output") { Description = "json for programs; default: a table", HelpName = "FORMAT" };
        var actors = new Option<bool>("--actors") { Description = "Show the actor trees of all hosts that are reached, with the dispatcher of each actor and its threads" };
        var watch = new Option<bool>("--watch") { Description = "Show it again every second until Ctrl-C" };
        var command = new Command("status", "Show a lab's hosts, nodes and pods, or single hosts: members, tunnel peers, drops and frame memory: actornet status --watch") { hosts.StateDirectory, hosts.Lab, output, actors, watch };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            bool json = result.GetValue(output) switch
            {
                null => false,
                "json" => true,
                string other => throw new UsageException($"-o {other}: unknown format. Give json, or leave it out for a table."),
            };
            string directory = hosts.DirectoryOf(result);
            Func<Task> show = result.GetValue(actors) ? () => ShowActorsAsync(directory, json, ct) : () => ShowAsync(directory, json, ct);
            if (result.GetValue(watch))
                await WatchAsync(show, ct).ConfigureAwait(false);
            else
                await show().ConfigureAwait(false);
            return 0;
        }));
        return command;
    }

    private static async Task WatchAsync(Func<Task> show, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Period);
        try
        {
            do
            {
                // ECMA-48: cursor home, erase the display. Into a file or a pipe go the tables alone.
                if (!Console.IsOutputRedirected)
                    Console.Write("\u001b[H\u001b[2J");
                await show().ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(ct).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C is how a watch ends.
        }
    }

    private static async Task ShowAsync(string directory, bool json, CancellationToken ct)
    {
        var lab = LabDirectory.At(directory);
        if (LabRecord.Load(lab) is { } record)
            await ShowLabAsync(lab, record, json, ct).ConfigureAwait(false);
        else
            await ShowHostsAsync(directory, json, ct).ConfigureAwait(false);
    }

    private static async Task ShowLabAsync(LabDirectory lab, LabRecord record, bool json, CancellationToken ct)
    {
        LabStatus status = await LabStatus.AskAsync(lab, record, ct).ConfigureAwait(false);
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(status, Indented));
        else
            Print(lab, record, status);
    }

    private static async Task ShowHostsAsync(string directory, bool json, CancellationToken ct)
    {
        List<HostStatus> all = await AskAsync(directory, host => host.GetAsync<HostStatus>("actornet/v1/status", ct)).ConfigureAwait(false);
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(all, Indented));
        else
            Print(all);
    }

    // Every host answers for all that it reaches: the same host comes several times.
    private static async Task ShowActorsAsync(string directory, bool json, CancellationToken ct)
    {
        List<HostActors[]> answers = await AskAsync(directory, host => host.GetAsync<HostActors[]>("actornet/v1/actors", ct)).ConfigureAwait(false);
        HostActors[] hosts = [.. answers.SelectMany(a => a).DistinctBy(h => h.Host).OrderBy(h => h.Host, StringComparer.Ordinal)];
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(hosts, Indented));
        else
            Print(hosts);
    }

    private static async Task<List<T>> AskAsync<T>(string directory, Func<HostClient, Task<T>> ask)
    {
        var answers = new List<T>();
        foreach (HostClient host in HostClient.Find(directory))
        {
            using (host)
                answers.Add(await ask(host).ConfigureAwait(false));
        }

        return answers;
    }

    private static void Print(LabDirectory lab, LabRecord record, LabStatus status)
    {
        Console.WriteLine($"lab {record.Name} in {lab.Root}{(record.IsDetached ? ", detached" : "")}\nkubeconfig: {status.Kubeconfig}\n");
        TextTable.Write(Console.Out, ["HOST", "PROCESS", "STATE", "UNDERLAY", "NODE-IP"], status.Hosts.Select(static h => new[] { h.Name, $"{h.ProcessId}", StateOf(h), h.Address, h.NodeIp }));
        if (status.Hosts.Any(static h => !h.IsAlive))
            Console.WriteLine($"What a dead host said last is in {lab.LogOf("NAME")}; `actornet down{LabStart.Which(lab)}` ends the lab.");
        Console.WriteLine();
        if (status.ApiError is { } error)
        {
            Console.WriteLine($"Nodes and pods are not known: the API does not answer ({error}).");
        }
        else
        {
            TextTable.Write(Console.Out, ["NODE", "STATUS", "INTERNAL-IP", "PODS"], status.Nodes.Select(static n => new[] { n.Name, n.IsReady ? "Ready" : "NotReady", n.InternalIp ?? "-", n.PodCidr ?? "-" }));
            Console.WriteLine();
            if (status.Pods.Count == 0)
                Console.WriteLine("No pods.");
            else
                TextTable.Write(Console.Out, ["NAMESPACE", "POD", "STATUS", "IP", "NODE"], status.Pods.Select(static p => new[] { p.Namespace, p.Name, p.Phase, p.PodIp ?? "-", p.Node ?? "-" }));
        }

        List<HostStatus> answered = [.. status.Hosts.Select(static h => h.Status).OfType<HostStatus>()];
        if (answered.Count == 0)
            return;
        Console.WriteLine();
        Print(answered);
    }

    private static string StateOf(LabHostStatus host) => !host.IsAlive ? "dead" : host.Status is null ? "alive, no answer" : "alive";

    private static void Print(List<HostStatus> all)
    {
        TextTable.Write(
            Console.Out, ["HOST", "PID", "CONTROL", "MEMBERS", "API-SERVER", "CACHES", "UNDERLAY", "PODS", "SENT", "RECEIVED", "DROPS"],
            all.Select(s => new[]
            {
                s.Node, $"{s.ProcessId}", s.ControlState, $"{s.Members.Count}", s.ApiServerHost ?? "-", Lag(s.Caches), s.Underlay, s.PodCidr,
                $"{s.DatagramsSent}", $"{s.DatagramsReceived}", $"{s.Drops.Values.Sum()}",
            }));
        foreach (string line in ClusterLines(all))
            Console.WriteLine(line);
        foreach (string line in StoreLines(all))
            Console.WriteLine(line);
        foreach (HostStatus s in all.Where(s => s.Drops.Count > 0))
            Console.WriteLine($"{s.Node} dropped: {string.Join(", ", s.Drops.OrderByDescending(d => d.Value).Select(d => $"{d.Key} {d.Value}"))}");
        foreach ((string node, string text) in all.SelectMany(static s => s.LanProblems.Select(p => (s.Node, p))))
            Console.WriteLine($"{node} LAN: {text}");
        foreach (HostStatus s in all.Where(static s => s.KubeProxy is { LastError: not null } or { Failures: > 0 }))
            Console.WriteLine($"{s.Node} kube-proxy: {s.KubeProxy.Failures} programs refused{(s.KubeProxy.LastError is { } error ? $"; the last is not in force: {error.Trim()}" : "; the last is in force")}");
        foreach ((string node, string text) in all.SelectMany(static s => s.KubeProxy.Problems.Select(p => (s.Node, p))))
            Console.WriteLine($"{node} kube-proxy: {text}");
        foreach ((string node, EdgePortStatus port) in all.SelectMany(static s => s.Edge.Ports.Where(static p => p.Note is not null).Select(p => (s.Node, p))))
            Console.WriteLine($"{node} {port.Owner} {port.Target}: {port.Note}");
        foreach ((string node, HttpPortStatus port) in all.SelectMany(static s => s.Http.Where(static h => h.TimesFull > 0 || h.Cut.Count > 0).Select(h => (s.Node, h))))
            Console.WriteLine($"{node} HTTP: {Describe(port)}");
        foreach (HostStatus s in all.Where(static s => s.Api is { Watches: > 0 } or { WatchesRefused: > 0 } or { SlowReaders: > 0 } or { SlowBodies: > 0 } or { Cached: > 0 } or { ListsRefused: > 0 }))
            Console.WriteLine($"{s.Node} API: {s.Api!.Watches} watches open of {s.Api.WatchesOpened}, refused {s.Api.WatchesRefused}, lists refused {s.Api.ListsRefused}, ended for not reading {s.Api.SlowReaders}, bodies too slow {s.Api.SlowBodies}, reads of its own copy {s.Api.Cached}");
        foreach (HostStatus s in all.Where(static s => s.Streams is { Refused: > 0 } or { NeverOpened: > 0 } or { Deserted: > 0 }))
            Console.WriteLine($"{s.Node} streams: {s.Streams!.Open} open of {s.Streams.Opened}, refused {s.Streams.Refused}, never opened by their clients {s.Streams.NeverOpened}, left by them {s.Streams.Deserted}");
    }

    // Where all see the same, it is said once.
    private static IEnumerable<string> ClusterLines(List<HostStatus> all)
    {
        foreach (IGrouping<string, HostStatus> same in all.GroupBy(ClusterLine, StringComparer.Ordinal))
            yield return same.Count() == all.Count ? same.Key : $"{string.Join(", ", same.Select(static s => s.Node))}: {same.Key}";
        foreach (IGrouping<string, HostStatus> same in all.GroupBy(static s => s.Version, StringComparer.Ordinal).OrderBy(static g => g.Key, StringComparer.Ordinal))
            yield return $"version {same.Key}: {string.Join(", ", same.Select(static s => s.Node))}";
    }

    private static string ClusterLine(HostStatus s)
    {
        string singleton = s.Singleton is { } known ? $"singletons on {known.Host}{(known.Pid is { } pid ? $", process {pid}" : "")}" : "singletons nowhere that it knows of";
        IEnumerable<string> members = s.Cluster.Select(static m => $"{m.Name} {m.Address} {m.State}{(m.IsReachable ? "" : " UNREACHABLE")}");
        return $"{singleton}; members {(s.Cluster.Count == 0 ? "none: cut off" : string.Join(", ", members))}";
    }

    // The leader knows best; without one each host says what it sees.
    private static IEnumerable<string> StoreLines(List<HostStatus> all)
    {
        if (all.FirstOrDefault(static s => s.Store.State == "etcd") is { } asks)
            yield return $"store: etcd at {asks.Store.Leader}";
        HostStatus[] kept = [.. all.Where(static s => s.Store.State is not ("memory" or "etcd"))];
        HostStatus[] shown = kept.FirstOrDefault(static s => s.Store.State == "leads") is { } leader ? [leader] : kept;
        foreach (HostStatus s in shown)
            yield return $"{s.Node} store: {s.Store.State}, revision {s.Store.Revision}, members {(s.Store.Members.Count == 0 ? "none" : string.Join(", ", s.Store.Members))}{(s.Store.State == "waits" ? ": a majority of them must run before the API serves" : "")}";
        foreach (HostStatus s in kept.Where(static s => s.Store.Problem is not null))
            yield return $"{s.Node} store: {s.Store.Problem}";
    }

    // All views are as far as what was heard, or those that are not, with how many revisions they are behind.
    private static string Lag(IReadOnlyList<CacheStatus> caches)
    {
        CacheStatus[] late = [.. caches.Where(static c => !c.IsSynced)];
        return late.Length == 0 ? "synced" : string.Join(',', late.Select(static c => $"{c.Topic}:-{c.Behind}"));
    }

    private static string Describe(HttpPortStatus port) =>
        $"{port.Pod}:{port.Port} {port.Open} open of {port.Accepted}, full {port.TimesFull} times, cut: {(port.Cut.Count == 0 ? "none" : string.Join(", ", port.Cut.Select(static c => $"{c.Key} {c.Value}")))}";

    private static void Print(HostActors[] hosts)
    {
        foreach ((HostActors host, SystemActors system) in hosts.SelectMany(h => h.Systems.Select(s => (h, s))))
        {
            Console.WriteLine($"{host.Host}: {system.System}");
            TextTable.Write(Console.Out, ["ACTOR", "TYPE", "DISPATCHER"], system.Actors.Select(a => new[] { $"{Indent(a.Path)}{Name(a.Path)}", a.Type, a.Dispatcher }));
            foreach (DispatcherRow d in system.Dispatchers)
                Console.WriteLine($"{d.Id}: {d.Kind}, {(d.Kind == "ForkJoinDispatcher" ? $"{d.Threads} threads of its own" : $"the process's thread pool, {d.Threads} threads now")}");
            if (system.Actors.Count >= ActorTree.MaxActors)
                Console.WriteLine($"The first {ActorTree.MaxActors} actors are shown.");
            Console.WriteLine();
        }
    }

    private static string Indent(string path) => new(' ', 2 * (path.Count(c => c == '/') - 1));

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];
}
