using System.Text.Json;

namespace ActorNet.Processes.Tests;

public sealed class CrashTests
{
    [Fact]
    public async Task A_killed_host_comes_back_with_its_subnet_and_others_forward_on()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(61));
        LabProcess second = await lab.StartAsync("n2", lab.Place(62), first.At);
        LabProcess third = await lab.StartAsync("n3", lab.Place(63), first.At);
        await lab.RunPodAsync("a", "n1");
        string b = await lab.RunPodAsync("b", "n2");
        await lab.PingsAsync("a", b);
        string cidr = await SubnetAsync(lab, "n3");
        string identity = await File.ReadAllTextAsync(Path.Combine(lab.StateOf("n3"), "host.json"));

        await third.KillAsync();
        await lab.PingsAsync("a", b);
        await lab.StartAsync("n3", third.At, first.At);

        Assert.Equal(cidr, await SubnetAsync(lab, "n3"));
        Assert.Equal(identity, await File.ReadAllTextAsync(Path.Combine(lab.StateOf("n3"), "host.json")));
        await lab.RunPodAsync("c", "n3");
        await lab.PingsAsync("c", b);
        Assert.False(second.HasExited);
    }

    [Fact]
    public async Task A_frozen_host_resumes_with_its_pods_and_addresses()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(64));
        LabProcess second = await lab.StartAsync("n2", lab.Place(65), first.At);
        await lab.RunPodAsync("a", "n1");
        string b = await lab.RunPodAsync("b", "n2");
        await lab.PingsAsync("a", b);

        await second.SignalAsync("STOP");
        await Task.Delay(TimeSpan.FromSeconds(4));
        await second.SignalAsync("CONT");

        await lab.PingsAsync("a", b);
        await Lab.UntilAsync(() => lab.StatusAsync("n2"), s => s.GetProperty("ControlState").GetString() == "up" && s.GetProperty("Members").GetArrayLength() == 2, "n2 is up again");
        Assert.Equal(b, await lab.PodAddressAsync("b"));
    }

    [Fact]
    public async Task The_registry_moves_when_its_host_is_killed_and_hands_out_no_subnet_twice()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(66));
        LabProcess second = await lab.StartAsync("n2", lab.Place(67), first.At);
        await lab.StartAsync("n3", lab.Place(68), first.At);
        string[] taken = [await SubnetAsync(lab, "n1"), await SubnetAsync(lab, "n2"), await SubnetAsync(lab, "n3")];

        await first.KillAsync();
        JsonElement moved = await Lab.UntilAsync(() => lab.StatusAsync("n3"), s => s.GetProperty("RegistryHost").GetString() is "n2" or "n3", "a new registry host");
        await lab.StartAsync("n4", lab.Place(69), second.At);

        Assert.NotEqual("n1", moved.GetProperty("RegistryHost").GetString());
        Assert.DoesNotContain(await SubnetAsync(lab, "n4"), taken);
    }

    private static async Task<string> SubnetAsync(Lab lab, string name) => (await lab.StatusAsync(name)).GetProperty("PodCidr").GetString()!;
}
