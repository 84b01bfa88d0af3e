using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Kubernetes.Faults;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet fault add|list|clear`: what goes wrong on purpose, on links that carry frames and on control links.</summary>
internal static class FaultCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command("fault", "Put faults on links, list them and clear them; the same seed, place and flow meet the same fate in every run");
        command.Subcommands.Add(CreateAdd());
        command.Subcommands.Add(CreateList());
        command.Subcommands.Add(CreateClear());
        return command;
    }

    private static Command CreateAdd()
    {
        var link = new Argument<string>("LINK") { Description = "pod/NAME:DEVICE or node/NAME:DEVICE: a pod's eth0, a veth on the node, or flannel.1; node/NAME:control for the host's control link to --peer" };
        var options = new FaultOptionSet();
        var hosts = new HostSelection();
        Option<string?> output = Output();
        var command = new Command("add", """
            Put a fault on a link; it acts at once
              actornet fault add pod/client:eth0 --loss 1% --direction egress --seed 7 --duration 30s
              actornet fault add node/n1:flannel.1 --peer n2 --delay 20ms --jitter 5ms
              actornet fault add node/n1:control --peer n2 --cut
            """) { link };
        options.AddTo(command);
        command.Options.Add(hosts.StateDirectory);
        command.Options.Add(hosts.Lab);
        command.Options.Add(output);
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            bool json = IsJson(result.GetValue(output));
            FaultOrder order = options.Read(result, result.GetValue(link)!);
            FaultRow row = await ExecCommand.OnOwnerAsync(
                hosts.DirectoryOf(result), order.Target, host => host.PostAsync<FaultOrder, FaultRow>("actornet/v1/faults", order, ct)).ConfigureAwait(false);
            if (json)
                Console.WriteLine(JsonSerializer.Serialize(row, Json));
            else
                Console.WriteLine($"fault {row.Id} on {Where(row)}: {row.Impairment}, seed {row.Seed}{(row.SecondsLeft is { } s ? string.Create(CultureInfo.InvariantCulture, $", for {s:0.#} s") : "")}");
            return 0;
        }));
        return command;
    }

    private static Command CreateList()
    {
        var hosts = new HostSelection();
        Option<string?> output = Output();
        var command = new Command("list", "List the faults and what each has done: actornet fault list --state-dir ./lab") { hosts.StateDirectory, hosts.Lab, output };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            bool json = IsJson(result.GetValue(output));
            FaultRow[] rows = await OnAllAsync(hosts.DirectoryOf(result), host => host.GetAsync<FaultRow[]>("actornet/v1/faults", ct)).ConfigureAwait(false);
            if (json)
                Console.WriteLine(JsonSerializer.Serialize(rows, Json));
            else
                Print(rows);
            return 0;
        }));
        return command;
    }

    private static Command CreateClear()
    {
        var id = new Argument<string?>("ID") { Description = "A fault's id, from `fault list`", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "Clear all faults of all hosts found" };
        var hosts = new HostSelection();
        Option<string?> output = Output();
        var command = new Command("clear", "Take faults out; frames that they held are delivered: actornet fault clear n1-1, or --all") { id, all, hosts.StateDirectory, hosts.Lab, output };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            bool json = IsJson(result.GetValue(output));
            string directory = hosts.DirectoryOf(result);
            if (result.GetValue(all) == result.GetValue(id) is not null)
                throw new UsageException("fault clear: give one fault's ID, or --all. `actornet fault list` shows the ids.");
            FaultRow[] rows = result.GetValue(id) is { } one
                ? [await ExecCommand.OnOwnerAsync(directory, $"fault {one}", host => host.DeleteAsync<FaultRow>($"actornet/v1/faults/{Uri.EscapeDataString(one)}", ct)).ConfigureAwait(false)]
                : await OnAllAsync(directory, host => host.DeleteAsync<FaultRow[]>("actornet/v1/faults", ct)).ConfigureAwait(false);
            if (json)
                Console.WriteLine(JsonSerializer.Serialize(rows, Json));
            foreach (FaultRow row in json ? [] : rows)
                Console.WriteLine($"fault {row.Id} cleared: {row.Impairment} on {Where(row)}, decided {row.Decided}, dropped {row.Dropped}");
            return 0;
        }));
        return command;
    }

    private static Option<string?> Output() => new("-o", "--output") { Description = "json for programs; default: text", HelpName = "FORMAT" };

    private static bool IsJson(string? output) => output switch
    {
        null => false,
        "json" => true,
        _ => throw new UsageException($"-o {output}: unknown format. Give json, or leave it out for text."),
    };

    private static string Where(FaultRow row) => $"{row.Link} {row.Direction}{(row.Peer is null ? "" : $" towards {row.Peer}")}";

    private static void Print(FaultRow[] rows) => TextTable.Write(
        Console.Out, ["ID", "LINK", "PEER", "DIRECTION", "FAULT", "SEED", "LEFT", "DECIDED", "DROPPED", "DOUBLED", "CORRUPTED", "HELD"],
        rows.Select(r => new[]
        {
            r.Id, r.Link, r.Peer ?? "-", r.Direction, r.Impairment, $"{r.Seed}", r.SecondsLeft is { } s ? string.Create(CultureInfo.InvariantCulture, $"{s:0}s") : "-",
            $"{r.Decided}", $"{r.Dropped}", $"{r.Duplicated}", $"{r.Corrupted}", $"{r.Held}",
        }));

    private static async Task<FaultRow[]> OnAllAsync(string stateDirectory, Func<HostClient, Task<FaultRow[]>> ask)
    {
        var rows = new List<FaultRow>();
        foreach (HostClient host in HostClient.Find(stateDirectory))
        {
            using (host)
                rows.AddRange(await ask(host).ConfigureAwait(false));
        }

        return [.. rows];
    }
}
