using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;

namespace ActorNet.Processes.Tests.Churn;

/// <summary>What one host holds at a quiet moment.</summary>
/// <param name="Host">Its name.</param>
/// <param name="Resources">What its process says of itself, behind a full collection.</param>
/// <param name="Connections">Conntrack entries of the node's namespace by state: "tcp TIME_WAIT", "udp".</param>
/// <param name="Sockets">Sockets of the node's namespace, as ss lists them.</param>
/// <param name="Watches">Watches open at the API.</param>
/// <param name="Links">Devices of the node's namespace.</param>
/// <param name="Rules">Lines of iptables-save.</param>
/// <param name="LogFiles">Files of the store's log that the process has open.</param>
/// <param name="History">Revisions of which the store has not forgotten what was.</param>
internal sealed partial record HostFigures(string Host, HostResources Resources, IReadOnlyDictionary<string, int> Connections, int Sockets, int Watches, int Links, int Rules, int LogFiles, long History)
{
    // Akka.Remote's, of one association.
    private static readonly string[] Connection = ["control EndpointReader", "control EndpointWriter", "control ProtocolStateActor"];

    /// <summary>Actors, but for those of a connection between two hosts, which come and go with it.</summary>
    public int Actors => Resources.Actors.Where(static each => !Connection.Contains(each.Key)).Sum(static each => each.Value);

    /// <summary>Handles, but for the files of the store's log: those go when a snapshot takes their place.</summary>
    public int Handles => Resources.Handles - LogFiles;

    /// <summary>Entries of connections that nobody has closed: all others go by themselves within two minutes.</summary>
    public int OpenConnections => Connections.Where(static each => each.Key.EndsWith("ESTABLISHED", StringComparison.Ordinal)).Sum(static each => each.Value);

    public static async Task<HostFigures> OfAsync(Lab lab, string name)
    {
        using HostClient host = HostClient.Find(lab.StateOf(name))[0];
        string conntrack = await SaysAsync(host, name, "conntrack", "-L"), sockets = await SaysAsync(host, name, "ss", "-H", "-a", "-n"), links = await SaysAsync(host, name, "ip", "-o", "link"), rules = await SaysAsync(host, name, "iptables-save");
        JsonElement status = await host.GetAsync<JsonElement>("actornet/v1/status", CancellationToken.None);
        return new HostFigures(
            name, await host.GetAsync<HostResources>("actornet/v1/resources", CancellationToken.None), States(conntrack), Lines(sockets),
            status.GetProperty("api") is { ValueKind: JsonValueKind.Object } api ? api.GetProperty("watches").GetInt32() : 0, Lines(links), Lines(rules),
            LogFilesOf(status.GetProperty("processId").GetInt32()), status.GetProperty("store").GetProperty("revision").GetInt64() - status.GetProperty("store").GetProperty("compactRevision").GetInt64());
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Host}: heap {Resources.HeapBytes / 1e6:0.0} MB with {History} revisions, in RAM {Resources.WorkingSetBytes / 1e6:0} MB, threads {Resources.Threads}, handles {Resources.Handles} with {LogFiles} log files, timers {Resources.Timers}, actors {Actors}, buffers {Resources.Pool.SmallOut}+{Resources.Pool.LargeOut}+{Resources.Pool.VectorsOut}, watches {Watches}, sockets {Sockets}, links {Links}, rules {Rules}, conntrack {string.Join(", ", Connections.Select(static each => $"{each.Key} {each.Value}"))}");

    /// <summary>Actor classes of which there are more than before, or fewer. Those of a connection between two hosts come and go with it.</summary>
    public string ActorsBeside(HostFigures before) => string.Join(", ", Resources.Actors.Keys.Union(before.Resources.Actors.Keys).Order(StringComparer.Ordinal)
        .Where(static name => !Connection.Contains(name)).Select(name => (Name: name, More: Resources.Actors.GetValueOrDefault(name) - before.Resources.Actors.GetValueOrDefault(name)))
        .Where(static each => each.More != 0).Select(static each => $"{each.Name} {each.More:+0;-0}"));

    private static async Task<string> SaysAsync(HostClient host, string node, params string[] command)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        using var errors = new StringWriter(CultureInfo.InvariantCulture);
        int exit = await host.ExecAsync(new ExecRequest($"node/{node}", command, null), output, errors, CancellationToken.None);
        Assert.True(exit == 0, $"{string.Join(' ', command)}: {errors}");
        return output.ToString();
    }

    private static int LogFilesOf(int process) => !OperatingSystem.IsLinux() ? 0
        : Directory.EnumerateFileSystemEntries(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/fd")).Count(static each => new FileInfo(each).LinkTarget?.Contains("/store/data/log/", StringComparison.Ordinal) == true);

    private static int Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private static SortedDictionary<string, int> States(string conntrack)
    {
        var states = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (Match entry in Entry().Matches(conntrack))
        {
            string state = $"{entry.Groups["protocol"].Value} {entry.Groups["state"].Value}".Trim();
            states[state] = states.GetValueOrDefault(state) + 1;
        }

        return states;
    }

    // conntrack(8) -L: protocol, its number, seconds left, for TCP the state.
    [GeneratedRegex(@"^(?<protocol>\w+) +\d+ \d+ (?<state>[A-Z_]+)?", RegexOptions.Multiline)]
    private static partial Regex Entry();
}
