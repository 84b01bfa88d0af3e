using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ActorNet.Cluster.Certificates;

/// <summary>When a certificate is to be signed anew.</summary>
public static class CertificateLife
{
    /// <summary>The part of its life after which it may be, and how much later at most.</summary>
    public const double Earliest = 0.7, Spread = 0.2;

    /// <summary>
    /// A moment between 70 and 90 % of a certificate's life, as kubelet's (kubernetes client-go util/certificate/certificate_manager.go, nextRotationDeadline). Which one is drawn from
    /// its serial number: hosts that were made together do not ask together, and a host that starts anew has the same moment.
    /// </summary>
    /// <param name="certificate">The certificate.</param>
    public static DateTimeOffset RenewAt(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        DateTimeOffset begin = certificate.NotBefore.ToUniversalTime(), end = certificate.NotAfter.ToUniversalTime();
        double chance = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(certificate.SerialNumberBytes.Span)) / (double)uint.MaxValue;
        return begin + ((end - begin) * (Earliest + (Spread * chance)));
    }
}
