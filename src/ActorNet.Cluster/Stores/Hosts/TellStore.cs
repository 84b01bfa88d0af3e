using System.Net;
using System.Net.Sockets;
using ActorNet.Cluster.Serialization;
using MessagePack;

namespace ActorNet.Cluster.Stores.Hosts;

/// <summary>A host says which member of the store it is and where that listens; a leader says who the members are.</summary>
/// <param name="Member">The member's name.</param>
/// <param name="Host">The host's name.</param>
/// <param name="Address">The IPv4 address on which it listens for members.</param>
/// <param name="Port">The TCP port.</param>
/// <param name="IsAnswer">False: the other host's own is wanted.</param>
/// <param name="IsLeaving">Whether the host leaves the cluster, so that the member is to be taken out.</param>
/// <param name="LeadsTerm">The term in which it leads; 0: it does not.</param>
/// <param name="Members">The members, of a leader; else none.</param>
/// <param name="CopyIndex">The newest write in the member's copy; 0: not known.</param>
/// <param name="CopyHash">The copy's fingerprint up to there.</param>
[MessagePackObject]
public sealed partial record TellStore(
    [property: Key(0)] string Member,
    [property: Key(1)] string Host,
    [property: Key(2)] string Address,
    [property: Key(3)] int Port,
    [property: Key(4)] bool IsAnswer,
    [property: Key(5)] bool IsLeaving,
    [property: Key(6)] long LeadsTerm,
    [property: Key(7)] string[] Members,
    [property: Key(8)] long CopyIndex = 0,
    [property: Key(9)] ulong CopyHash = 0) : IWireMessage
{
    /// <summary>Whether its disk has no room for writes, so that it should not lead. Hosts of older versions do not say it.</summary>
    [Key(10)]
    public bool IsFull { get; init; }

    // Five and what is added or removed; far below what fits into a message.
    private const int MostMembers = 16;

    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(Member, "member") ?? WireLimits.Text(Host, "host")
        ?? (IPAddress.TryParse(Address, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetwork ? null : "address is no IPv4 address")
        ?? (Port is < 1 or > 65535 ? $"port {Port} is not 1 to 65535" : null)
        ?? (Members is null || Members.Length > MostMembers ? "members are missing or too many" : null)
        ?? Members!.Select(static each => WireLimits.Text(each, "a member's name")).FirstOrDefault(static defect => defect is not null);
}
