using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorNet.Cluster.Membership;
using ActorNet.Cluster.Serialization;
using Akka.Actor;
using Akka.Cluster;

namespace ActorNet.Cluster.Certificates;

/// <summary>
/// A host's certificates. The host that forms a cluster makes its authority; every other has its certificate signed by a host that has the
/// authority's key: for a token when it joins (<see cref="Joining.JoinDesk"/>), and over the control link when it is renewed, or where links are
/// plain. The key is where the cluster's objects are (<see cref="MayKeepKey"/>): those hosts get it from one that has it (<see cref="KeepKeyAsync"/>), as kubeadm's
/// control planes all have it. While none of them runs, no new host can join, and nothing else suffers. Lives as long as the process and is attached to each of its
/// control systems in turn.
/// </summary>
public sealed class HostCertificates : IDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(3), Pause = TimeSpan.FromMilliseconds(250);

    private readonly HostNames _names;
    private readonly ISigningPolicy _policy;
    private readonly TimeProvider _time;
    private CertificateAuthority? _signer;
    private byte[]? _authority;
    private Func<string, bool> _mayKeepKey = static _ => false;

    /// <summary>Makes a host's certificates; nothing is read yet.</summary>
    /// <param name="stateDirectory">The host's state directory.</param>
    /// <param name="names">What the host is called.</param>
    /// <param name="policy">Who may have a certificate signed by this host.</param>
    /// <param name="time">The clock.</param>
    public HostCertificates(string stateDirectory, HostNames names, ISigningPolicy policy, TimeProvider time)
    {
        (Files, _names, _policy, _time) = (new CertificateFiles(stateDirectory), names, policy, time);
    }

    /// <summary>Where they are kept.</summary>
    public CertificateFiles Files { get; }

    /// <summary>How long a host waits for a signer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The authority's certificate in DER; null while it is not known.</summary>
    public byte[]? Authority => Volatile.Read(ref _authority);

    /// <summary>Whether this host has the authority's key.</summary>
    public bool CanSign => Volatile.Read(ref _signer) is not null;

    /// <summary>Which hosts, by name, may have the authority's key from this one; nobody until it is said.</summary>
    public Func<string, bool> MayKeepKey
    {
        get => Volatile.Read(ref _mayKeepKey);
        set => Volatile.Write(ref _mayKeepKey, value);
    }

    /// <summary>Begins to answer other hosts. Once per control system.</summary>
    public void Attach(ControlSystem control)
    {
        ArgumentNullException.ThrowIfNull(control);
        control.System.ActorOf(Props.Create(() => new CertificateActor(this, control)), CertificateActor.Name);
    }

    /// <summary>Reads or makes what this host has by itself; before the control system starts, so that it can answer from the beginning.</summary>
    /// <param name="forms">Whether this host forms the cluster.</param>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public void Open(bool forms)
    {
        CertificateAuthority? signer = Files.LoadAuthority(_time);
        if (signer is null && forms)
        {
            signer = CertificateAuthority.Create(_time);
            Files.SaveAuthority(signer);
        }

        Volatile.Write(ref _signer, signer);
        Volatile.Write(ref _authority, signer?.Certificate);
    }

    /// <summary>
    /// The host's certificate without asking anybody: signed by itself where the authority's key is, else the kept one for as long as it is valid. With it the control
    /// link is protected from the first byte on.
    /// </summary>
    /// <exception cref="InvalidDataException">There is none, or it has ended; the message says what to do.</exception>
    public HostCredentials ObtainOwn()
    {
        using ECDsa key = Files.LoadOrCreateKey("host.key");
        byte[]? kept = Files.LoadCertificate("host.crt");
        if (Volatile.Read(ref _signer) is { } signer)
        {
            if (kept is not null && Kept(signer.Certificate, kept, key) is { } good)
                return good;
            byte[] signed = signer.SignHost(PublicKeyOf(key), _names);
            Files.SaveCertificate("host.crt", signed);
            return HostCredentials.Of(signer.Certificate, signed, key);
        }

        if (kept is null || Files.LoadCertificate("ca.crt") is not { } authority)
            throw new InvalidDataException($"{Files.Directory}: this host has no certificate of a cluster. Run the line that `actornet token create --print-join-command` prints on a host of the cluster.");
        var own = HostCredentials.Of(authority, kept, key);
        if (own.AcceptsClient(own.Certificate, _time.GetUtcNow()))
            return own;
        string why = $"{own.Certificate.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} to {own.Certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm}, now {_time.GetUtcNow():yyyy-MM-dd HH:mm} UTC";
        own.Dispose();
        throw new InvalidDataException($"{Files.Directory}: host.crt is not valid now ({why}), or not of the authority in ca.crt. Set the clock if it is wrong; else remove host.crt and join once more with a token.");
    }

    /// <summary>Signs a certificate.</summary>
    /// <param name="request">The request, which somebody has judged.</param>
    /// <returns>The certificate in DER.</returns>
    /// <exception cref="InvalidOperationException">This host does not have the authority's key.</exception>
    public byte[] Sign(SigningRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return (Volatile.Read(ref _signer) ?? throw new InvalidOperationException("This host does not have the authority's key.")).SignHost(request.Key, request.Names);
    }

    /// <summary>A signing request with the host's key and names, for a cluster that the host is not in yet.</summary>
    /// <returns>PKCS#10 in DER.</returns>
    /// <param name="key">The key, which is kept when the certificate comes.</param>
    public byte[] RequestWith(ECDsa key) => SigningRequest.Create(key, _names);

    /// <summary>Keeps what a cluster has given: from now on this host is one of its.</summary>
    /// <param name="authority">The authority's certificate in DER.</param>
    /// <param name="certificate">The host's in DER.</param>
    /// <param name="key">The host's key.</param>
    /// <exception cref="SigningRefusedException">The certificate is not of this authority, names and key; nothing is kept.</exception>
    public void Keep(byte[] authority, byte[] certificate, ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Checked(authority, certificate, key).Dispose();
        Files.SaveKey("host.key", key);
        Files.SaveCertificate("ca.crt", authority);
        Files.SaveCertificate("host.crt", certificate);
    }

    /// <summary>The host's certificate: the kept one while it is good, else a newly signed one.</summary>
    /// <param name="control">The control system, Up.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="SigningRefusedException">There is none to be had; the message is a sentence for the user.</exception>
    public async Task<HostCredentials> ObtainAsync(ControlSystem control, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(control);
        using ECDsa key = Files.LoadOrCreateKey("host.key");
        byte[]? kept = Files.LoadCertificate("host.crt");
        AuthorityTold? told = CanSign && !Others(control).Any() ? null : await AskAuthorityAsync(control, mustKnow: kept is null && !CanSign, ct).ConfigureAwait(false);
        byte[] authority = told?.Certificate ?? Authority ?? Files.LoadCertificate("ca.crt") ?? throw Nobody();
        Adopt(authority);
        if (kept is not null && Kept(authority, kept, key) is { } good)
            return good;
        byte[] signed = Volatile.Read(ref _signer)?.SignHost(PublicKeyOf(key), _names) ?? await RequestAsync(control, key, ct).ConfigureAwait(false);
        HostCredentials made = Checked(authority, signed, key);
        Files.SaveCertificate("ca.crt", authority);
        Files.SaveCertificate("host.crt", signed);
        return made;
    }

    /// <summary>The other hosts that have the authority's key, as far as they answer.</summary>
    /// <param name="control">The control system, Up.</param>
    /// <param name="ct">Gives up.</param>
    public static async Task<ImmutableArray<string>> OtherSignersAsync(ControlSystem control, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(control);
        ControlMember[] others = [.. Others(control)];
        AuthorityTold?[] told = await Task.WhenAll(others.Select(member => AskAsync<AuthorityTold>(control, member, id => new AskAuthority(id), ct))).ConfigureAwait(false);
        return [.. others.Where((_, at) => told[at] is { CanSign: true }).Select(static member => member.Name)];
    }

    /// <summary>The administrator's certificate and key as PEM, for the kubeconfig: user kubernetes-admin of group system:masters. Null when this host cannot sign.</summary>
    public (string Certificate, string Key)? ObtainAdmin()
    {
        if (Volatile.Read(ref _signer) is not { } signer)
            return null;
        using ECDsa key = Files.LoadOrCreateKey("admin.key");
        byte[]? kept = Files.LoadCertificate("admin.crt");
        if (kept is null || !IsKept(signer.Certificate, kept, key))
        {
            kept = signer.SignUser(PublicKeyOf(key), "kubernetes-admin", "system:masters");
            Files.SaveCertificate("admin.crt", kept);
        }

        return (PemEncoding.WriteString("CERTIFICATE", kept) + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    /// <summary>Gets the authority's key from a host that has it, and keeps it.</summary>
    /// <param name="control">The control system, Up.</param>
    /// <param name="own">The host's certificate with its key.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>Whether this host has it now.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async Task<bool> KeepKeyAsync(ControlSystem control, HostCredentials own, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(own);
        if (CanSign)
            return true;
        using var agreement = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        foreach (ControlMember member in Others(control))
        {
            AskAuthorityKey? ask = null;
            IWireMessage? answer = await AskAsync<IWireMessage>(control, member, id => ask = AuthorityKeySeal.Ask(id, own.Certificate, agreement), ct).ConfigureAwait(false);
            if (answer is AuthorityKeySealed found && Opened(found, ask!, agreement, own) is { } signer)
            {
                Files.SaveAuthority(signer);
                Volatile.Write(ref _signer, signer);
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _signer, null)?.Dispose();

    /// <summary>Answers a host's signing request.</summary>
    internal IWireMessage Answer(SignCertificate sign, ControlEndpoint asker, ControlSnapshot cluster)
    {
        if (Volatile.Read(ref _signer) is not { } signer)
            return new CertificateRefused(sign.RequestId, $"host '{_names.Name}' does not have the authority's key", MayChange: true);
        try
        {
            var request = SigningRequest.Read(sign.Host, sign.SigningRequest);
            SigningVerdict verdict = _policy.Judge(asker, request, cluster);
            return verdict.Refusal is { } why
                ? new CertificateRefused(sign.RequestId, why, verdict.MayChange)
                : new CertificateSigned(sign.RequestId, signer.SignHost(request.Key, request.Names));
        }
        catch (SigningRefusedException e)
        {
            return new CertificateRefused(sign.RequestId, e.Message, MayChange: false);
        }
    }

    /// <summary>Answers a host that wants to keep the authority's key. What it says is a peer's: nothing is believed.</summary>
    internal IWireMessage Answer(AskAuthorityKey ask, ControlEndpoint asker, ControlSnapshot cluster)
    {
        if (Volatile.Read(ref _signer) is not { } signer)
            return new CertificateRefused(ask.RequestId, $"host '{_names.Name}' does not have the authority's key", MayChange: true);
        try
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(ask.Certificate);
            using var trust = new HostCredentials(X509CertificateLoader.LoadCertificate(signer.Certificate), X509CertificateLoader.LoadCertificate(signer.Certificate));
            if (!trust.AcceptsClient(certificate, _time.GetUtcNow()) || HostNames.NodeOf(certificate) is not { } host || !AuthorityKeySeal.IsSigned(ask, certificate))
                return new CertificateRefused(ask.RequestId, "the request is not signed with a node's certificate of this cluster", MayChange: false);
            if (cluster.Find(host) is not { } member || (asker.Host.Length > 0 && asker != member.Endpoint))
                return new CertificateRefused(ask.RequestId, $"host '{host}' is no member of the cluster at {asker}", MayChange: true);
            return MayKeepKey(host)
                ? AuthorityKeySeal.Seal(ask, signer.ExportKey())
                : new CertificateRefused(ask.RequestId, $"host '{host}' does not keep the cluster's objects", MayChange: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return new CertificateRefused(ask.RequestId, $"the request cannot be read: {e.Message}", MayChange: false);
        }
    }

    private CertificateAuthority? Opened(AuthorityKeySealed found, AskAuthorityKey ask, ECDiffieHellman agreement, HostCredentials own)
    {
        try
        {
            // A key that is not this certificate's does not load.
            return CertificateAuthority.Load(own.Authority.ExportCertificatePem(), AuthorityKeySeal.Open(found, ask, agreement), _time);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    private static IEnumerable<ControlMember> Others(ControlSystem control) =>
        control.Snapshot.Members.Where(member => member.Name != control.HostName && member.IsReachable && member.Status is MemberStatus.Up or MemberStatus.WeaklyUp);

    private static PublicKey PublicKeyOf(ECDsa key) => PublicKey.CreateFromSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo(), out _);

    // A host whose key belongs to another cluster's authority signs nothing in this one.
    private void Adopt(byte[] authority)
    {
        if (Volatile.Read(ref _signer) is { } signer && !signer.Certificate.AsSpan().SequenceEqual(authority))
            Volatile.Write(ref _signer, null);
        Volatile.Write(ref _authority, authority);
    }

    private bool IsKept(byte[] authority, byte[] certificate, ECDsa key)
    {
        using X509Certificate2 kept = X509CertificateLoader.LoadCertificate(certificate);
        using var trust = new HostCredentials(X509CertificateLoader.LoadCertificate(authority), X509CertificateLoader.LoadCertificate(certificate));
        DateTimeOffset now = _time.GetUtcNow();
        return kept.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
            && trust.AcceptsClient(kept, now) && now < CertificateLife.RenewAt(kept);
    }

    private HostCredentials? Kept(byte[] authority, byte[] certificate, ECDsa key)
    {
        using X509Certificate2 kept = X509CertificateLoader.LoadCertificate(certificate);
        return IsKept(authority, certificate, key) && _names.Matches(kept) ? HostCredentials.Of(authority, certificate, key) : null;
    }

    private HostCredentials Checked(byte[] authority, byte[] signed, ECDsa key)
    {
        try
        {
            if (Kept(authority, signed, key) is { } good)
                return good;
        }
        catch (CryptographicException)
        {
            // No certificate at all.
        }

        throw new SigningRefusedException($"The certificate that was signed for host '{_names.Name}' is not of the cluster's authority or of other names: the hosts' clocks may be apart, or two hosts have keys of different authorities.");
    }

    private SigningRefusedException Nobody() => new(
        $"No host that has the authority's key answered within {Patience.TotalSeconds:0} s, so host '{_names.Name}' has no certificate. It is on the host that formed the cluster and on those that keep its objects (pki/ca.key in their state directories): start one of them, or copy ca.crt and ca.key to another host's pki directory.");

    private async Task<AuthorityTold?> AskAuthorityAsync(ControlSystem control, bool mustKnow, CancellationToken ct)
    {
        long started = _time.GetTimestamp();
        do
        {
            foreach (ControlMember member in Others(control))
            {
                if (await AskAsync<AuthorityTold>(control, member, id => new AskAuthority(id), ct).ConfigureAwait(false) is { } told)
                    return told;
            }

            if (mustKnow)
                await Task.Delay(Pause, _time, ct).ConfigureAwait(false);
        }
        while (mustKnow && _time.GetElapsedTime(started) < Patience);
        return null;
    }

    private async Task<byte[]> RequestAsync(ControlSystem control, ECDsa key, CancellationToken ct)
    {
        byte[] request = SigningRequest.Create(key, _names);
        long started = _time.GetTimestamp();
        CertificateRefused? refused = null;
        do
        {
            foreach (ControlMember member in Others(control))
            {
                switch (await AskAsync<IWireMessage>(control, member, id => new SignCertificate(id, _names.Name, request), ct).ConfigureAwait(false))
                {
                    case CertificateSigned signed:
                        return signed.Certificate;
                    case CertificateRefused { MayChange: false } final:
                        throw new SigningRefusedException($"Host '{member.Name}' does not sign a certificate for this host: {final.Reason}.");
                    case CertificateRefused later:
                        refused = later;
                        break;
                }
            }

            await Task.Delay(Pause, _time, ct).ConfigureAwait(false);
        }
        while (_time.GetElapsedTime(started) < Patience);
        throw refused is null ? Nobody() : new SigningRefusedException($"{Nobody().Message} The last answer: {refused.Reason}.");
    }

    private static async Task<T?> AskAsync<T>(ControlSystem control, ControlMember member, Func<string, IWireMessage> message, CancellationToken ct) where T : class
    {
        try
        {
            return await control.SelectOn(member.Endpoint, CertificateActor.Name).Ask<T>(message(Guid.NewGuid().ToString("N")), AnswerLimit, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AskTimeoutException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return null;
        }
    }
}
