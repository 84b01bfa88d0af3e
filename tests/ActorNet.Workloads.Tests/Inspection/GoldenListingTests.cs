using System.Runtime.CompilerServices;
using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Tests.Inspection;

/// <summary>Our text for the recorded node must be the real tools' text, to the byte (Golden/README.md says which tools).</summary>
public class GoldenListingTests
{
    public static TheoryData<string, string> Recordings
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string command in (string[])["ip addr", "ip -s -d link", "ip -br addr", "ip -br link", "ip route", "ip route show table local", "ip neigh", "ip -s neigh", "bridge fdb show",
                "bridge -s fdb show", "bridge fdb show dev flannel.1", "bridge link", "bridge -d link", "brctl show", "brctl showmacs cni0", "brctl showstp cni0", "arp -n", "arp -an", "ifconfig",
                "route -n", "netstat -rn", "ip route get 10.244.2.5"])
                data.Add("n1", command);
            foreach (string command in (string[])["ip addr", "ip -d link", "ip route", "ip neigh", "ifconfig", "arp -n"])
                data.Add("pod", command);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task A_listing_is_what_the_real_tool_printed(string place, string command)
    {
        string recorded = await File.ReadAllTextAsync(Path.Combine(Folder(), $"{place}_{command.Replace(' ', '_').Replace('.', '_')}.txt"));

        // The ageing run's timer went on between the two commands that show it.
        NamespaceView view = place == "pod" ? GoldenNode.Pod() : GoldenNode.Node(command.StartsWith("brctl", StringComparison.Ordinal) ? 290.56 : 290.64);
        ToolRun run = await ToolRun.OfAsync(command, view);

        Assert.Equal(recorded, run.Output);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public void Every_recording_is_compared()
    {
        string[] compared = [.. Recordings.Select(row => $"{row.Data.Item1}_{row.Data.Item2.Replace(' ', '_').Replace('.', '_')}.txt").Order(StringComparer.Ordinal)];

        Assert.Equal(Directory.EnumerateFiles(Folder(), "*.txt").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal), compared);
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Golden");
}
