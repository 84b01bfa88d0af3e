using ActorNet.Cluster.Serialization;
using MessagePack;

namespace ActorNet.Cluster.Certificates;

/// <summary>Asks a host for the cluster's certificate authority.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
[MessagePackObject]
public sealed record AskAuthority([property: Key(0)] string RequestId) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId");
}

/// <summary>Answers <see cref="AskAuthority"/>.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Certificate">The authority's certificate in DER.</param>
/// <param name="CanSign">Whether this host has the authority's key.</param>
[MessagePackObject]
public sealed record AuthorityTold([property: Key(0)] string RequestId, [property: Key(1)] byte[] Certificate, [property: Key(2)] bool CanSign) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? CertificateLimits.Der(Certificate, "certificate");
}

/// <summary>Asks a host that has the authority's key to sign.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
/// <param name="Host">The asker's host name.</param>
/// <param name="SigningRequest">PKCS#10 in DER.</param>
[MessagePackObject]
public sealed record SignCertificate([property: Key(0)] string RequestId, [property: Key(1)] string Host, [property: Key(2)] byte[] SigningRequest) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Text(Host, "host") ?? CertificateLimits.Der(SigningRequest, "signingRequest");
}

/// <summary>The signed certificate.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Certificate">The certificate in DER.</param>
[MessagePackObject]
public sealed record CertificateSigned([property: Key(0)] string RequestId, [property: Key(1)] byte[] Certificate) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? CertificateLimits.Der(Certificate, "certificate");
}

/// <summary>The request is refused.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Reason">Why, as the end of a sentence.</param>
/// <param name="MayChange">Whether asking again in a moment may be answered otherwise.</param>
[MessagePackObject]
public sealed record CertificateRefused([property: Key(0)] string RequestId, [property: Key(1)] string Reason, [property: Key(2)] bool MayChange) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? WireLimits.Text(Reason, "reason");
}

/// <summary>Asks a host for the authority's key, to keep it, too.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
/// <param name="Certificate">The asker's certificate in DER.</param>
/// <param name="Agreement">The public half of a key that the asker made for this request, SubjectPublicKeyInfo in DER.</param>
/// <param name="Signature">Of the request by the key of the certificate.</param>
[MessagePackObject]
public sealed record AskAuthorityKey([property: Key(0)] string RequestId, [property: Key(1)] byte[] Certificate, [property: Key(2)] byte[] Agreement, [property: Key(3)] byte[] Signature) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() =>
        WireLimits.Text(RequestId, "requestId") ?? CertificateLimits.Der(Certificate, "certificate") ?? CertificateLimits.Der(Agreement, "agreement") ?? CertificateLimits.Der(Signature, "signature");
}

/// <summary>The authority's key, which only the asker can open.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Agreement">The public half of a key that was made for this answer, SubjectPublicKeyInfo in DER.</param>
/// <param name="Sealed">Nonce, key and tag of AES-256-GCM.</param>
[MessagePackObject]
public sealed record AuthorityKeySealed([property: Key(0)] string RequestId, [property: Key(1)] byte[] Agreement, [property: Key(2)] byte[] Sealed) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(RequestId, "requestId") ?? CertificateLimits.Der(Agreement, "agreement") ?? CertificateLimits.Der(Sealed, "sealed");
}

/// <summary>Bounds of what the messages hold.</summary>
internal static class CertificateLimits
{
    /// <summary>The longest certificate or request in bytes.</summary>
    public const int MaxBytes = SigningRequest.MaxBytes;

    public static string? Der(byte[]? bytes, string what) =>
        bytes is null || bytes.Length == 0 ? $"{what} is missing" : bytes.Length > MaxBytes ? $"{what} has {bytes.Length} bytes, more than {MaxBytes}" : null;
}
