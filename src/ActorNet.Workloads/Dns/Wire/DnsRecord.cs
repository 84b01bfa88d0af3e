using System.Collections.Immutable;
using ActorNet.Packets;

namespace ActorNet.Workloads.Dns.Wire;

/// <summary>A question.</summary>
/// <param name="Name">Of what.</param>
/// <param name="Type">What is asked.</param>
/// <param name="Class">1: the Internet.</param>
internal readonly record struct DnsQuestion(DnsName Name, DnsType Type, ushort Class = DnsRecord.Internet);

/// <summary>A record (RFC 1035 3.2.1).</summary>
/// <param name="Name">Whose.</param>
/// <param name="Type">Its type.</param>
/// <param name="Ttl">How long it may be kept, in seconds.</param>
/// <param name="Data">What it says.</param>
internal sealed record DnsRecord(DnsName Name, DnsType Type, uint Ttl, DnsData Data)
{
    /// <summary>The class IN.</summary>
    public const ushort Internet = 1;

    /// <summary>The class; for <see cref="DnsType.OPT"/> the sender's size of datagrams.</summary>
    public ushort Class { get; init; } = Internet;

    /// <summary>An address.</summary>
    public static DnsRecord OfAddress(DnsName name, Ipv4Address address, uint ttl) => new(name, DnsType.A, ttl, new DnsData.Address(address));
}

/// <summary>What a record says.</summary>
internal abstract record DnsData
{
    private DnsData()
    {
    }

    /// <summary>An A record's.</summary>
    public sealed record Address(Ipv4Address Value) : DnsData;

    /// <summary>A CNAME's, NS's or PTR's.</summary>
    public sealed record Target(DnsName Name) : DnsData;

    /// <summary>An SRV record's (RFC 2782).</summary>
    public sealed record Service(ushort Priority, ushort Weight, ushort Port, DnsName Host) : DnsData;

    /// <summary>A zone's beginning.</summary>
    public sealed record Authority(DnsName Server, DnsName Mailbox, uint Serial, uint Refresh, uint Retry, uint Expire, uint Minimum) : DnsData;

    /// <summary>A TXT record's strings, each character a byte.</summary>
    public sealed record Text(ImmutableArray<string> Strings) : DnsData;

    /// <summary>A mail server.</summary>
    public sealed record Mail(ushort Preference, DnsName Host) : DnsData;

    /// <summary>Bytes of a type that is not looked into.</summary>
    public sealed record Opaque(ImmutableArray<byte> Bytes) : DnsData;
}
