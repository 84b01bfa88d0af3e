using System.Text.Json;

namespace ActorNet.Processes.Tests;

public sealed class PortableUnderlayTests
{
    [Fact]
    public async Task Hosts_without_any_fast_path_of_Linux_carry_pods_as_well()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(91), more: ["--underlay", "portable"]);
        await lab.StartAsync("n2", lab.Place(92), first.At, "--underlay", "portable");
        await lab.RunPodAsync("a", "n1");
        string b = await lab.RunPodAsync("b", "n2");

        await lab.PingsAsync("a", b);
        // More than a MTU: fragments, each a datagram of its own.
        CommandResult large = await lab.ExecAsync("pod/a", "ping", "-c", "3", "-i", "0.2", "-s", "3000", b);

        Assert.Contains("3 received, 0% packet loss", large.Output, StringComparison.Ordinal);
        foreach (string node in new[] { "n1", "n2" })
        {
            JsonElement status = await lab.StatusAsync(node);
            Assert.False(status.GetProperty("SegmentationOffload").GetBoolean());
            Assert.True(status.GetProperty("DatagramsReceived").GetInt64() >= 9);
        }
    }
}
