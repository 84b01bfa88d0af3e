using System.Text.Json.Serialization;
using ActorNet.Cli.Bench.Stores;

namespace ActorNet.Cli.Bench;

/// <summary>What `bench control -o json` prints. Members are added, never renamed.</summary>
public sealed record ControlReport
{
    /// <summary>Machine, without which no figure says anything.</summary>
    [JsonPropertyName("machine")]
    public required MachineReport Machine { get; init; }

    /// <summary>The store alone, beside etcd.</summary>
    [JsonPropertyName("store")]
    public required StoreReport Store { get; init; }

    /// <summary>Objects that many clients create over HTTPS at a cluster of one host, beside the store of one member.</summary>
    [JsonPropertyName("rest")]
    public required RestReport Rest { get; init; }

    /// <summary>The same at a cluster of three hosts, beside the store of three members.</summary>
    [JsonPropertyName("restOfThree")]
    public required RestReport RestOfThree { get; init; }

    /// <summary>A Deployment's pods, created to Ready on two hosts.</summary>
    [JsonPropertyName("pods")]
    public required PodsReport Pods { get; init; }

    /// <summary>Many more on three hosts; null when it was left out.</summary>
    [JsonPropertyName("crowd")]
    public CrowdReport? Crowd { get; init; }

    /// <summary>One list of many objects.</summary>
    [JsonPropertyName("list")]
    public required ListReport List { get; init; }

    /// <summary>Many watchers of one kind.</summary>
    [JsonPropertyName("watch")]
    public required WatchReport Watch { get; init; }

    /// <summary>State after the load.</summary>
    [JsonPropertyName("after")]
    public required ControlAfterReport After { get; init; }
}

/// <summary>Objects of about 1 KB that clients with a connection each create over HTTPS, each with one request under way: medians of rounds.</summary>
public sealed record RestReport
{
    /// <summary>The share of the store's own rate, with as many members as there are hosts, that it should be at least.</summary>
    public const double TargetShare = 1.0 / 3;

    /// <summary>Hosts, each with a member of the store.</summary>
    [JsonPropertyName("hosts")]
    public required int Hosts { get; init; }

    /// <summary>Clients.</summary>
    [JsonPropertyName("writers")]
    public required int Writers { get; init; }

    /// <summary>Objects created in a second.</summary>
    [JsonPropertyName("createsPerSecond")]
    public required double CreatesPerSecond { get; init; }

    /// <summary>Median of a request.</summary>
    [JsonPropertyName("p50Milliseconds")]
    public required double P50Milliseconds { get; init; }

    /// <summary>99th percentile of a request.</summary>
    [JsonPropertyName("p99Milliseconds")]
    public required double P99Milliseconds { get; init; }

    /// <summary>Processor time that each created object takes, in microseconds: of the clients' process and of each host's, all of which share this machine.</summary>
    [JsonPropertyName("processorMicroseconds")]
    public required IReadOnlyDictionary<string, double> ProcessorMicroseconds { get; init; }

    /// <summary>The rate over the store's own, with as many members as there are hosts.</summary>
    [JsonPropertyName("shareOfStore")]
    public required double ShareOfStore { get; init; }

    /// <summary>Whether that is at least <see cref="TargetShare"/>.</summary>
    [JsonPropertyName("holds")]
    public bool Holds => ShareOfStore >= TargetShare;
}

/// <summary>A Deployment's pods, created to Ready.</summary>
public abstract record StartedPods
{
    /// <summary>How many.</summary>
    [JsonPropertyName("count")]
    public required int Count { get; init; }

    /// <summary>How many run on each host.</summary>
    [JsonPropertyName("onHosts")]
    public required IReadOnlyDictionary<string, int> OnHosts { get; init; }

    /// <summary>From the Deployment's creation until its status says that all are Ready.</summary>
    [JsonPropertyName("seconds")]
    public required double Seconds { get; init; }
}

/// <summary>Pods created to Ready on two hosts.</summary>
public sealed record PodsReport : StartedPods
{
    /// <summary>How long it may take, in seconds.</summary>
    public const double TargetSeconds = 15;

    /// <summary>Whether that is below <see cref="TargetSeconds"/>.</summary>
    [JsonPropertyName("holds")]
    public bool Holds => Seconds < TargetSeconds;
}

/// <summary>Very many pods created to Running, on three hosts.</summary>
public sealed record CrowdReport : StartedPods
{
    /// <summary>How long it may take, in seconds.</summary>
    public const double TargetSeconds = 60;

    /// <summary>Processor time that each host used meanwhile, in seconds.</summary>
    [JsonPropertyName("processorSeconds")]
    public required IReadOnlyDictionary<string, double> ProcessorSeconds { get; init; }

    /// <summary>Memory of each host's process afterwards that is in RAM, in bytes.</summary>
    [JsonPropertyName("workingSetBytes")]
    public required IReadOnlyDictionary<string, long> WorkingSetBytes { get; init; }

