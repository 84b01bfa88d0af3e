namespace ActorNet.Cli.Bench;

/// <summary>What `bench control` measures, and how much of it.</summary>
public sealed record ControlBenchOptions
{
    /// <summary>Pods that are created to Ready, on two hosts.</summary>
    public int Pods { get; init; } = 500;

    /// <summary>Pods that are created to Ready on three hosts of their own, with room for 1,000 each; 0: that is left out.</summary>
    public int Crowd { get; init; }

    /// <summary>Objects in the list.</summary>
    public int Objects { get; init; } = 10_000;

    /// <summary>Watchers, each with an HTTPS connection of its own.</summary>
    public int Watchers { get; init; } = 1_000;

    /// <summary>Events in a second that each watcher is told.</summary>
    public double EventsPerSecond { get; init; } = 20;

    /// <summary>The highest rate that is tried.</summary>
    public double HighestRate { get; init; } = 2_000;

    /// <summary>Writers of the store, and of the API, each with one write under way.</summary>
    public int Writers { get; init; } = 64;

    /// <summary>How long events are made at each rate, and writes in each round.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);
}
