using System.Net;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Links;

namespace ActorNet.Cluster.Stores.Peers;

/// <summary>How the members of a store reach each other.</summary>
public sealed record StorePeerOptions
{
    /// <summary>Where this member listens; port 0: any.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Where a member is now, by its name; null when nobody knows.</summary>
    public required Func<string, StorePeer?> Find { get; init; }

    /// <summary>What this host shows and trusts; null: plain TCP, for loopback.</summary>
    public LiveCredentials? Credentials { get; init; }

    /// <summary>The faults of the host's control links, which are the store's too.</summary>
    public ControlLinks Links { get; init; } = new();

    /// <summary>How long a connection may take to be made.</summary>
    public TimeSpan ConnectLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time, for the limits of handshakes and the validity of certificates.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Where a member of the store is.</summary>
/// <param name="Host">The host's name, which its certificate has.</param>
/// <param name="Control">The host's control endpoint: what a fault of its link is ordered for.</param>
/// <param name="Address">Where it listens for members.</param>
public sealed record StorePeer(string Host, ControlEndpoint Control, IPEndPoint Address);
