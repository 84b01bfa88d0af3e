using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Membership;
using Akka.Cluster;
using CsCheck;

namespace ActorNet.Cluster.Tests.Certificates;

public sealed class SigningRequestTests
{
    private static readonly HostNames N2 = new("n2", [IPAddress.Parse("10.0.0.2"), IPAddress.Parse("192.168.56.12")]);

    [Fact]
    public void A_host_may_ask_for_its_own_names()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var read = SigningRequest.Read("n2", SigningRequest.Create(key, N2));

        Assert.Equal("n2", read.Names.Name);
        Assert.Equal(N2.Addresses, read.Names.Addresses);
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), read.Key.ExportSubjectPublicKeyInfo());
    }

    public static TheoryData<string, string> Refusals => new()
    {
        { "another host's name", "may ask for" },
        { "system:masters", "may ask for" },
        { "no subject", "may ask for" },
        { "a foreign DNS name", "'evil.example', which is not host 'n2's" },
        { "another host's DNS name", "'n1', which is not host 'n2's" },
        { "five addresses", "has 5 addresses" },
        { "no names", "has no subject alternative names" },
        { "RSA", "not on the curve P-256" },
        { "P-384", "not on the curve P-256" },
        { "a signature of another key", "no PKCS#10 that its key has signed" },
        { "nothing", "no PKCS#10" },
        { "5,000 bytes", "at most 4096 are read" },
        { "a certificate", "no PKCS#10" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Anything_else_is_refused_and_says_why(string what, string why)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] request = what switch
        {
            "another host's name" => SigningRequest.Create(key, N2 with { Name = "n1" }),
            "system:masters" => Custom(HostNames.SubjectOf("system:node:n2", "system:masters"), key, N2.ToExtension()),
            "no subject" => Custom(new X500DistinguishedName(""), key, N2.ToExtension()),
            "a foreign DNS name" => Custom(N2.Subject, key, Names(["n2", "evil.example"], [])),
            "another host's DNS name" => Custom(N2.Subject, key, Names(["n1"], [])),
            "five addresses" => Custom(N2.Subject, key, Names(["n2"], [1, 2, 3, 4, 5])),
            "no names" => Custom(N2.Subject, key),
            "RSA" => OfRsa(),
            "P-384" => OfP384(),
            "a signature of another key" => Forged(key),
            "nothing" => [],
            "5,000 bytes" => new byte[5000],
            _ => CertificateAuthority.Create(TimeProvider.System).Certificate,
        };

        SigningRefusedException refused = Assert.Throws<SigningRefusedException>(() => SigningRequest.Read("n2", request));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_bytes_do_anything_but_refuse()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] good = SigningRequest.Create(key, N2);
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Byte.Array[0, 80], Gen.Int[0, good.Length]).Sample((place, value, noise, length) =>
        {
            byte[] changed = [.. good];
            changed[place] = value;
            foreach (byte[] bytes in new[] { changed, noise, good[..length] })
            {
                try
                {
                    // What is read was signed by its key: only what lies around the signed part may differ.
                    var read = SigningRequest.Read("n2", bytes);
                    Assert.Equal(key.ExportSubjectPublicKeyInfo(), read.Key.ExportSubjectPublicKeyInfo());
                    Assert.Equal(N2.Addresses, read.Names.Addresses);
                }
                catch (SigningRefusedException)
                {
                    // The only allowed way to refuse.
                }
            }
        }, iter: 3000);
    }

    [Fact]
    public void A_member_may_have_its_own_names_and_nobody_elses()
    {
        var cluster = new ControlSnapshot([Member("n1", "10.0.0.1"), Member("n2", "10.0.0.2")], MemberStatus.Up, "n1", "n1");
        var policy = new MemberSigningPolicy();
        var request = new SigningRequest(KeyOf(), N2);

        Assert.Null(policy.Judge(new ControlEndpoint("10.0.0.2", 4053), request, cluster).Refusal);
        Assert.Contains("came from 10.0.0.9:4053", policy.Judge(new ControlEndpoint("10.0.0.9", 4053), request, cluster).Refusal);
        Assert.Contains("no member", policy.Judge(new ControlEndpoint("10.0.0.3", 4053), request with { Names = N2 with { Name = "n3" } }, cluster).Refusal);
        Assert.Contains("which is host 'n1's", policy.Judge(new ControlEndpoint("10.0.0.2", 4053), request with { Names = N2 with { Addresses = [IPAddress.Parse("10.0.0.1")] } }, cluster).Refusal);
    }

    private static ControlMember Member(string name, string address) => new(name, new ControlEndpoint(address, 4053), 1, MemberStatus.Up, true, []);

    private static PublicKey KeyOf()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new PublicKey(key);
    }

    private static byte[] Custom(X500DistinguishedName subject, ECDsa key, params X509Extension[] extensions)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        foreach (X509Extension extension in extensions)
            request.CertificateExtensions.Add(extension);
        return request.CreateSigningRequest();
    }

    private static X509Extension Names(string[] names, byte[] addresses)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
            builder.AddDnsName(name);
        foreach (byte last in addresses)
            builder.AddIpAddress(new IPAddress([10, 0, 1, last]));
        return builder.Build();
    }

    private static byte[] OfRsa()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest(N2.Subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(N2.ToExtension());
        return request.CreateSigningRequest();
    }

    private static byte[] OfP384()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        return SigningRequest.Create(key, N2);
    }

    // The public key of one, the signature of another.
    private static byte[] Forged(ECDsa mine)
    {
        using var theirs = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(N2.Subject, new PublicKey(theirs), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(N2.ToExtension());
        return request.CreateSigningRequest(X509SignatureGenerator.CreateForECDsa(mine));
    }
}
