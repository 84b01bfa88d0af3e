using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorNet.Processes.Tests;

public sealed class DemoTests
{
    /// <summary>The other hosts' addresses where each host has one of its own.</summary>
    internal const string ApartPeers = @"127\.\d+\.\d+\.[23]";

    /// <summary>The other hosts' address where there is only one.</summary>
    internal const string SinglePeer = @"127\.0\.0\.1";

    // The demo that ends by itself is the README's first command: ReadmeTests.
    [Fact]
    public async Task A_demo_that_is_kept_stays_for_other_commands_until_down()
    {
        await using var lab = new Lab();
        string[] place = ["--state-dir", Path.Combine(lab.Root, "labs"), "--name", "kept"];

        CommandResult demo = await Lab.RunAsync(["demo", "--keep", .. place]);
        try
        {
            Assert.True(demo.ExitCode == 0, demo.ToString());
            AssertStory(demo.Output, ApartPeers);
            // What it offers to try.
            string[] curl = Regex.Match(demo.Output, @" exec (.*curl .*)").Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.All(place, word => Assert.Contains(word, curl));
            CommandResult answer = await Lab.RunAsync(["exec", .. curl]);
            Assert.True(answer.ExitCode == 0, answer.ToString());
            Assert.Matches("^web-[a-z0-9]+-[a-z0-9]+$", answer.Output);
        }
        finally
        {
            CommandResult down = await Lab.RunAsync(["down", .. place]);
            Assert.True(down.ExitCode == 0, down.ToString());
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(lab.Root));
        AssertHostsHaveEnded(demo.Output);
    }

    /// <summary>What a demo that went well has printed.</summary>
    /// <param name="output">What it printed.</param>
    /// <param name="peers">The other hosts' underlay addresses, as an expression.</param>
    internal static void AssertStory(string output, string peers)
    {
        foreach (string created in new[] { "namespace/first-light", "deployment.apps/web", "service/web", "pod/client" })
            Assert.Contains($"{created} created", output, StringComparison.Ordinal);
        Assert.Matches(@"First answer of a pod on another host \d+\.\d s", output);
        Assert.Matches(@"\nweb-[a-z0-9]+-[a-z0-9]+\nHTTP 200 in \d", output);
        AssertNameIsAskedFor(output);
        AssertFirstPackets(output, peers);
        AssertEveryWalkIsWhole(output);
        Assert.Contains("dev flannel.1 onlink", output, StringComparison.Ordinal);
    }

    /// <summary>That no host of which an output tells runs any more.</summary>
    /// <param name="output">The output.</param>
    internal static void AssertHostsHaveEnded(string output)
    {
        MatchCollection processes = Regex.Matches(output, @"\(process (\d+)\)");
        Assert.NotEmpty(processes);
        Assert.All(processes, process => Assert.False(UpTests.IsAlive(int.Parse(process.Groups[1].Value, CultureInfo.InvariantCulture)), process.Value));
    }

    // The question to the Service kube-dns and its answer, between the client and a pod of coredns, wherever that is.
    private static void AssertNameIsAskedFor(string output)
    {
        string asked = output[output.IndexOf("First it asks the cluster's DNS", StringComparison.Ordinal)..output.IndexOf("The connection's first packet", StringComparison.Ordinal)];
        Assert.Matches(@"10\.244\.0\.\d+ > 10\.96\.0\.10 UDP \d+ > 53 .*\n\s+pod client: eth0 > node n1: .*\(to 10\.244\.\d\.\d+:53\).* > pod coredns-\S+: eth0\s*\n", asked);
        Assert.Matches(@"10\.244\.\d\.\d+ > 10\.244\.0\.\d+ UDP 53 > \d+ .*\n\s+pod coredns-\S+: eth0 > .*\(from 10\.96\.0\.10:53\).* > pod client: eth0\s*\n", asked);
        Assert.Contains("curl -sS -w \\nHTTP %{http_code} in %{time_total} s\\n http://web/hostname", output, StringComparison.Ordinal);
    }

    // SYN and its answer, device by device on both hosts, with the real datagram that carries them.
    private static void AssertFirstPackets(string output, string peers)
    {
        string detailed = output[output.IndexOf("device by device and rule by rule", StringComparison.Ordinal)..output.IndexOf("The walks of the others", StringComparison.Ordinal)];
        Assert.Matches(@"10\.244\.0\.\d+ > 10\.\d+\.\d+\.\d+ TCP \d+ > \d+ \[S\]", detailed);
        foreach (string hop in new[]
        {
            @"pod client\s+eth0\s+Transmit", @"node n1\s+veth\w+\s+Receive", @"node n1\s+cni0\s+Receive", $@"node n1\s+flannel\.1\s+Transmit\s+VXLAN VNI 1 in UDP to {peers}:\d+",
            @"node n[23]\s+flannel\.1\s+Receive\s+VXLAN VNI 1 in UDP from 127\.\d+\.\d+\.1:\d+", @"node n[23]\s+cni0\s+Transmit", @"node n[23]\s+veth\w+\s+Transmit", @"pod web-\S+\s+eth0\s+Receive",
            @"pod web-\S+\s+eth0\s+Transmit", @"pod client\s+eth0\s+Receive",
        })
        {
            Assert.Matches(hop, detailed);
        }

        Assert.Matches(@"PREROUTING  nat -A PREROUTING .*-j KUBE-SERVICES", detailed);
        Assert.Matches(@"NAT: destination 10\.\d+\.\d+\.\d+:80 becomes 10\.244\.[12]\.\d+:8080", detailed);
        Assert.Matches(@"NAT: source 10\.244\.[12]\.\d+:8080 becomes 10\.\d+\.\d+\.\d+:80", detailed);
        Assert.Matches(@"src=10\.244\.0\.\d+ dst=10\.\d+\.\d+\.\d+ sport=\d+ dport=80 src=10\.244\.[12]\.\d+ dst=10\.244\.0\.\d+ sport=8080", output);
    }

    // Also the last ones, the FIN and what answers it.
    private static void AssertEveryWalkIsWhole(string output)
    {
        string others = output[output.IndexOf("The walks of the others", StringComparison.Ordinal)..output.IndexOf("What node n1 forwards by", StringComparison.Ordinal)];
        string[] walks = [.. others.Split('\n').Where(static line => line.StartsWith("      pod ", StringComparison.Ordinal))];
        Assert.True(walks.Length >= 5, others);
        Assert.Equal(2, Regex.Count(others, @"\[F\.?P?\.?\]"));
        Assert.All(walks, walk => Assert.Matches(@"^      pod \S+: eth0 > node n\d: .*flannel\.1 \(VXLAN in UDP to 127[\d.]+:\d+\).* > node n\d: flannel\.1 .*veth\w+ > pod \S+: eth0\s*$", walk));
    }
}
