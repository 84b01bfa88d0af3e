using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ActorNet.Cluster.Certificates;

/// <summary>
/// How the authority's key goes from host to host: sealed, so that a control link need not be secret. The asker makes a key for this request alone and signs it with the
/// key of its certificate; the answer is encrypted with what both agree on: ECDH on P-256 (NIST SP 800-56A), HKDF with SHA-256 (RFC 5869), AES-256-GCM (NIST SP 800-38D).
/// </summary>
internal static class AuthorityKeySeal
{
    private const string Purpose = "actornet: the authority's key, sealed, 1";

    private const int KeyLength = 32, NonceLength = 12, TagLength = 16;

    /// <summary>Asks.</summary>
    /// <param name="requestId">Tells this request from others.</param>
    /// <param name="own">The asker's certificate with its key.</param>
    /// <param name="agreement">The key of this request.</param>
    public static AskAuthorityKey Ask(string requestId, X509Certificate2 own, ECDiffieHellman agreement)
    {
        byte[] half = agreement.ExportSubjectPublicKeyInfo();
        using ECDsa key = own.GetECDsaPrivateKey() ?? throw new CryptographicException("The host's certificate has no ECDSA key.");
        return new AskAuthorityKey(requestId, own.RawData, half, key.SignData(Signed(requestId, half), HashAlgorithmName.SHA256));
    }

    /// <summary>Whether the holder of a certificate has asked; whether it may is another question.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="certificate">Its certificate.</param>
    public static bool IsSigned(AskAuthorityKey ask, X509Certificate2 certificate)
    {
        using ECDsa? key = certificate.GetECDsaPublicKey();
        return key?.VerifyData(Signed(ask.RequestId, ask.Agreement), ask.Signature, HashAlgorithmName.SHA256) == true;
    }

    /// <summary>Seals the key for who asked.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="authorityKey">The authority's key as PEM.</param>
    /// <exception cref="CryptographicException">The asker's key is none on P-256.</exception>
    public static AuthorityKeySealed Seal(AskAuthorityKey ask, string authorityKey)
    {
        using var agreement = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        byte[] half = agreement.ExportSubjectPublicKeyInfo();
        byte[] clear = Encoding.ASCII.GetBytes(authorityKey), parcel = new byte[NonceLength + clear.Length + TagLength];
        RandomNumberGenerator.Fill(parcel.AsSpan(0, NonceLength));
        using (AesGcm cipher = Cipher(agreement, ask.Agreement, ask.Agreement, half))
            cipher.Encrypt(parcel.AsSpan(0, NonceLength), clear, parcel.AsSpan(NonceLength, clear.Length), parcel.AsSpan(NonceLength + clear.Length), Encoding.UTF8.GetBytes(ask.RequestId));
        CryptographicOperations.ZeroMemory(clear);
        return new AuthorityKeySealed(ask.RequestId, half, parcel);
    }

    /// <summary>Opens what was sealed.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="ask">The request.</param>
    /// <param name="agreement">The key of the request.</param>
    /// <returns>The authority's key as PEM. Whose it is, is to be checked: anybody may seal something.</returns>
    /// <exception cref="CryptographicException">It is not the answer to this request, or damaged.</exception>
    public static string Open(AuthorityKeySealed answer, AskAuthorityKey ask, ECDiffieHellman agreement)
    {
        ReadOnlySpan<byte> parcel = answer.Sealed;
        if (parcel.Length <= NonceLength + TagLength)
            throw new CryptographicException("The sealed key is too short.");
        byte[] clear = new byte[parcel.Length - NonceLength - TagLength];
        using (AesGcm cipher = Cipher(agreement, answer.Agreement, ask.Agreement, answer.Agreement))
            cipher.Decrypt(parcel[..NonceLength], parcel[NonceLength..^TagLength], parcel[^TagLength..], clear, Encoding.UTF8.GetBytes(ask.RequestId));
        string key = Encoding.ASCII.GetString(clear);
        CryptographicOperations.ZeroMemory(clear);
        return key;
    }

    private static AesGcm Cipher(ECDiffieHellman own, byte[] other, byte[] asker, byte[] answerer)
    {
        using var theirs = ECDiffieHellman.Create();
        theirs.ImportSubjectPublicKeyInfo(other, out _);
        byte[] secret = own.DeriveRawSecretAgreement(theirs.PublicKey);
        byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, KeyLength, info: [.. Encoding.ASCII.GetBytes(Purpose), .. asker, .. answerer]);
        var cipher = new AesGcm(key, TagLength);
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }

    private static byte[] Signed(string requestId, byte[] half) => [.. Encoding.UTF8.GetBytes($"{Purpose}\n{requestId}\n"), .. half];
}
