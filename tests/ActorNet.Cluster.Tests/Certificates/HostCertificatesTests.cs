using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorNet.Cluster.Certificates;

namespace ActorNet.Cluster.Tests.Certificates;

[Collection(ClusterCollection.Name)]
public sealed class HostCertificatesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certificates").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_host_certificate_serves_under_its_names_and_is_a_node()
    {
        var time = new SetTime(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
        using var authority = CertificateAuthority.Create(time);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new HostNames("n1", [IPAddress.Parse("10.0.0.1")]);

        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(authority.SignHost(new PublicKey(key), names));

        foreach (string name in new[] { "n1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "10.0.0.1", "127.0.0.1", "10.96.0.1" })
            Assert.True(certificate.MatchesHostname(name), name);
        Assert.False(certificate.MatchesHostname("n2"));
        Assert.Equal(["CN=system:node:n1", "O=system:nodes"], certificate.Subject.Split(", ").Order());
        Assert.Equal(time.Now.AddMinutes(-5), certificate.NotBefore.ToUniversalTime());
        Assert.Equal(time.Now.AddDays(365), certificate.NotAfter.ToUniversalTime());
        using var credentials = HostCredentials.Of(authority.Certificate, certificate.RawData, key);
        Assert.True(credentials.AcceptsClient(certificate, time.Now));
        Assert.False(credentials.AcceptsClient(certificate, time.Now.AddDays(366)));
        Assert.False(credentials.AcceptsClient(certificate, time.Now.AddDays(-1)));
    }

    [Fact]
    public void Serial_numbers_are_positive_of_16_bytes_and_each_once()
    {
        using var authority = CertificateAuthority.Create(TimeProvider.System);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        string[] serials = [.. Enumerable.Range(0, 50).Select(_ =>
        {
            using X509Certificate2 signed = X509CertificateLoader.LoadCertificate(authority.SignUser(new PublicKey(key), "u", "g"));
            return signed.SerialNumber;
        })];

        Assert.Equal(50, serials.Distinct().Count());
        Assert.All(serials, serial => Assert.True(serial.Length == 32 && serial[0] is >= '4' and <= '7', serial));
    }

    /// <summary>Kubelet's bounds (certificate_manager_test.go, TestSetRotationDeadline): within 70 and 90 % of the life, and not all at one moment.</summary>
    [Fact]
    public void Certificates_that_were_made_together_are_not_renewed_together()
    {
        using var authority = CertificateAuthority.Create(TimeProvider.System);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        double[] parts = [.. Enumerable.Range(0, 50).Select(_ =>
        {
            using X509Certificate2 signed = X509CertificateLoader.LoadCertificate(authority.SignHost(new PublicKey(key), new HostNames("n1", [])));
            DateTimeOffset begin = signed.NotBefore.ToUniversalTime(), at = CertificateLife.RenewAt(signed);
            Assert.Equal(at, CertificateLife.RenewAt(signed));
            return (at - begin) / (signed.NotAfter.ToUniversalTime() - begin);
        })];

        Assert.All(parts, static part => Assert.InRange(part, 0.7, 0.9));
        Assert.Equal(parts.Length, parts.Distinct().Count());
        Assert.True(parts.Max() - parts.Min() > 0.1);
    }

    [Fact]
    public async Task A_host_that_joins_gets_its_certificate_over_the_control_link_and_keeps_it()
    {
        await using var hosts = new Hosts();
        ControlSystem[] formed = await hosts.FormAsync(2);
        using HostCertificates first = Open(formed[0], "a", forms: true), second = Open(formed[1], "b", forms: false);
        first.Attach(formed[0]);
        second.Attach(formed[1]);

        using HostCredentials signer = await first.ObtainAsync(formed[0], default);
        using HostCredentials joined = await second.ObtainAsync(formed[1], default);

        Assert.Equal(signer.Authority.RawData, joined.Authority.RawData);
        Assert.True(signer.AcceptsClient(joined.Certificate, DateTimeOffset.UtcNow));
        Assert.True(joined.Certificate.MatchesHostname(formed[1].Endpoint.Host));
        Assert.True(first.CanSign && !second.CanSign && first.ObtainAdmin() is not null && second.ObtainAdmin() is null);
        using HostCertificates again = Open(formed[1], "b", forms: false);
        using HostCredentials kept = await again.ObtainAsync(formed[1], default);
        Assert.Equal(joined.Certificate.RawData, kept.Certificate.RawData);
        using HostCertificates moved = Open(formed[1], "b", forms: false, "10.9.9.9");
        using HostCredentials renewed = await moved.ObtainAsync(formed[1], default);
        Assert.True(renewed.Certificate.MatchesHostname("10.9.9.9"));
        if (!OperatingSystem.IsWindows())
        {
            foreach (string file in Directory.GetFiles(_folder, "*", SearchOption.AllDirectories))
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    /// <summary>What a renewal asks for while the host runs: the certificate that it has, until 70 to 90 % of its life are over.</summary>
    [Fact]
    public async Task A_running_host_gets_a_new_certificate_over_the_control_link_when_its_own_ends_soon()
    {
        await using var hosts = new Hosts();
        ControlSystem[] formed = await hosts.FormAsync(2);
        var time = new SetTime(DateTimeOffset.UtcNow.AddDays(-330));
        using HostCertificates first = Open(formed[0], "a", forms: true, time: time), second = Open(formed[1], "b", forms: false, time: time);
        first.Attach(formed[0]);
        second.Attach(formed[1]);
        using HostCredentials joined = await second.ObtainAsync(formed[1], default);
        time.Now = time.Now.AddDays(255);
        using HostCredentials same = await second.ObtainAsync(formed[1], default);
        Assert.Equal(joined.Certificate.SerialNumber, same.Certificate.SerialNumber);
        time.Now = time.Now.AddDays(75);
        using HostCredentials renewed = await second.ObtainAsync(formed[1], default);
        Assert.NotEqual(joined.Certificate.SerialNumber, renewed.Certificate.SerialNumber);
        Assert.Equal(joined.Authority.RawData, renewed.Authority.RawData);
        Assert.True(first.CanSign && renewed.AcceptsClient(renewed.Certificate, time.Now));
    }

    [Fact]
    public async Task Without_the_authoritys_key_in_the_cluster_a_new_host_is_told_where_it_is_and_an_old_one_goes_on()
    {
        await using var hosts = new Hosts();
        ControlSystem[] formed = await hosts.FormAsync(3);
        using (HostCertificates first = Open(formed[0], "a", forms: true), second = Open(formed[1], "b", forms: false))
        {
            first.Attach(formed[0]);
            second.Attach(formed[1]);
            (await first.ObtainAsync(formed[0], default)).Dispose();
            (await second.ObtainAsync(formed[1], default)).Dispose();
        }

        // The signer is gone, and with it its key; another host still tells the authority.
        await formed[0].System.Terminate();
        await Hosts.Until(() => formed[2].Snapshot.Members.All(member => member.Name != "h1" || !member.IsReachable), () => Hosts.Describe(formed[2]));
        using HostCertificates third = Open(formed[2], "c", forms: false, patience: TimeSpan.FromSeconds(3));
        SigningRefusedException refused = await Assert.ThrowsAsync<SigningRefusedException>(() => third.ObtainAsync(formed[2], default));
        Assert.Contains("pki/ca.key", refused.Message, StringComparison.Ordinal);
        using HostCertificates old = Open(formed[1], "b", forms: false);
        using HostCredentials kept = await old.ObtainAsync(formed[1], default);
        Assert.True(kept.Certificate.HasPrivateKey);
    }

    /// <summary>The host that formed the cluster is gone for good: another signs for who joins and for who renews.</summary>
    [Fact]
    public async Task The_authoritys_key_is_kept_by_the_hosts_that_shall_have_it_and_outlives_the_one_that_made_it()
    {
        await using var hosts = new Hosts();
        ControlSystem[] formed = await hosts.FormAsync(4);
        var time = new SetTime(DateTimeOffset.UtcNow.AddDays(-340));
        HostCertificates[] all = [.. formed.Select((host, index) => Open(host, $"{index}", forms: index == 0, time: time))];
        try
        {
            string keeper = formed[1].HostName;
            for (int i = 0; i < 3; i++)
            {
                all[i].MayKeepKey = name => name == keeper;
                all[i].Attach(formed[i]);
            }

            (await all[0].ObtainAsync(formed[0], default)).Dispose();
            using HostCredentials second = await all[1].ObtainAsync(formed[1], default), third = await all[2].ObtainAsync(formed[2], default);
            Assert.True(await all[1].KeepKeyAsync(formed[1], second, default));
            Assert.False(await all[2].KeepKeyAsync(formed[2], third, default));
            Assert.True(all[1].CanSign && !all[2].CanSign && !File.Exists(all[2].Files.PathOf("ca.key")));
            Assert.Equal(await File.ReadAllTextAsync(all[0].Files.PathOf("ca.key")), await File.ReadAllTextAsync(all[1].Files.PathOf("ca.key")));
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(all[1].Files.PathOf("ca.key")));

            all[0].Dispose();
            await formed[0].System.Terminate();
            time.Now = DateTimeOffset.UtcNow;
            using HostCredentials fourth = await all[3].ObtainAsync(formed[3], default), renewed = await all[2].ObtainAsync(formed[2], default);
            Assert.Equal(second.Authority.RawData, fourth.Authority.RawData);
            Assert.True(second.AcceptsClient(fourth.Certificate, time.Now) && second.AcceptsClient(renewed.Certificate, time.Now));
            Assert.NotEqual(third.Certificate.SerialNumber, renewed.Certificate.SerialNumber);

            using HostCertificates again = Open(formed[1], "1", forms: false, time: time);
            Assert.True(again.CanSign);
        }
        finally
        {
            foreach (HostCertificates each in all)
                each.Dispose();
        }
    }

    [Fact]
    public async Task Who_is_not_the_host_that_he_says_he_is_does_not_get_the_authoritys_key()
    {
        await using var hosts = new Hosts();
        ControlSystem[] formed = await hosts.FormAsync(2);
        using HostCertificates first = Open(formed[0], "a", forms: true), second = Open(formed[1], "b", forms: false);
        first.MayKeepKey = static _ => true;
        first.Attach(formed[0]);
        using HostCredentials own = await first.ObtainAsync(formed[0], default), good = await second.ObtainAsync(formed[1], default);
        using var agreement = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        AskAuthorityKey ask = AuthorityKeySeal.Ask("r", good.Certificate, agreement);
        ControlEndpoint from = formed[1].Endpoint;
        (string adminCertificate, string adminKey) = first.ObtainAdmin()!.Value;
        using X509Certificate2 admin = X509Certificate2.CreateFromPem(adminCertificate, adminKey);
        using var foreign = CertificateAuthority.Create(TimeProvider.System);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var stranger = HostCredentials.Of(foreign.Certificate, foreign.SignHost(new PublicKey(key), new HostNames(formed[1].HostName, [])), key);

        Assert.IsType<AuthorityKeySealed>(first.Answer(ask, from, formed[0].Snapshot));
        (AskAuthorityKey Ask, ControlEndpoint From)[] refused =
        [
            (ask with { RequestId = "s" }, from), (ask with { Agreement = other.ExportSubjectPublicKeyInfo() }, from), (ask with { Certificate = own.Certificate.RawData }, from), (ask with { Signature = new byte[64] }, from),
            (ask, formed[0].Endpoint), (AuthorityKeySeal.Ask("r", admin, agreement), from), (AuthorityKeySeal.Ask("r", stranger.Certificate, agreement), from),
            (ask with { Certificate = [0x30, 0x82] }, from), (ask with { Signature = [1] }, from),
        ];
        Assert.All(refused, each => Assert.IsType<CertificateRefused>(first.Answer(each.Ask, each.From, formed[0].Snapshot)));
        first.MayKeepKey = static _ => false;
        Assert.Contains("does not keep the cluster's objects", Assert.IsType<CertificateRefused>(first.Answer(ask, from, formed[0].Snapshot)).Reason, StringComparison.Ordinal);
    }

    /// <summary>Who listens on a plain control link, or changes what he hears, has nothing of it.</summary>
    [Fact]
    public async Task Only_who_asked_opens_the_answer_and_every_damage_to_it_is_noticed()
    {
        await using var hosts = new Hosts();
        ControlSystem[] formed = await hosts.FormAsync(1);
        using HostCertificates first = Open(formed[0], "a", forms: true);
        using HostCredentials own = await first.ObtainAsync(formed[0], default);
        using var agreement = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        AskAuthorityKey ask = AuthorityKeySeal.Ask("r", own.Certificate, agreement);
        string key = await File.ReadAllTextAsync(first.Files.PathOf("ca.key"));

        AuthorityKeySealed answer = AuthorityKeySeal.Seal(ask, key);

        Assert.Equal(key, AuthorityKeySeal.Open(answer, ask, agreement));
        Assert.ThrowsAny<CryptographicException>(() => AuthorityKeySeal.Open(answer, ask, other));
        Assert.ThrowsAny<CryptographicException>(() => AuthorityKeySeal.Open(answer, ask with { RequestId = "s" }, agreement));
        Assert.ThrowsAny<CryptographicException>(() => AuthorityKeySeal.Open(answer with { Sealed = answer.Sealed[..20] }, ask, agreement));
        for (int i = 0; i < answer.Sealed.Length; i++)
        {
            byte[] damaged = [.. answer.Sealed];
            damaged[i] ^= 1;
            Assert.ThrowsAny<CryptographicException>(() => AuthorityKeySeal.Open(answer with { Sealed = damaged }, ask, agreement));
        }
    }

    private HostCertificates Open(ControlSystem host, string folder, bool forms, string? address = null, TimeProvider? time = null, TimeSpan? patience = null)
    {
        var names = new HostNames(host.HostName, [IPAddress.Parse(address ?? host.Endpoint.Host)]);
        var certificates = new HostCertificates(Path.Combine(_folder, folder), names, new MemberSigningPolicy(), time ?? TimeProvider.System) { Patience = patience ?? Hosts.Patience };
        certificates.Open(forms);
        return certificates;
    }
}
