using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using ActorNet.Cli.Client;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace ActorNet.Processes.Tests.Churn;

/// <summary>
/// Three hosts on which everything comes and goes: pods and Services through the API, a host that is killed, links that are cut. Two pods ask a
/// Service without a pause while it does, on the hosts that stay.
/// </summary>
internal sealed class ChurningLab : IDisposable
{
    private const string Churn = "churn", Stays = "stays";
    private const int Pods = 12, Services = 4, Requests = 10;

    // Most of a host's heap is the store's history: in a quarter of an hour it is forgotten fifteen times. A batch leaves some 120 Events.
    private static readonly string[] ShortHistory = ["--etcd-compaction-interval", "1m", "--event-ttl", "1m"];

    // Characters of a host's log that are told when hosts do not come together.
    private const int LastWords = 4000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly Lab _lab;
    private readonly LabProcess[] _hosts;
    private readonly k8s.Kubernetes _api;
    private int _round;

    private ChurningLab(Lab lab, LabProcess[] hosts)
    {
        _lab = lab;
        _hosts = hosts;
        _api = new k8s.Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(Path.Combine(lab.StateOf("n1"), "kubeconfig")));
    }

    /// <summary>Starts the hosts, and what stays.</summary>
    public static async Task<ChurningLab> StartAsync(Lab lab, int octet)
    {
        LabProcess first = await lab.StartAsync("n1", lab.Place(octet), null, ShortHistory);
        LabProcess[] hosts = [first, await lab.StartAsync("n2", lab.Place(octet + 1), first.At, ShortHistory), await lab.StartAsync("n3", lab.Place(octet + 2), first.At, ShortHistory)];
        await lab.StoredOnAsync(3);
        var churning = new ChurningLab(lab, hosts);
        await churning.MakeWhatStaysAsync();
        return churning;
    }

    /// <summary>Everything comes, is used, meets faults, and goes.</summary>
    /// <param name="loseHosts">Whether a host is killed or cut off from the cluster, in turn.</param>
    public async Task RoundAsync(bool loseHosts)
    {
        int round = _round++;
        await CreateAsync(round);
        await UntilAsync(async () => (await PodsAsync(Churn)).Count(IsReady) == Pods, $"round {round}: {Pods} pods Ready");
        await UseServicesAsync(round);
        await CutTunnelAsync();
        if (loseHosts && round % 2 == 0)
            await KillAndRestartAsync();
        else if (loseHosts)
            await CutControlAsync();
        await DeleteAsync(round);
    }

    /// <summary>What the hosts that were never killed hold, once all are in the cluster, nothing is under way and what is asked for holds: what is only late comes within the patience, what leaked never does.</summary>
    /// <param name="holds">What else is waited for.</param>
    public async Task<HostFigures[]> MeasureAsync(Func<HostFigures[], bool>? holds = null)
    {
        await AllUpAsync();
        await SetLoadAsync(run: false);
        HostFigures[] figures = [];
        await UntilAsync(
            async () =>
            {
                figures = [await HostFigures.OfAsync(_lab, "n1"), await HostFigures.OfAsync(_lab, "n2")];
                return figures.All(static f => f.Resources.Pool is { SmallOut: 0, LargeOut: 0, VectorsOut: 0 } && f.OpenConnections == 0) && holds?.Invoke(figures) != false;
            },
            () => $"quiet: {string.Join<HostFigures>('\n', figures)}",
            TimeSpan.FromSeconds(200));
        await SetLoadAsync(run: true);
        return figures;
    }

    public void Dispose() => _api.Dispose();

    private async Task MakeWhatStaysAsync()
    {
        foreach (string node in new[] { "n1", "n2", "n3" })
            await _api.CoreV1.CreateNamespacedPodAsync(Pod($"web-{node}", Stays, "nginx", node), "default");
        V1Service service = await _api.CoreV1.CreateNamespacedServiceAsync(Service("web", Stays), "default");
        // A pod that does nothing until there is a file, and again when the file has gone.
        string ask = $"while true; do if [ -e /tmp/run ]; then wget -q -O /dev/null -T 2 http://{service.Spec.ClusterIP}/; echo x | nc -u -w 1 {service.Spec.ClusterIP} 53; else sleep 0.2; fi; sleep 0.1; done";
        foreach (string node in new[] { "n1", "n2" })
            await _api.CoreV1.CreateNamespacedPodAsync(Pod($"asks-{node}", "asks", "busybox", node, ask), "default");
        await UntilAsync(async () => (await PodsAsync(Stays)).Concat(await PodsAsync("asks")).Count(IsReady) == 5, "what stays is Ready");
        await SetLoadAsync(run: true);
    }

    private async Task SetLoadAsync(bool run)
    {
        foreach (string node in new[] { "n1", "n2" })
            await InPodAsync($"asks-{node}", run ? "touch" : "rm", "/tmp/run");
    }

    private async Task CreateAsync(int round)
    {
        for (int i = 0; i < Services; i++)
            await TryAsync(() => _api.CoreV1.CreateNamespacedServiceAsync(Service(NameOf(round, i), Churn, i == 0 ? "NodePort" : "ClusterIP"), "default"));
        for (int i = 0; i < Pods; i++)
            await TryAsync(() => _api.CoreV1.CreateNamespacedPodAsync(Pod(NameOf(round, i), Churn, "nginx", $"n{1 + (i % 3)}"), "default"));
    }

    private async Task UseServicesAsync(int round)
    {
        for (int i = 0; i < Services; i++)
        {
            string address = (await _api.CoreV1.ReadNamespacedServiceAsync(NameOf(round, i), "default")).Spec.ClusterIP;
            foreach (string node in new[] { "n1", "n2" })
            {
                await UntilAsync(
                    async () => (await InPodAsync($"asks-{node}", "sh", "-c", $"for i in {string.Join(' ', Enumerable.Range(1, Requests))}; do wget -q -O /dev/null -T 5 http://{address}/ || exit 1; done")) == 0,
                    $"round {round}: {node} is answered by {address}");
            }
        }
    }

    private async Task CutTunnelAsync()
    {
        string id = await AddFaultAsync("node/n1:flannel.1", "n2");
        await Task.Delay(TimeSpan.FromMilliseconds(500));
        await ClearFaultAsync(id);
    }

    private async Task KillAndRestartAsync()
    {
        await _hosts[2].KillAsync();
        _hosts[2] = await _lab.StartAsync("n3", _hosts[2].At, _hosts[0].At, ShortHistory);
        await AllUpAsync();
    }

    // n2 loses both others: it gives its control system up, and comes back with a new one.
    private async Task CutControlAsync()
    {
        string[] cuts = [await AddFaultAsync("node/n2:control", "n1"), await AddFaultAsync("node/n2:control", "n3")];
        await UntilAsync(async () => (await StatusAsync("n1")).GetProperty("members").GetArrayLength() < 3, "n1 lets n2 go");
        foreach (string cut in cuts)
            await ClearFaultAsync(cut);
        await AllUpAsync();
    }

    private async Task AllUpAsync()
    {
        List<string> seen = [];
        await UntilAsync(
            async () =>
            {
                seen.Clear();
                bool all = true;
                foreach (string name in new[] { "n1", "n2", "n3" })
                {
                    JsonElement status = await StatusAsync(name);
                    JsonElement members = status.GetProperty("members"), unreachable = status.GetProperty("unreachable");
                    seen.Add($"{name} sees {members} and cannot reach {unreachable}");
                    all &= members.GetArrayLength() == 3 && unreachable.GetArrayLength() == 0;
                }

                if (!all)
                    return false;
                int nodes = (await _api.CoreV1.ListNodeAsync()).Items.Count(static node => node.Status.Conditions.Any(static c => c is { Type: "Ready", Status: "True" }));
                int pods = (await PodsAsync(Stays)).Count(IsReady);
                seen.Add($"Ready are {nodes} nodes and {pods} pods");
                return nodes == 3 && pods == 3;
            },
            () => $"all hosts are in the cluster, and what stays is Ready: {string.Join("; ", seen)}\n{string.Join('\n', _hosts.Select(static host => $"{host.Name} said last:\n{EndOf(host.Said)}"))}",
            Patience);
    }

    private static string EndOf(string said) => said[^Math.Min(said.Length, LastWords)..];

    private async Task DeleteAsync(int round)
    {
        for (int i = 0; i < Services; i++)
            await TryAsync(() => _api.CoreV1.DeleteNamespacedServiceAsync(NameOf(round, i), "default"));
        for (int i = 0; i < Pods; i++)
            await TryAsync(() => _api.CoreV1.DeleteNamespacedPodAsync(NameOf(round, i), "default"));
        await UntilAsync(async () => (await PodsAsync(Churn)).Count == 0, $"round {round}: its pods are gone");
        // They would stay for an hour, as upstream's do, and be more and more.
        await TryAsync(() => _api.CoreV1.DeleteCollectionNamespacedEventAsync("default"));
    }

    private async Task<IList<V1Pod>> PodsAsync(string label) => (await _api.CoreV1.ListNamespacedPodAsync("default", labelSelector: $"app={label}")).Items;

    private async Task<JsonElement> StatusAsync(string name)
    {
        using HostClient host = HostClient.Find(_lab.StateOf(name))[0];
        return await host.GetAsync<JsonElement>("actornet/v1/status", CancellationToken.None);
    }

    private async Task<int> InPodAsync(string pod, params string[] command)
    {
        using HostClient host = HostClient.Find(_lab.StateOf(pod[^2..]))[0];
        return await host.ExecAsync(new ExecRequest($"pod/{pod}", command, null), TextWriter.Null, TextWriter.Null, CancellationToken.None);
    }

    private async Task<string> AddFaultAsync(string link, string peer)
    {
        CommandResult added = await Lab.RunAsync("fault", "add", link, "--peer", peer, "--cut", "-o", "json", "--state-dir", _lab.Root);
        Assert.True(added.ExitCode == 0, added.ToString());
        using JsonDocument document = JsonDocument.Parse(added.Output);
        return document.RootElement.GetProperty("id").GetString()!;
    }

    private async Task ClearFaultAsync(string id)
    {
        CommandResult cleared = await Lab.RunAsync("fault", "clear", id, "--state-dir", _lab.Root);
        Assert.True(cleared.ExitCode == 0, cleared.ToString());
    }

    // The API may be between two hosts, or a store member away, when it is asked: what was done already is as good.
    private static async Task TryAsync<T>(Func<Task<T>> request)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await request();
                return;
            }
            catch (HttpOperationException e) when (e.Response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.NotFound)
            {
                return;
            }
            catch (Exception e) when (IsPassing(e) && Stopwatch.GetElapsedTime(start) < Patience)
            {
                await Task.Delay(200);
            }
        }
    }

    private static Task UntilAsync(Func<Task<bool>> holds, string what) => UntilAsync(holds, () => what, Patience);

    private static async Task UntilAsync(Func<Task<bool>> holds, Func<string> what, TimeSpan patience)
    {
        long start = Stopwatch.GetTimestamp();
        Exception? last = null;
        while (true)
        {
            try
            {
                if (await holds())
                    return;
            }
            catch (Exception e) when (IsPassing(e))
            {
                last = e;
            }

            Assert.True(Stopwatch.GetElapsedTime(start) < patience, $"{what()}: not within {patience.TotalSeconds} s; {last?.Message}");
            await Task.Delay(200);
        }
    }

    private static bool IsPassing(Exception e) => e is HttpRequestException or TaskCanceledException or IOException or HttpOperationException { Response.StatusCode: >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests };

    private static bool IsReady(V1Pod pod) => pod.Status?.Conditions?.Any(static c => c is { Type: "Ready", Status: "True" }) == true;

    private static string NameOf(int round, int index) => string.Create(CultureInfo.InvariantCulture, $"c{round}-{index}");

    private static V1Pod Pod(string name, string app, string image, string node, string? script = null) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["app"] = app } },
        Spec = new V1PodSpec
        {
            NodeName = node,
            TerminationGracePeriodSeconds = 1,
            // A node that is away for long is not to lose it.
            Tolerations = [new V1Toleration { OperatorProperty = "Exists" }],
            Containers = [new V1Container { Name = "c", Image = image, Command = script is null ? null : ["sh", "-c", script] }],
        },
    };

    private static V1Service Service(string name, string app, string type = "ClusterIP") => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1ServiceSpec
        {
            Type = type,
            Selector = new Dictionary<string, string> { ["app"] = app },
            Ports = [new V1ServicePort { Name = "http", Port = 80 }, new V1ServicePort { Name = "dns", Port = 53, Protocol = "UDP" }],
        },
    };
}
