using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ActorNet.ApiServer.Front;
using ActorNet.ApiServer.Health;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Links;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace ActorNet.ApiServer.Tests.Front;

/// <summary>Two hosts of one authority on loopback: n1 has the API, n2 passes on to it. Their kubelet ports tell who asked, and echo what is upgraded.</summary>
internal sealed class FrontBed : IAsyncDisposable
{
    private readonly CertificateAuthority _authority = CertificateAuthority.Create(TimeProvider.System);
    private readonly List<IDisposable> _made = [];

    private readonly MemoryObjectStore _store = new();
    private readonly Dictionary<KindDescriptor, CachedKind> _copies = [];
    private readonly TimeProvider _time;
    private readonly bool _hasRoles;

    private HostCredentials? _signer;

    private FrontBed(TimeProvider time, bool hasRoles)
    {
        (_time, _hasRoles) = (time, hasRoles);
        LoadOf2 = new ApiLoad(time);
    }

    /// <summary>What clients have under way at n2.</summary>
    public ApiLoad LoadOf2 { get; }

    /// <summary>Who was turned away at the API's port of n2, which takes four handshakes at once.</summary>
    public PortCounters PortOf2 { get; } = new(mostHandshakes: 4);

    public KubernetesApi Api { get; private set; } = null!;

    public Place At1 { get; } = new();

    public Place At2 { get; } = new();

    /// <summary>The faults of n2's links.</summary>
    public ControlLinks LinksOf2 { get; } = new();

    public HostFront N1 { get; private set; } = null!;

    public HostFront N2 { get; private set; } = null!;

