using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ActorNet.Cluster.Certificates;

/// <summary>A host's signing request (PKCS#10, RFC 2986) that is well formed: its key is on P-256 and signed it, and it asks for no more than a host may have.</summary>
/// <param name="Key">The host's public key.</param>
/// <param name="Names">What it wants to be called.</param>
public sealed record SigningRequest(PublicKey Key, HostNames Names)
{
    /// <summary>The longest request in bytes; a real one has about 500.</summary>
    public const int MaxBytes = 4096;

    /// <summary>A host has an address on the underlay and one of its node.</summary>
    private const int MaxAddresses = 4;

    private const string P256 = "1.2.840.10045.3.1.7";

    /// <summary>Makes a request.</summary>
    /// <param name="key">The host's key.</param>
    /// <param name="names">What it wants to be called.</param>
    /// <returns>PKCS#10 in DER.</returns>
    public static byte[] Create(ECDsa key, HostNames names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var request = new CertificateRequest(names.Subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.ToExtension());
        return request.CreateSigningRequest();
    }

    /// <summary>Reads a request of a host. The bytes are a peer's: nothing is believed.</summary>
    /// <param name="host">The name that the host says it has.</param>
    /// <param name="bytes">PKCS#10 in DER.</param>
    /// <exception cref="SigningRefusedException">It is refused; the message says why.</exception>
    public static SigningRequest Read(string host, byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (bytes.Length > MaxBytes)
            throw new SigningRefusedException($"the signing request has {bytes.Length} bytes; at most {MaxBytes} are read");
        try
        {
            // The extensions are wanted, not taken over: every one of the certificate is the signer's own.
            var request = CertificateRequest.LoadSigningRequest(bytes, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
            return Checked(host, request);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or ArgumentException or FormatException or OverflowException or InvalidOperationException or NotSupportedException)
        {
            throw new SigningRefusedException($"the signing request is no PKCS#10 that its key has signed: {e.Message}");
        }
    }

    private static SigningRequest Checked(string host, CertificateRequest request)
    {
        if (request.PublicKey.EncodedParameters?.RawData is not { } parameters || request.PublicKey.Oid.Value != "1.2.840.10045.2.1"
            || AsnDecoder.ReadObjectIdentifier(parameters, AsnEncodingRules.DER, out _) != P256)
            throw new SigningRefusedException("the signing request's key is not on the curve P-256");
        X500DistinguishedName expected = new HostNames(host, []).Subject;
        if (!request.SubjectName.RawData.AsSpan().SequenceEqual(expected.RawData))
            throw new SigningRefusedException($"the signing request is for '{Short(request.SubjectName.Name)}'; host '{Short(host)}' may ask for '{Short(expected.Name)}'");
        X509SubjectAlternativeNameExtension names = request.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault()
            ?? throw new SigningRefusedException("the signing request has no subject alternative names");
        ImmutableArray<IPAddress> own = [.. names.EnumerateIPAddresses().Where(address => !HostNames.ServiceAddresses.Contains(address))];
        if (own.Length > MaxAddresses)
            throw new SigningRefusedException($"the signing request has {own.Length} addresses; a host has at most {MaxAddresses}");
        var wanted = new HostNames(host, own);
        if (names.EnumerateDnsNames().Except(wanted.DnsNames, StringComparer.Ordinal).FirstOrDefault() is { } foreign)
            throw new SigningRefusedException($"the signing request asks for the name '{Short(foreign)}', which is not host '{host}'s");
        return new SigningRequest(request.PublicKey, wanted);
    }

    private static string Short(string text) => text.Length <= 100 ? text : text[..100] + "...";
}

/// <summary>A signing request is refused; the message says why, as the end of a sentence.</summary>
public sealed class SigningRefusedException(string message) : Exception(message);
