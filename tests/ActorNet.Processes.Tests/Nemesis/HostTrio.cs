using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Dataplane.Links;
using ActorNet.Kubernetes.Faults;
using k8s;

namespace ActorNet.Processes.Tests.Nemesis;

/// <summary>Three host processes with the store on their disks, and what can be done to each.</summary>
internal sealed class HostTrio(Lab lab, params LabPlace[] at) : IDisposable
{
    private const int ConnectionPort = 5000;
    private const string Pods = "/api/v1/namespaces/default/pods";

    private readonly LabProcess[] _hosts = new LabProcess[at.Length];
    private readonly List<HttpClient> _clients = [];

    public int Count => at.Length;

    /// <summary>What the hosts said of their copies of the store, each time they were asked.</summary>
    public CopyAudit Copies { get; } = new();

    public static string NameOf(int host) => $"n{host + 1}";

    public LabProcess this[int host] => _hosts[host];

    public async Task StartAsync()
    {
        _hosts[0] = await lab.StartAsync(NameOf(0), at[0]);
        for (int i = 1; i < Count; i++)
            _hosts[i] = lab.Launch(NameOf(i), at[i], at[0]);
        foreach (LabProcess host in _hosts)
            await host.ReadyAsync();
        await Lab.UntilAsync(
            async () => await Task.WhenAll(Enumerable.Range(0, Count).Select(StatusAsync)),
            all => all.All(each => each?.Store is { Problem: null } store && store.Members.Count == Count), $"the store is on {Count} hosts");
    }

    /// <summary>Runs a pod on each host.</summary>
    public async Task RunPodsAsync()
    {
        HttpClient http = Open(0);
        for (int host = 0; host < Count; host++)
        {
            string pod = $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{PodOf(host)}}}"},"spec":{"nodeName":"{{{NameOf(host)}}}","tolerations":[{"operator":"Exists"}],"containers":[{"name":"c","image":"busybox:1.36","command":["sleep","infinity"]}]}}""";
            using var body = new StringContent(pod, System.Text.Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await http.PostAsync(Pods, body, TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    /// <summary>Opens a connection between the pods of two hosts, which may have been started again just now.</summary>
    public async Task<PodConnection> ConnectAsync(int from, int to)
    {
        foreach (int host in (int[])[from, to])
            await Lab.UntilAsync(() => lab.ExecAsync($"pod/{PodOf(host)}", "sh", "-c", "true"), static result => result.ExitCode == 0, $"pod/{PodOf(host)} runs");
        return await PodConnection.OpenAsync(lab, PodOf(from), PodOf(to), await lab.PodAddressAsync(PodOf(to)), ConnectionPort);
    }

    /// <summary>Starts a host again that has ended; it joins through another one.</summary>
    public void Restart(int host) => _hosts[host] = lab.Launch(NameOf(host), at[host], at[(host + 1) % Count]);

    /// <summary>What a host says of itself, or null: it says nothing now.</summary>
    public async Task<HostStatus?> StatusAsync(int host)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            using HostClient client = HostClient.Find(lab.StateOf(NameOf(host)))[0];
            HostStatus status = await client.GetAsync<HostStatus>("actornet/v1/status", patience.Token);
            Copies.Told(NameOf(host), status.Store.Copy);
            return status;
        }
        catch (Exception silent) when (silent is not Xunit.Sdk.XunitException)
        {
            return null;
        }
    }

    /// <summary>Where the API server is, as most hosts say; -1: nobody knows.</summary>
    public async Task<int> ApiHostAsync()
    {
        HostStatus?[] all = await Task.WhenAll(Enumerable.Range(0, Count).Select(StatusAsync));
        string? name = all.Select(static each => each?.ApiServerHost).OfType<string>().GroupBy(static each => each).OrderByDescending(static each => each.Count()).FirstOrDefault()?.Key;
        return name is null ? -1 : Enumerable.Range(0, Count).First(each => NameOf(each) == name);
    }

    /// <summary>Waits until every host sees every other, and all say where the API is.</summary>
    /// <returns>The host that has it.</returns>
    public async Task<int> WholeAsync()
    {
        await Lab.UntilAsync(
            async () => await Task.WhenAll(Enumerable.Range(0, Count).Select(StatusAsync)),
            all => all.All(each => each is { Unreachable.Count: 0, ApiServerHost: not null } && each.Members.Count == Count && each.Store.Leader is not null)
                && all.Select(static each => each!.ApiServerHost).Distinct().Count() == 1,
            "all hosts are in the cluster");
        return await ApiHostAsync();
    }

    /// <summary>Waits until the copies of all hosts are of the same writes, and the same.</summary>
    public Task AlikeAsync() => Lab.UntilAsync(
        async () => (await Task.WhenAll(Enumerable.Range(0, Count).Select(StatusAsync))).Select(static each => each?.Store.Copy).ToArray(),
        copies => Copies.Violations.Count > 0 || (copies[0] is { } one && copies.All(each => each == one)), "all hosts have one copy of the store");

    /// <summary>Ends all faults that a host has.</summary>
    public async Task ClearAsync(int host)
    {
        using HostClient client = HostClient.Find(lab.StateOf(NameOf(host)))[0];
        await client.DeleteAsync<FaultRow[]>("actornet/v1/faults", TestContext.Current.CancellationToken);
    }

    /// <summary>Puts a fault on the link from a host to another for a time; false: the host does not take it now.</summary>
    public async Task<bool> FaultAsync(int host, int peer, FaultDirection direction, TimeSpan delay, TimeSpan duration)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var order = new FaultOrder
        {
            Target = $"node/{NameOf(host)}",
            Device = FaultOrder.ControlDevice,
            Peer = NameOf(peer),
            Direction = direction,
            Duration = duration,
            Impairment = delay > TimeSpan.Zero ? new ImpairmentSettings { Delay = delay } : new ImpairmentSettings { Cut = true },
        };
        try
        {
            using HostClient client = HostClient.Find(lab.StateOf(NameOf(host)))[0];
            await client.PostAsync<FaultOrder, FaultRow>("actornet/v1/faults", order, patience.Token);
            return true;
        }
        catch (Exception refused) when (refused is not Xunit.Sdk.XunitException)
        {
            return false;
        }
    }

    /// <summary>HTTPS to a host's front as the administrator; the server is known by the cluster's authority.</summary>
    public HttpClient Open(int host)
    {
        KubernetesClientConfiguration config = KubernetesClientConfiguration.BuildConfigFromConfigFile(Path.Combine(lab.StateOf(NameOf(0)), "kubeconfig"));
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.AddRange(config.SslCaCerts);
        var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = trust,
                ClientCertificates = [X509Certificate2.CreateFromPem(Pem(config.ClientCertificateData), Pem(config.ClientCertificateKeyData))],
            },
        })
        {
            BaseAddress = new Uri($"https://{at[host].Address}:{at[host].ApiPort}"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _clients.Add(client);
        return client;
    }

    public void Dispose()
    {
        foreach (HttpClient client in _clients)
            client.Dispose();
    }

    private static string PodOf(int host) => $"on-{NameOf(host)}";

    private static string Pem(string data) => System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(data));
}
