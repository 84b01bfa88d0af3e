using System.Text.Json;

namespace ActorNet.Processes.Tests;

public sealed class ConfigFileTests
{
    [Fact]
    public async Task A_host_starts_from_its_config_file_and_the_command_line_wins()
    {
        await using var lab = new Lab();
        LabPlace at = lab.Place(77);
        string file = Path.Combine(lab.Root, "host.yaml");
        await File.WriteAllTextAsync(file, $"""
            name: n1
            address: {at.Address}
            stateDir: {lab.StateOf("n1")}
            controlPort: {at.ControlPort}
            underlayPort: {at.UnderlayPort}
            lanPort: {at.LanPort}
            storePort: {at.StorePort}
            store: memory
            underlayMtu: 1400
            clusterCidr: 10.66.0.0/16
            profile: lab
            underlay: portable
            """);
        await lab.StartWithAsync("n1", at, "node", "--init", "--dns", "off", "--config", file, "--cluster-cidr", "10.77.0.0/16", "--ends-with-stdin");

        JsonElement status = await lab.StatusAsync("n1");
        Assert.Equal("n1", status.GetProperty("Node").GetString());
        Assert.Equal($"{at.Address}:{at.UnderlayPort}", status.GetProperty("Underlay").GetString());
        Assert.False(status.GetProperty("SegmentationOffload").GetBoolean());
        Assert.Equal("10.77.0.0/24", status.GetProperty("PodCidr").GetString());
        await lab.RunPodAsync("a", "n1");
        // Outer IPv4, UDP and VXLAN headers and the inner Ethernet header: 50 bytes.
        Assert.Contains(" mtu 1350 ", (await lab.ExecAsync("pod/a", "ip", "link", "show", "dev", "eth0")).Output, StringComparison.Ordinal);
    }
}