    /// <summary>Cluster heartbeats that were sent late, all hosts.</summary>
    [JsonPropertyName("heartbeatWarnings")]
    public required long HeartbeatWarnings { get; init; }

    /// <summary>Whether it was below <see cref="TargetSeconds"/>.</summary>
    [JsonPropertyName("holds")]
    public bool Holds => Seconds < TargetSeconds;
}

/// <summary>A list over HTTPS, until its last byte was read.</summary>
public sealed record ListReport
{
    /// <summary>How long any of them may take, in milliseconds.</summary>
    public const double TargetMilliseconds = 300;

    /// <summary>Objects in it.</summary>
    [JsonPropertyName("objects")]
    public required int Objects { get; init; }

    /// <summary>Its length.</summary>
    [JsonPropertyName("bytes")]
    public required long Bytes { get; init; }

    /// <summary>The host's very first list: the runtime has compiled nothing of the way.</summary>
    [JsonPropertyName("firstMilliseconds")]
    public required double FirstMilliseconds { get; init; }

    /// <summary>Median of those after it.</summary>
    [JsonPropertyName("p50Milliseconds")]
    public required double P50Milliseconds { get; init; }

    /// <summary>The slowest of those after it.</summary>
    [JsonPropertyName("maxMilliseconds")]
    public required double MaxMilliseconds { get; init; }

    /// <summary>Whether all were below <see cref="TargetMilliseconds"/>.</summary>
    [JsonPropertyName("holds")]
    public bool Holds => FirstMilliseconds < TargetMilliseconds && MaxMilliseconds < TargetMilliseconds;
}

/// <summary>Watchers in a process of their own, each on its own HTTPS connection.</summary>
public sealed record WatchReport
{
    /// <summary>How late 99 of 100 events may be, in milliseconds.</summary>
    public const double TargetMilliseconds = 250;

    /// <summary>How many.</summary>
    [JsonPropertyName("watchers")]
    public required int Watchers { get; init; }

    /// <summary>At the promised rate.</summary>
    [JsonPropertyName("promised")]
    public required WatchPhase Promised { get; init; }

    /// <summary>Whether that is below <see cref="TargetMilliseconds"/>.</summary>
    [JsonPropertyName("holds")]
    public bool Holds => Promised.Holds;

    /// <summary>The highest rate that held, in events a second told to each watcher; 0: none did.</summary>
    [JsonPropertyName("highestRate")]
    public double HighestRate => Tried.Where(phase => phase.Holds).Select(phase => phase.Rate).DefaultIfEmpty(0).Max();

    /// <summary>Every rate that was tried, in the order of trying.</summary>
    [JsonPropertyName("tried")]
    public required IReadOnlyList<WatchPhase> Tried { get; init; }
}

/// <summary>How late the events of one rate came: from just before the write was sent until the watcher had read it.</summary>
public sealed record WatchPhase
{
    // A writer that is slower than this share of its rate did not make the load.
    private const double LeastRate = 0.95;

    /// <summary>Events in a second that were wanted.</summary>
    [JsonPropertyName("rate")]
    public required double Rate { get; init; }

    /// <summary>Events in a second that were made.</summary>
    [JsonPropertyName("achievedRate")]
    public required double AchievedRate { get; init; }

    /// <summary>Events that were read, all watchers together.</summary>
    [JsonPropertyName("delivered")]
    public required long Delivered { get; init; }

    /// <summary>Events that did not come.</summary>
    [JsonPropertyName("missing")]
    public required long Missing { get; init; }

    /// <summary>Median.</summary>
    [JsonPropertyName("p50Milliseconds")]
    public required double P50Milliseconds { get; init; }

    /// <summary>99th percentile.</summary>
    [JsonPropertyName("p99Milliseconds")]
    public required double P99Milliseconds { get; init; }

    /// <summary>The latest.</summary>
    [JsonPropertyName("maxMilliseconds")]
    public required double MaxMilliseconds { get; init; }

    /// <summary>Processor time of the API server's host over wall time, in percent of one core.</summary>
    [JsonPropertyName("serverPercentOfOneCore")]
    public required double ServerPercentOfOneCore { get; init; }

    /// <summary>Whether all came, at the rate, and 99 of 100 below <see cref="WatchReport.TargetMilliseconds"/>.</summary>
    [JsonPropertyName("holds")]
    public bool Holds => Missing == 0 && P99Milliseconds < WatchReport.TargetMilliseconds && AchievedRate >= LeastRate * Rate;
}

/// <summary>State after the load.</summary>
/// <param name="HeartbeatWarnings">Cluster heartbeats that were sent late, both hosts.</param>
public sealed record ControlAfterReport([property: JsonPropertyName("heartbeatWarnings")] long HeartbeatWarnings);
