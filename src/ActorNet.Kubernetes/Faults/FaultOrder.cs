using System.Text.Json.Serialization;
using ActorNet.Dataplane.Links;

namespace ActorNet.Kubernetes.Faults;

/// <summary>Which way a fault acts, seen from the device that it is put at.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FaultDirection>))]
public enum FaultDirection
{
    /// <summary>On what leaves by the device, or what the host sends.</summary>
    Egress,

    /// <summary>On what comes in.</summary>
    Ingress,

    /// <summary>On both, each with fates of its own.</summary>
    Both,
}

/// <summary>A fault as data: where it acts, what is wrong there, by which seed and for how long.</summary>
public sealed record FaultOrder
{
    /// <summary>The device name that stands for a host's control links.</summary>
    public const string ControlDevice = "control";

    /// <summary>The namespace, as node/n1 or pod/client.</summary>
    public required string Target { get; init; }

    /// <summary>The device whose link is meant, as eth0 or flannel.1; <see cref="ControlDevice"/> for the host's control links.</summary>
    public required string Device { get; init; }

    /// <summary>The node at the far end, where the link has many; null for all.</summary>
    public string? Peer { get; init; }

    /// <summary>Which way.</summary>
    public FaultDirection Direction { get; init; } = FaultDirection.Both;

    /// <summary>What is wrong, with the seed.</summary>
    public required ImpairmentSettings Impairment { get; init; }

    /// <summary>After which time it goes by itself; null for never.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Whether it acts on control links.</summary>
    [JsonIgnore]
    public bool IsControl => Device == ControlDevice;

    /// <summary>The place of one direction: with the seed, the flow and the ordinal in the flow it decides a frame's fate.</summary>
    /// <param name="egress">What leaves, else what comes in.</param>
    public string Place(bool egress) => $"{Target}:{Device} {(egress ? "egress" : "ingress")}{(Peer is null ? "" : $" {Peer}")}";
}
