using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ActorNet.ApiServer.Front;
using ActorNet.ApiServer.Joining;
using ActorNet.ApiServer.Tests.Front;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Joining;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Bootstrap;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace ActorNet.ApiServer.Tests.Joining;

/// <summary>A host n1 whose front lets others in, with the API and the authority's key.</summary>
internal sealed class JoinBed : ITunnelProbes, IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("join");
    private readonly List<IDisposable> _made = [];
    private readonly List<HostFront> _fronts = [];
    private readonly KubernetesApi _api;

    private JoinBed(SteppedTime time)
    {
        Time = time;
        _api = new KubernetesApi(new MemoryObjectStore(), KindCatalog.Default(ServiceRanges.Default), time, new SeededIdentities(3));
        Tokens = new BootstrapTokens(new InProcessClient(_api, "kubeadm"), () => Secrets, time);
    }

    public SteppedTime Time { get; }

    public BootstrapTokens Tokens { get; }

    public JoinDesk Desk { get; private set; } = null!;

    public HostFront N1 { get; private set; } = null!;

    public HostCertificates Certificates { get; private set; } = null!;

    public AuthorityHash Hash => AuthorityHash.Of(Certificates.Authority!);

    /// <summary>The cluster's Nodes.</summary>
    public ImmutableArray<V1Node> Nodes { get; set; } = [];

    public ImmutableArray<V1Secret> Secrets { get; private set; } = [];

    public static async Task<JoinBed> StartAsync()
    {
        // The real time: TLS itself judges certificates by the machine's clock.
        var bed = new JoinBed(new SteppedTime(DateTimeOffset.UtcNow));
        await bed._api.CreateAsync(bed._api.Kinds.Of("", "Namespace"), "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = KnownToken.Space } }, WriteOptions.Plain);
        bed.Certificates = bed.OfHost("n1", forms: true);
        bed.Desk = bed.DeskOf(bed.Certificates);
        bed.N1 = await bed.FrontAsync(bed.Certificates.ObtainOwn(), bed.Desk);
        return bed;
    }

    /// <summary>A host's certificates in a directory of its own.</summary>
    public HostCertificates OfHost(string name, bool forms)
    {
        var certificates = new HostCertificates(DirectoryOf(name), new HostNames(name, [IPAddress.Loopback]), new MemberSigningPolicy(), Time);
        certificates.Open(forms);
        _made.Add(certificates);
        return certificates;
    }

    public string DirectoryOf(string name) => Path.Combine(_folder.FullName, name);

    public JoinDesk DeskOf(HostCertificates certificates) => new(Tokens, certificates, Terms, () => Nodes, this, Time);

    public void Expect(Guid number, IPAddress asker) => Expected = number;

    public Task<int> HeardAsync(Guid number, CancellationToken cancel) => Task.FromResult(number == Expected ? 7 : 0);

    /// <summary>Whose probes the tunnel sends back.</summary>
    public Guid Expected { get; private set; }

    public async Task<HostFront> FrontAsync(HostCredentials credentials, JoinDesk desk)
    {
        var live = new LiveCredentials(credentials);
        _made.Add(live);
        HostFront front = await HostFront.StartAsync(new HostFrontOptions
        {
            Address = IPAddress.Loopback,
            ApiPort = 0,
            KubeletPort = 0,
            Credentials = live,
            Api = new FrontBed.Place { Now = new ApiPlace.Local(new ApiFront(_api, ServerVersion.Default, NullLogger.Instance)) },
            Joining = desk,
            Time = Time,
        });
        _fronts.Add(front);
        return front;
    }

    public async Task<KnownToken> TokenAsync(TimeSpan? lifetime = null, int? uses = null)
    {
        KnownToken token = await Tokens.CreateAsync(lifetime, uses, "", default);
        Secrets = [.. Secrets, token.ToSecret()];
        return token;
    }

    /// <summary>What a host n2 says of itself.</summary>
    public static JoinApplication Host(string name = "n2", string address = "192.168.56.12", string? podCidr = null, byte[]? request = null) =>
        new() { Protocol = JoinProtocol.Version, Name = name, Address = address, NodeIp = address, PodCidr = podCidr, SigningRequest = request };

    /// <summary>A signing request of a host.</summary>
    public static byte[] Request(string name, params string[] addresses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SigningRequest.Create(key, new HostNames(name, [.. addresses.Select(IPAddress.Parse)]));
    }

    public Task<JoinCall> CallAsync(BootstrapToken token, HostFront? at = null) => JoinCall.OpenAsync((at ?? N1).ApiAddress, Hash, token.ToString(), default);

    public long Refused(JoinRefusal why) => Desk.Status.Refused.GetValueOrDefault(why.ToString());

    public async ValueTask DisposeAsync()
    {
        foreach (HostFront front in _fronts)
            await front.DisposeAsync();
        foreach (IDisposable each in _made)
            each.Dispose();
        _folder.Delete(recursive: true);
    }

    private JoinTerms Terms() => new()
    {
        Protocol = JoinProtocol.Version,
        Host = "n1",
        Releases = ImmutableSortedDictionary.CreateRange([KeyValuePair.Create("n1", "0.2.0"), KeyValuePair.Create("n2", "0.1.0")]),
        Time = Time.GetUtcNow(),
        ClusterCidr = "10.244.0.0/16",
        NodeMask = 24,
        Profile = "lab",
        Store = "memory",
        Seeds = ["192.168.56.11:4053"],
    };
}
