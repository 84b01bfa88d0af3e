using ActorNet.Node.Actors;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace ActorNet.Node;

/// <summary>The `node` actor system: local, as old as the process. Frames run on a dispatcher of their own, so that heartbeats of the `control` system never wait for them.</summary>
public static class NodeSystem
{
    /// <summary>The dispatcher of every actor that touches frames.</summary>
    public const string FramesDispatcher = "actornet.frames-dispatcher";

    /// <summary>Starts the system.</summary>
    /// <param name="frameThreads">Threads of the frames dispatcher; by default one less than the machine has cores, and at least one.</param>
    /// <param name="log">Gets what actors log, one entry at a time; null: it is printed.</param>
    public static ActorSystem Start(int? frameThreads = null, Action<NodeLogEntry>? log = null)
    {
        ActorSystem system = ActorSystem.Create("node", Configuration(frameThreads ?? Math.Max(1, Environment.ProcessorCount - 1), isPrinted: log is null));
        if (log is null)
            return system;
        // Subscribed from here: nothing that is logged from now on is missed.
        IActorRef journal = system.ActorOf(Props.Create(() => new NodeLogActor(log)), "log");
        foreach (Type kind in (Type[])[typeof(Info), typeof(Warning), typeof(Error)])
            system.EventStream.Subscribe(journal, kind);
        return system;
    }

    private static Config Configuration(int frameThreads, bool isPrinted) => ConfigurationFactory.ParseString($$"""
        akka {
          loglevel = INFO
          stdout-loglevel = {{(isPrinted ? "WARNING" : "OFF")}}
          loggers = [{{(isPrinted ? "\"Akka.Event.StandardOutLogger, Akka\"" : "")}}]
          log-dead-letters = 10
          log-dead-letters-during-shutdown = off
          # Nothing of the data plane waits on Akka's wheel (FrameActor has timers of its own), so it may turn slowly: it costs processor time.
          scheduler.tick-duration = 100ms
          coordinated-shutdown.run-by-clr-shutdown-hook = off
          coordinated-shutdown.exit-clr = off
        }
        # A ForkJoin pool with dedicated threads: facts measured it at 0.5 us for five stages, isolated from the thread pool.
        {{FramesDispatcher}} {
          type = ForkJoinDispatcher
          # Messages an actor handles before another gets its turn. A message is a vector of up to 64 frames.
          throughput = 64
          throughput-deadline-time = 1ms
          dedicated-thread-pool {
            thread-count = {{frameThreads}}
            threadtype = background
          }
        }
        """);
}
