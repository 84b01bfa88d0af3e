using System.Diagnostics;
using System.Globalization;
using ActorNet.Cli.Client;
using ActorNet.Cli.Commands;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;
using k8s;

namespace ActorNet.Cli.Demo;

/// <summary>What the demo does in its lab, and shows.</summary>
internal sealed class DemoStory
{
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<HostClient> _hosts;
    private readonly FirstLight _scenario;
    private readonly TextWriter _output;

    private DemoStory(IReadOnlyList<HostClient> hosts, FirstLight scenario, TextWriter output)
    {
        _hosts = hosts;
        _scenario = scenario;
        _output = output;
    }

    private HostClient First => _hosts[0];

    private string Url => $"http://{_scenario.Service.Metadata.Name}/hostname";

    /// <summary>Tells it.</summary>
    /// <param name="cluster">The lab, with all nodes Ready.</param>
    /// <param name="output">Where to.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>Whether every command of it did what it should, and where the Service answers.</returns>
    public static async Task<(bool Passed, string Url)> TellAsync(LabCluster cluster, TextWriter output, CancellationToken ct)
    {
        HostClient[] hosts = [.. cluster.Hosts.Select(static h => h.Connect())];
        try
        {
            using IKubernetes api = LabApi.Open(cluster.Directory.Kubeconfig);
            var story = new DemoStory(hosts, new FirstLight(api), output);
            bool passed = await story.TellAsync(ct).ConfigureAwait(false);
            return (passed, story.Url);
        }
        finally
        {
            foreach (HostClient host in hosts)
                host.Dispose();
        }
    }

    private async Task<bool> TellAsync(CancellationToken ct)
    {
        await _output.WriteLineAsync($"\nManifests ({FirstLight.Folder}/*.yaml), through the Kubernetes API").ConfigureAwait(false);
        await _scenario.ApplyAsync(_output, ct).ConfigureAwait(false);
        await _scenario.ReadyAsync(ct).ConfigureAwait(false);
        await _output.WriteLineAsync().ConfigureAwait(false);
        TextTable.Write(_output, ["POD", "NODE", "IP"], _scenario.Pods.Select(static p => new[] { p.Metadata.Name, p.Spec.NodeName, p.Status.PodIP }));
        await _output.WriteLineAsync($"service/{_scenario.Service.Metadata.Name} has the address {_scenario.Service.Spec.ClusterIP}, which no device has: rules on each node translate it, and the cluster's DNS knows its name").ConfigureAwait(false);
        bool passed = await AnswersAsync(ct).ConfigureAwait(false);
        if (passed)
            await SayAnswerTimeAsync().ConfigureAwait(false);
        passed &= await ShowCurlAsync(ct).ConfigureAwait(false);
        await _output.WriteLineAsync("\nWhat node n1 forwards by").ConfigureAwait(false);
        passed &= await ShowAsync("node/n1", ["conntrack", "-L", "-s", _scenario.Client.Status.PodIP], ct).ConfigureAwait(false);
        passed &= await ShowAsync("node/n1", ["ip", "route"], ct).ConfigureAwait(false);
        passed &= await ShowAsync("node/n1", ["bridge", "fdb", "show", "dev", "flannel.1"], ct).ConfigureAwait(false);
        return passed;
    }

    // The rules come to the node a moment after the endpoints came to the API, and the cluster's DNS comes to run beside all this.
    private async Task<bool> AnswersAsync(CancellationToken ct)
    {
        long began = Stopwatch.GetTimestamp();
        var request = new ExecRequest(FirstLight.ClientTarget, ["curl", "-sS", "-m", "2", Url], null);
        while (await First.ExecAsync(request, TextWriter.Null, TextWriter.Null, ct).ConfigureAwait(false) != 0)
        {
            if (Stopwatch.GetElapsedTime(began) > AnswerPatience)
                return false;
            await Task.Delay(TimeSpan.FromMilliseconds(50), ct).ConfigureAwait(false);
        }

        return true;
    }

    private async Task SayAnswerTimeAsync()
    {
        using var self = Process.GetCurrentProcess();
        double seconds = (DateTime.Now - self.StartTime).TotalSeconds;
        await _output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"\nFirst answer of a pod on another host {seconds:0.0} s after the command was started")).ConfigureAwait(false);
    }

    private async Task<bool> ShowCurlAsync(CancellationToken ct)
    {
        var recorder = new WalkRecorder(_hosts);
        await recorder.StartAsync(new TraceRequest(_scenario.Client.Status.PodIP, null), ct).ConfigureAwait(false);
        bool passed = await ShowAsync(FirstLight.ClientTarget, ["curl", "-sS", "-w", @"\nHTTP %{http_code} in %{time_total} s\n", Url], ct).ConfigureAwait(false);
        IReadOnlyList<PacketWalk> walks = await recorder.CollectAsync(ct).ConfigureAwait(false);
        PacketWalk[] names = [.. walks.Where(static w => w.Flags.Length == 0)], connection = [.. walks.Where(static w => w.Flags.Length > 0)];
        await ShowWalksAsync("First it asks the cluster's DNS (10.96.0.10) for the name, and is answered", names, WalkPrinter.PrintShort).ConfigureAwait(false);
        await ShowWalksAsync("The connection's first packet and the answer to it, device by device and rule by rule, from the hop records of all hosts", connection.Take(2), Spaced).ConfigureAwait(false);
        await ShowWalksAsync("The walks of the others", connection.Skip(2), WalkPrinter.PrintShort).ConfigureAwait(false);
        return passed;
    }

    private async Task ShowWalksAsync(string title, IEnumerable<PacketWalk> walks, Action<TextWriter, PacketWalk> print)
    {
        await _output.WriteLineAsync($"\n{title}").ConfigureAwait(false);
        foreach (PacketWalk walk in walks)
            print(_output, walk);
    }

    private static void Spaced(TextWriter output, PacketWalk walk)
    {
        output.WriteLine();
        WalkPrinter.Print(output, walk);
    }

    private async Task<bool> ShowAsync(string target, string[] command, CancellationToken ct)
    {
        await _output.WriteLineAsync($"\n{target}$ {string.Join(' ', command)}").ConfigureAwait(false);
        return await First.ExecAsync(new ExecRequest(target, command, null), _output, Console.Error, ct).ConfigureAwait(false) == 0;
    }
}
