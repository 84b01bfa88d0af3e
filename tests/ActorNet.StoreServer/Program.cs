using ActorNet.Cluster.Stores;
using ActorNet.Cluster.Stores.Peers;
using ActorNet.StoreServer;

// One member of a store. It says "ready" when it takes part, answers clients on its port, and takes orders line by line from its standard input:
// "add NAME", which answers "added NAME", and "leader", which answers "leader NAME" ("-": none is known). It ends when that ends.
ServerArguments arguments = ServerArguments.Read(args);
RaftObjectStore store = await RaftObjectStore.OpenAsync(arguments.Options);
await using (store.ConfigureAwait(false))
{
    await using var clients = new StoreClientPort(store, arguments.Clients);
    await store.ServeAsync(arguments.Peers.Count == 0 ? null : new StorePeerOptions { Listen = arguments.Listen, Find = arguments.Find, ConnectLimit = TimeSpan.FromSeconds(20) });
    await Console.Out.WriteLineAsync("ready");
    while (await Console.In.ReadLineAsync() is { } order)
        await Console.Out.WriteLineAsync(await AnswerAsync(order.Split(' ')));
}

async Task<string> AnswerAsync(string[] order)
{
    if (order is ["leader"])
        return $"leader {store.Leader ?? "-"}";
    if (order is not ["add", string name])
        return $"{string.Join(' ', order)} is no order; there are: add NAME, leader";
    try
    {
        await store.AddMemberAsync(name);
        return $"added {name}";
    }
    catch (StoreUnavailableException refused)
    {
        return $"not added {name}: {refused.Message}";
    }
}
