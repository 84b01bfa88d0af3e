using System.Text.Json.Serialization;

namespace ActorNet.Cli.Bench.Stores;

/// <summary>The store alone, beside etcd. Members are added, never renamed.</summary>
public sealed record StoreReport
{
    /// <summary>Writers, each with one write under way.</summary>
    [JsonPropertyName("writers")]
    public required int Writers { get; init; }

    /// <summary>Bytes of each value.</summary>
    [JsonPropertyName("valueBytes")]
    public required int ValueBytes { get; init; }

    /// <summary>The file system that all members' directories are on.</summary>
    [JsonPropertyName("fileSystem")]
    public required string FileSystem { get; init; }

    /// <summary>Why etcd was not measured, for people; null when it was.</summary>
    [JsonPropertyName("etcdNotMeasured")]
    public string? EtcdNotMeasured { get; init; }

    /// <summary>One member.</summary>
    [JsonPropertyName("one")]
    public required StoreSizeReport One { get; init; }

    /// <summary>Three members.</summary>
    [JsonPropertyName("three")]
    public required StoreSizeReport Three { get; init; }
}

/// <summary>Stores of one size.</summary>
public sealed record StoreSizeReport
{
    /// <summary>Members of each.</summary>
    [JsonPropertyName("members")]
    public required int Members { get; init; }

    /// <summary>The share of etcd's rate that is promised.</summary>
    [JsonPropertyName("promisedRatio")]
    public required double PromisedRatio { get; init; }

    /// <summary>The embedded store.</summary>
    [JsonPropertyName("embedded")]
    public required StoreRateReport Embedded { get; init; }

    /// <summary>etcd; null where it was not measured.</summary>
    [JsonPropertyName("etcd")]
    public StoreRateReport? Etcd { get; init; }

    /// <summary>The embedded store's rate over etcd's in the same round, all rounds.</summary>
    [JsonPropertyName("ratios")]
    public required IReadOnlyList<double> Ratios { get; init; }

    /// <summary>Their median; null where etcd was not measured.</summary>
    [JsonPropertyName("ratio")]
    public double? Ratio => Ratios.Count == 0 ? null : Ratios.Order().ElementAt(Ratios.Count / 2);

    /// <summary>Whether that is at least what is promised; null where etcd was not measured.</summary>
    [JsonPropertyName("holds")]
    public bool? Holds => Ratio is { } ratio ? ratio >= PromisedRatio : null;
}

/// <summary>Writes of one store: medians of its rounds.</summary>
public sealed record StoreRateReport
{
    /// <summary>Acknowledged writes in a second.</summary>
    [JsonPropertyName("writesPerSecond")]
    public required double WritesPerSecond { get; init; }

    /// <summary>Median of a write.</summary>
    [JsonPropertyName("p50Milliseconds")]
    public required double P50Milliseconds { get; init; }

    /// <summary>99th percentile of a write.</summary>
    [JsonPropertyName("p99Milliseconds")]
    public required double P99Milliseconds { get; init; }

    /// <summary>Writes that were not acknowledged, as the store had no leader for a while, in all rounds.</summary>
    [JsonPropertyName("failed")]
    public required int Failed { get; init; }

    /// <summary>How often the leader made its log durable for each write: by etcd's etcd_disk_wal_fsync_duration_seconds, and by the embedded store's meter, three for each of its flushes.</summary>
    [JsonPropertyName("fsyncsPerWrite")]
    public required double FsyncsPerWrite { get; init; }
}