    public static async Task<FrontBed> StartAsync(TimeProvider? time = null, bool hasRoles = false)
    {
        var bed = new FrontBed(time ?? TimeProvider.System, hasRoles);
        bed.Api = new KubernetesApi(bed._store, KindCatalog.Default(ServiceRanges.Default), bed._time, new SeededIdentities(3));
        foreach (string space in (string[])["default", "kube-system"])
            await bed.Api.CreateAsync(bed.Api.Kinds.Of("", "Namespace"), "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = space } }, WriteOptions.Plain);
        bed.N1 = await bed.StartAsync("n1", bed.At1, null);
        bed.N2 = await bed.StartAsync("n2", bed.At2, new CachedReads(bed.Api.Kinds, kind => bed._copies.GetValueOrDefault(kind), bed.LoadOf2, bed._time, NullLogger.Instance, isOpen: !hasRoles));
        bed.At1.Now = new ApiPlace.Local(new ApiFront(bed.Api, ServerVersion.Default, NullLogger.Instance, tokens: new HostTokens(() => bed._signer!), authorizer: hasRoles ? new RbacAuthorizer(_ => bed.Api.Reads, bed.Api.Kinds) : null));
        bed.At2.Now = new ApiPlace.Remote(bed.N1.ApiAddress);
        return bed;
    }

    /// <summary>A user's certificate.</summary>
    public X509Certificate2 User(string user, string group) => Client((authority, key) => authority.SignUser(key, user, group));

    /// <summary>A node's certificate.</summary>
    public X509Certificate2 Node(string name) => Client((authority, key) => authority.SignHost(key, new HostNames(name, [])));

    /// <summary>A certificate of another authority.</summary>
    public X509Certificate2 Stranger()
    {
        using var other = CertificateAuthority.Create(TimeProvider.System);
        return Client((_, key) => other.SignUser(key, "kubernetes-admin", "system:masters"));
    }

    /// <summary>A certificate whose time is over.</summary>
    public X509Certificate2 Expired() => Client(Ended);

    /// <summary>When the certificate ends with which tokens are signed.</summary>
    public DateTimeOffset SignerEnds => _signer!.Certificate.NotAfter.ToUniversalTime();

    /// <summary>A token's claims, signed as a host would, by whoever has a certificate.</summary>
    public string SignedBy(X509Certificate2 certificate, string token)
    {
        using var verifier = new HostCredentials(X509CertificateLoader.LoadCertificate(_authority.Certificate), X509CertificateLoader.LoadCertificate(_signer!.Certificate.RawData));
        var signer = new HostCredentials(_signer!.Authority, certificate);
        return new HostTokens(() => signer).Sign(new TokenVerifier(verifier).Verify(token, TimeProvider.System.GetUtcNow())!);
    }

    /// <summary>Signs tokens as a host with this certificate does.</summary>
    public HostTokens IssuerOf(X509Certificate2 certificate) => new(() => new HostCredentials(_signer!.Authority, certificate));

    /// <summary>The API moves to a host with this certificate, behind the same front.</summary>
    public void MoveTo(X509Certificate2 certificate) =>
        At1.Now = new ApiPlace.Local(new ApiFront(Api, ServerVersion.Default, NullLogger.Instance, tokens: IssuerOf(certificate), authorizer: _hasRoles ? new RbacAuthorizer(_ => Api.Reads, Api.Kinds) : null));

    /// <summary>Gives n2 a copy of a kind as it is now; nobody keeps it up.</summary>
    public async Task<ObjectReplica> CopyAsync(string kind, string group = "")
    {
        KindDescriptor descriptor = Api.Kinds.Of(group, kind);
        RangeResult now = await _store.RangeAsync(new RangeRequest(KeyRange.Prefix(StoreKeys.Prefix(descriptor))));
        var copy = new ObjectReplica(now.Objects, now.Revision);
        _copies[descriptor] = new CachedKind(copy, new ApiReads(copy, Api.Kinds, _time));
        return copy;
    }

    /// <summary>Makes an object in namespace default.</summary>
    public async Task<JsonObject> MakeAsync(string kind, string json, string group = "") =>
        (await Api.CreateAsync(Api.Kinds.Of(group, kind), "default", JsonNode.Parse(json)!.AsObject(), WriteOptions.Plain)).Document;

    /// <summary>Trust in the cluster's authority alone.</summary>
    public X509ChainPolicy Trust()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(_authority.Certificate));
        return policy;
    }

    /// <summary>A client that trusts the cluster's authority and shows a certificate, or none.</summary>
    public HttpClient ClientOf(X509Certificate2? certificate, Version? version = null)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.CertificateChainPolicy = Trust();
        if (certificate is not null)
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
        var client = new HttpClient(handler) { DefaultRequestVersion = version ?? HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        _made.Add(client);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await N2.DisposeAsync();
        await N1.DisposeAsync();
        foreach (IDisposable each in _made)
            each.Dispose();
        _authority.Dispose();
    }

    private async Task<HostFront> StartAsync(string name, Place place, CachedReads? cached)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var credentials = new LiveCredentials(HostCredentials.Of(_authority.Certificate, _authority.SignHost(new PublicKey(key), new HostNames(name, [])), key));
        _made.Add(credentials);
        _signer ??= credentials.Now;
        return await HostFront.StartAsync(new HostFrontOptions
        {
            Address = IPAddress.Loopback,
            ApiPort = 0,
            KubeletPort = 0,
            Credentials = credentials,
            Api = place,
            Links = place == At2 ? LinksOf2 : new ControlLinks(),
            Cached = cached,
            ApiCounters = place == At2 ? PortOf2 : new PortCounters(),
            Time = _time,
            Kubelet = KubeletAsync,
            Health = new HealthEndpoints(HealthCheck.Ping, new HealthCheck("etcd", () => (place.Now as ApiPlace.None)?.Why, OnlyReadiness: true)),
            Pages = new Dictionary<string, RequestDelegate> { ["/page"] = context => context.Response.WriteAsync(name) },
            Authorizer = _hasRoles ? new RbacAuthorizer(_ => Api.Reads, Api.Kinds) : null,
        });
    }

    private static async Task KubeletAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            context.Response.Headers.Upgrade = context.Request.Headers.Upgrade;
            await using Stream stream = await upgrade.UpgradeAsync();
            await stream.CopyToAsync(stream, context.RequestAborted);
            return;
        }

        Caller caller = context.Features.Get<Caller>()!;
        await context.Response.WriteAsync($"{caller.User} {string.Join(',', caller.Groups)}");
    }

    private X509Certificate2 Client(Func<CertificateAuthority, PublicKey, byte[]> sign)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(sign(_authority, new PublicKey(key)));
        X509Certificate2 made = bare.CopyWithPrivateKey(key);
        _made.Add(made);
        return made;
    }

    // Signed by the cluster's own authority, of a time that is over: the authority itself signs nothing that ended before it began.
    private static byte[] Ended(CertificateAuthority authority, PublicKey key)
    {
        using var root = X509Certificate2.CreateFromPem(authority.ExportCertificate(), authority.ExportKey());
        var request = new CertificateRequest(HostNames.SubjectOf("kubernetes-admin", "system:masters"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        DateTime begin = root.NotBefore;
        return request.Create(root, begin, begin.AddSeconds(1), [0x40, 1]).RawData;
    }

    /// <summary>Where a host believes the API to be.</summary>
    internal sealed class Place : IApiLocator
    {
        private ApiPlace _now = new ApiPlace.None("the API is starting");

        public ApiPlace Now
        {
            get => Volatile.Read(ref _now);
            set => Volatile.Write(ref _now, value);
        }

        public ApiPlace Locate() => Now;
    }
}
