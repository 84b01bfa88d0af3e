using Akka.Actor;
using Akka.Configuration;

namespace ActorNet.Cli.Host;

/// <summary>The actors of one host, as `status --actors` shows them.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Systems">Its actor systems: node, and control while the host is in a cluster.</param>
public sealed record HostActors(string Host, IReadOnlyList<SystemActors> Systems);

/// <summary>The actors of one actor system.</summary>
/// <param name="System">node or control.</param>
/// <param name="Dispatchers">The dispatchers that its actors run on.</param>
/// <param name="Actors">Parents before their children.</param>
public sealed record SystemActors(string System, IReadOnlyList<DispatcherRow> Dispatchers, IReadOnlyList<ActorRow> Actors);

/// <summary>A dispatcher.</summary>
/// <param name="Id">Its name in the configuration.</param>
/// <param name="Kind">What runs it: ForkJoinDispatcher has threads of its own, the others share the process's thread pool.</param>
/// <param name="Threads">Its own threads, or those that the pool has now.</param>
public sealed record DispatcherRow(string Id, string Kind, int Threads);

/// <summary>An actor.</summary>
/// <param name="Path">Path below /user.</param>
/// <param name="Type">Its class.</param>
/// <param name="Dispatcher">Id of its dispatcher.</param>
public sealed record ActorRow(string Path, string Type, string Dispatcher);

/// <summary>Reads the tree of a living actor system. It looks at the cells and sends nothing, so a busy or stuck actor is shown like any other.</summary>
internal static class ActorTree
{
    /// <summary>Actors shown of a system at most: what others ask for must fit into one message.</summary>
    public const int MaxActors = 200;

    /// <summary>Reads the tree below /user.</summary>
    /// <param name="system">The system.</param>
    public static SystemActors Of(ActorSystem system)
    {
        var actors = new List<ActorRow>();
        Walk((ActorRefWithCell)((ExtendedActorSystem)system).Guardian, "", actors);
        return new SystemActors(system.Name, [.. actors.Select(a => a.Dispatcher).Distinct().Select(id => Dispatcher(system, id))], actors);
    }

    /// <summary>The class of every actor of a system, of Akka's own too, with the system's name before it: "node PodActor".</summary>
    /// <param name="system">The system.</param>
    public static IEnumerable<string> Classes(ActorSystem system)
    {
        var open = new Stack<ActorRefWithCell>([(ActorRefWithCell)((ExtendedActorSystem)system).Guardian, (ActorRefWithCell)((ExtendedActorSystem)system).SystemGuardian]);
        while (open.TryPop(out ActorRefWithCell? actor))
        {
            yield return $"{system.Name} {actor.Underlying.Props.Type.Name}";
            foreach (ActorRefWithCell child in actor.Children.OfType<ActorRefWithCell>())
                open.Push(child);
        }
    }

    private static void Walk(ActorRefWithCell parent, string path, List<ActorRow> actors)
    {
        foreach (ActorRefWithCell child in parent.Children.OfType<ActorRefWithCell>().OrderBy(c => c.Path.Name, StringComparer.Ordinal))
        {
            if (actors.Count >= MaxActors)
                return;
            Props props = child.Underlying.Props;
            string own = $"{path}/{child.Path.Name}";
            actors.Add(new ActorRow(own, props.Type.Name, props.Dispatcher));
            Walk(child, own, actors);
        }
    }

    private static DispatcherRow Dispatcher(ActorSystem system, string id)
    {
        Config config = system.Settings.Config.GetConfig(id) ?? Config.Empty;
        string kind = config.GetString("type", "Dispatcher");
        return new DispatcherRow(id, kind, kind == "ForkJoinDispatcher" ? config.GetInt("dedicated-thread-pool.thread-count") : ThreadPool.ThreadCount);
    }
}
