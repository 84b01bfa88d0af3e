using System.Collections.Immutable;

namespace ActorNet.Workloads.Dns.Wire;

/// <summary>A message (RFC 1035 4.1), with EDNS (RFC 6891) taken out of its additional records.</summary>
internal sealed record DnsMessage
{
    /// <summary>Datagrams without EDNS are not longer, in bytes.</summary>
    public const int PlainSize = 512;

    /// <summary>Told by who asked.</summary>
    public ushort Id { get; init; }

    /// <summary>Whether it is an answer.</summary>
    public bool IsResponse { get; init; }

    /// <summary>What is to be done; 0: answer a question.</summary>
    public int Opcode { get; init; }

    /// <summary>AA: the server is its zone's own.</summary>
    public bool IsAuthoritative { get; init; }

    /// <summary>TC: there was more than the datagram holds.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>RD: the server is to ask others.</summary>
    public bool RecursionDesired { get; init; }

    /// <summary>RA: the server does ask others.</summary>
    public bool RecursionAvailable { get; init; }

    /// <summary>AD: the data is authentic (RFC 4035).</summary>
    public bool IsAuthentic { get; init; }

    /// <summary>CD: do not check (RFC 4035).</summary>
    public bool CheckingDisabled { get; init; }

    /// <summary>How it was answered, with EDNS's upper bits.</summary>
    public DnsCode Code { get; init; }

    /// <summary>Questions.</summary>
    public ImmutableArray<DnsQuestion> Questions { get; init; } = [];

    /// <summary>Answers.</summary>
    public ImmutableArray<DnsRecord> Answers { get; init; } = [];

    /// <summary>The zone's records.</summary>
    public ImmutableArray<DnsRecord> Authorities { get; init; } = [];

    /// <summary>What will be asked next.</summary>
    public ImmutableArray<DnsRecord> Additional { get; init; } = [];

    /// <summary>EDNS; null: it is not spoken.</summary>
    public DnsExtension? Edns { get; init; }
}

/// <summary>What EDNS adds (RFC 6891 6.1).</summary>
/// <param name="Size">The longest datagram that its sender takes, in bytes.</param>
/// <param name="Version">Version.</param>
/// <param name="DnssecOk">DO.</param>
/// <param name="Options">Options as they are on the wire.</param>
internal sealed record DnsExtension(ushort Size, byte Version = 0, bool DnssecOk = false, ImmutableArray<byte> Options = default);
