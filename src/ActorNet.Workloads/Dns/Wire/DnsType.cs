namespace ActorNet.Workloads.Dns.Wire;

/// <summary>Types of records and questions (RFC 1035 3.2.2, and IANA's registry).</summary>
internal enum DnsType : ushort
{
    /// <summary>An IPv4 address.</summary>
    A = 1,

    /// <summary>A name server.</summary>
    NS = 2,

    /// <summary>The true name.</summary>
    CNAME = 5,

    /// <summary>The beginning of a zone.</summary>
    SOA = 6,

    /// <summary>A name.</summary>
    PTR = 12,

    /// <summary>A mail server.</summary>
    MX = 15,

    /// <summary>Text.</summary>
    TXT = 16,

    /// <summary>An IPv6 address (RFC 3596).</summary>
    AAAA = 28,

    /// <summary>A service's host and port (RFC 2782).</summary>
    SRV = 33,

    /// <summary>EDNS's pseudo record (RFC 6891).</summary>
    OPT = 41,

    /// <summary>The transfer of a zone.</summary>
    AXFR = 252,

    /// <summary>Whatever there is.</summary>
    ANY = 255,
}

/// <summary>How a question was answered (RFC 1035 4.1.1, RFC 6891 9).</summary>
internal enum DnsCode
{
    /// <summary>No error.</summary>
    NoError = 0,

    /// <summary>The question was not understood.</summary>
    FormatError = 1,

    /// <summary>The server could not.</summary>
    ServerFailure = 2,

    /// <summary>The name does not exist.</summary>
    NameError = 3,

    /// <summary>The server does not do that.</summary>
    NotImplemented = 4,

    /// <summary>The server does not want to.</summary>
    Refused = 5,

    /// <summary>A version of EDNS that the server does not speak.</summary>
    BadVersion = 16,
}
