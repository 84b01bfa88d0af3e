using System.Globalization;
using System.Text.Json;

namespace ActorNet.Processes.Tests;

/// <summary>Hosts of several machines, of which loopback addresses stand for each: control links are protected, and who comes in shows a token.</summary>
public sealed class JoinTests
{
    [Fact]
    public async Task A_host_joins_by_the_printed_line_once_comes_back_without_a_token_and_nobody_else_gets_in()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(111), null, "--control-links", "tls");
        string[] line = await JoinLineAsync(lab, "n1", "--uses", "1");
        LabPlace place = lab.Place(112);
        LabProcess second = await lab.StartWithAsync("n2", place, [.. line, .. Options(lab, "n2", place)]);
        await lab.RunPodAsync("a", "n1");
        string address = await lab.RunPodAsync("b", "n2");
        await lab.PingsAsync("a", address);

        CommandResult there = await Lab.RunAsync("token", "create", "--state-dir", lab.StateOf("n2"));
        Assert.Equal(2, there.ExitCode);
        Assert.Contains("host n2 does not have the authority's key", there.Errors, StringComparison.Ordinal);

        // The token was for one host, and who is refused has nothing of it on his disk.
        CommandResult replayed = await Lab.RunAsync([.. line, .. Options(lab, "n3", lab.Place(113))]);
        Assert.Equal(2, replayed.ExitCode);
        Assert.Contains($"As many hosts as may have joined with token {line[3].Split('.')[0]}. `actornet token create`", replayed.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(lab.StateOf("n3")));
        JsonElement joining = (await lab.StatusAsync("n1")).GetProperty("Joining");
        Assert.Equal((1, 1), (joining.GetProperty("Admitted").GetInt32(), joining.GetProperty("Refused").GetProperty("UsedToken").GetInt32()));
        Assert.Equal(2, (await lab.StatusAsync("n1")).GetProperty("Members").GetArrayLength());

        // What it needs to come back is in its state directory.
        await second.KillAsync();
        await lab.StartWithAsync("n2", place, ["join", .. Options(lab, "n2", place)]);
        await lab.RunPodAsync("again", "n2");
        await lab.PingsAsync("a", await lab.PodAddressAsync("again"));

        // The directory is that cluster's: it forms no other, and joins no other.
        CommandResult forms = await Lab.RunAsync(Lab.HostArguments("n2", lab.Place(114), lab.StateOf("n2"), null));
        Assert.Equal(2, forms.ExitCode);
        Assert.Contains($"--state-dir {lab.StateOf("n2")} is of a cluster that this host has joined", forms.Errors, StringComparison.Ordinal);
        Assert.Contains("or give another --state-dir to form a new one", forms.Errors, StringComparison.Ordinal);
        CommandResult moves = await Lab.RunAsync("join", place.Address, "--token", line[3], "--ca-hash", $"sha256:{new string('0', 64)}", "--state-dir", lab.StateOf("n2"));
        Assert.Equal(2, moves.ExitCode);
        Assert.Contains("Give another --state-dir", moves.Errors, StringComparison.Ordinal);

        // With three hosts the cluster's objects are on three, and so is the authority's key: the one that formed the cluster may be gone for good.
        await lab.StartWithAsync("n3", lab.Place(113), [.. await JoinLineAsync(lab, "n1"), .. Options(lab, "n3", lab.Place(113))]);
        foreach (string name in (string[])["n2", "n3"])
            await Lab.UntilAsync(() => Task.FromResult(File.Exists(Path.Combine(lab.StateOf(name), "pki", "ca.key"))), static isThere => isThere, $"{name} has the authority's key");
        await lab.StoredOnAsync(3);
        await first.KillAsync();
        Directory.Delete(lab.StateOf("n1"), recursive: true);
        LabPlace fourth = lab.Place(114);
        LabProcess last = await lab.StartWithAsync("n4", fourth, [.. await JoinLineAsync(lab, "n2"), .. Options(lab, "n4", fourth)]);
        await lab.RunPodAsync("c", "n4");
        await lab.PingsAsync("again", await lab.PodAddressAsync("c"));

        // Who leaves is no way back into the cluster any more; who is only gone is one.
        string record = Path.Combine(lab.StateOf("n2"), "cluster.json");
        await Lab.UntilAsync(() => File.ReadAllTextAsync(record), text => text.Contains(fourth.Control, StringComparison.Ordinal), "n2 keeps where n4 is");
        CommandResult left = await Lab.RunAsync("leave", "--state-dir", lab.StateOf("n4"));
        Assert.True(left.ExitCode == 0, left.ToString());
        Assert.Equal(0, await last.EndAsync());
        await Lab.UntilAsync(() => File.ReadAllTextAsync(record), text => !text.Contains(fourth.Control, StringComparison.Ordinal), "n2 forgets where n4 was");
        Assert.Contains(first.At.Control, await File.ReadAllTextAsync(record), StringComparison.Ordinal);
    }

    private static async Task<string[]> JoinLineAsync(Lab lab, string by, params string[] more)
    {
        // Who makes it has to wait while the API moves.
        CommandResult made = await Lab.UntilAsync(() => Lab.RunAsync(["token", "create", "--print-join-command", .. more, "--state-dir", lab.StateOf(by)]), static result => result.ExitCode == 0, $"{by} makes a token");
        Assert.Matches(@"^actornet join 127\.0\.10\.11[12]:\d+ --token [a-z0-9]{6}\.[a-z0-9]{16} --ca-hash sha256:[0-9a-f]{64}\n$", made.Output);
        return made.Output.Trim().Split(' ')[1..];
    }

    private static string[] Options(Lab lab, string name, LabPlace at) =>
    [
        "--name", name, "--address", at.Address, "--state-dir", lab.StateOf(name), "--ends-with-stdin",
        .. new (string Option, int Port)[] { ("control", at.ControlPort), ("api", at.ApiPort), ("kubelet", at.KubeletPort), ("store", at.StorePort), ("underlay", at.UnderlayPort), ("lan", at.LanPort) }
            .SelectMany(static each => new[] { $"--{each.Option}-port", each.Port.ToString(CultureInfo.InvariantCulture) }),
    ];
}
