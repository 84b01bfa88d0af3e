using System.CommandLine;
using System.Text.Json;
using ActorNet.Cli.Client;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet status`: what the hosts on this machine say of themselves.</summary>
internal static class StatusCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> stateDir = RootCommandFactory.StateDirectory();
        var output = new Option<string?>("-o", "--output") { Description = "json for programs; default: a table", HelpName = "FORMAT" };
        var command = new Command("status", "Show hosts, members, tunnel peers, drops and frame memory") { stateDir, output };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            var all = new List<Host.HostStatus>();
            foreach (HostClient host in HostClient.Find(result.GetValue(stateDir)!))
            {
                all.Add(await host.GetAsync<Host.HostStatus>("actornet/v1/status", ct).ConfigureAwait(false));
                host.Dispose();
            }

            if (result.GetValue(output) == "json")
                Console.WriteLine(JsonSerializer.Serialize(all, Indented));
            else
                Print(all);
            return 0;
        }));
        return command;
    }

    private static void Print(List<Host.HostStatus> all)
    {
        TextTable.Write(
            Console.Out, ["HOST", "PID", "CONTROL", "MEMBERS", "REGISTRY", "UNDERLAY", "PODS", "SENT", "RECEIVED", "DROPS"],
            all.Select(s => new[]
            {
                s.Node, $"{s.ProcessId}", s.ControlState, $"{s.Members.Count}", s.RegistryHost ?? "-", s.Underlay, s.PodCidr,
                $"{s.DatagramsSent}", $"{s.DatagramsReceived}", $"{s.Drops.Values.Sum()}",
            }));
        foreach (Host.HostStatus s in all.Where(s => s.Drops.Count > 0))
            Console.WriteLine($"{s.Node} dropped: {string.Join(", ", s.Drops.OrderByDescending(d => d.Value).Select(d => $"{d.Key} {d.Value}"))}");
    }
}
