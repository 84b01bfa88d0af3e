using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Curl;

/// <summary>Whom curl trusts by --cacert: the authorities of a file, and no others.</summary>
internal static class CurlTrust
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";

    /// <summary>Reads a file of certificates in PEM.</summary>
    /// <param name="context">The program.</param>
    /// <param name="file">The file.</param>
    /// <exception cref="CurlFailure">It cannot be read, or has no certificate.</exception>
    public static X509ChainPolicy Read(ProgramContext context, string file)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(new Oid(ServerAuth));
        try
        {
            using var reader = new StreamReader(context.OpenRead(file), Encoding.ASCII);
            policy.CustomTrustStore.ImportFromPem(reader.ReadToEnd());
        }
        catch (Exception e) when (e is FileException or CryptographicException)
        {
            throw Failed(file, e);
        }

        return policy.CustomTrustStore.Count > 0 ? policy : throw Failed(file, null);
    }

    private static CurlFailure Failed(string file, Exception? cause) =>
        new(CurlCode.BadAuthorityFile, $"error setting certificate verify locations:  CAfile: {file} CApath: none", cause);
}
