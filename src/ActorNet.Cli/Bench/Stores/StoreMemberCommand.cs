using System.CommandLine;
using System.Net;
using ActorNet.Cli.Commands;
using ActorNet.Cluster;
using ActorNet.Cluster.Stores;
using ActorNet.Cluster.Stores.Peers;

namespace ActorNet.Cli.Bench.Stores;

/// <summary>
/// `actornet bench store-member`: one member of the embedded store in a process of its own, without a host around it. The benchmark starts it; it is not for users.
/// It says "ready" when it takes part, and answers orders line by line: "add NAME", "leader", "flushes". It ends when its input does.
/// </summary>
internal static class StoreMemberCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "store-member";

    // etcd's own (server/embed/config.go, DefaultElectionMs): both stores go on with their leader through the same pauses of a busy machine.
    private static readonly TimeSpan ElectionTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var directory = new Argument<string>("DIRECTORY") { Description = "Where it keeps what it has" };
        var clients = new Argument<string>("CLIENTS") { Description = "Address and port for clients" };
        var name = new Argument<string>("NAME") { Description = "Its name; the first of the members forms the store" };
        var members = new Argument<string[]>("MEMBER=ADDRESS:PORT") { Description = "All members, this one included, where they listen for each other", Arity = ArgumentArity.OneOrMore };
        var command = new Command(Name, "A member of the store, for its measurement") { directory, clients, name, members };
        command.Hidden = true;
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(() =>
            RunAsync(result.GetValue(directory)!, IPEndPoint.Parse(result.GetValue(clients)!), result.GetValue(name)!, result.GetValue(members)!, ct)));
        return command;
    }

    private static async Task<int> RunAsync(string directory, IPEndPoint clients, string name, string[] members, CancellationToken ct)
    {
        (string Name, IPEndPoint At)[] places = [.. members.Select(static each => each.Split('=')).Select(static each => (each[0], IPEndPoint.Parse(each[1])))];
        using var flushes = new FlushCount();
        RaftObjectStore store = await RaftObjectStore.OpenAsync(new RaftStoreOptions { Directory = directory, Name = name, MayForm = name == places[0].Name, ElectionTimeout = ElectionTimeout }, ct).ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            await using var port = new StoreClientPort(store, clients);
            await store.ServeAsync(places.Length == 1 ? null : Peers(places, name), ct).ConfigureAwait(false);
            Console.WriteLine("ready");
            while (await Console.In.ReadLineAsync(ct).ConfigureAwait(false) is { } order)
                Console.WriteLine(await AnswerAsync(store, flushes, order.Split(' '), ct).ConfigureAwait(false));
        }

        return 0;
    }

    private static async Task<string> AnswerAsync(RaftObjectStore store, FlushCount flushes, string[] order, CancellationToken ct)
    {
        switch (order)
        {
            case ["add", string member]:
                await store.AddMemberAsync(member, ct).ConfigureAwait(false);
                return "added";
            case ["leader"]:
                return store.Leader ?? "-";
            default:
                return $"{flushes.Value}";
        }
    }

    private static StorePeerOptions Peers((string Name, IPEndPoint At)[] places, string own)
    {
        Dictionary<string, StorePeer> peers = places.ToDictionary(static each => each.Name, static each => new StorePeer(each.Name, new ControlEndpoint(each.Name, each.At.Port), each.At), StringComparer.Ordinal);
        return new StorePeerOptions { Listen = peers[own].Address, Find = peers.GetValueOrDefault };
    }
}
