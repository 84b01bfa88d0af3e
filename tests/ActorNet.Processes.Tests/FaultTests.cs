using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ActorNet.Processes.Tests;

/// <summary>`actornet fault` as a user gives it, over two host processes.</summary>
public sealed partial class FaultTests
{
    private const int Pings = 1000, Judged = 190;

    [Fact]
    public async Task Faults_are_added_listed_and_cleared_while_pods_talk()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(81));
        await lab.StartAsync("n2", lab.Place(82), first.At);
        await lab.RunPodAsync("a", "n1");
        string b = await lab.RunPodAsync("b", "n2");
        await lab.PingsAsync("a", b);

        // The same seed at the same place: the same frames of the flow in both runs.
        var answered = new List<int[]>();
        for (int run = 0; run < 2; run++)
        {
            JsonElement lossy = await AddAsync(lab, "pod/a:eth0", "--loss", "20%", "--direction", "egress", "--seed", "7", "--duration", "10m");
            Assert.Equal(("loss 20%", 7, "egress"), (lossy.GetProperty("impairment").GetString(), lossy.GetProperty("seed").GetInt32(), lossy.GetProperty("direction").GetString()));
            CommandResult ping = await lab.ExecAsync("pod/a", "ping", "-c", $"{Pings}", "-i", "0.002", b);
            // Not the last ones: how long ping waits for them depends on the replies that it had, and a full machine may hold replies up for a while.
            answered.Add([.. Sequence().Matches(ping.Output).Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)).Where(n => n <= Judged)]);
            JsonElement listed = Assert.Single(await ListAsync(lab));
            Assert.InRange(listed.GetProperty("decided").GetInt64(), Pings, Pings + 10);
            Assert.InRange(listed.GetProperty("secondsLeft").GetDouble(), 1, 600);
            Assert.True(listed.GetProperty("dropped").GetInt64() >= Judged - answered[run].Length, listed.ToString());
            await ClearAsync(lab, lossy.GetProperty("id").GetString()!);
        }

        Assert.Equal(answered[0], answered[1]);
        // Five standard deviations of a binomial (n 190, p 0.8) are 28.
        Assert.InRange(answered[0].Length, 124, 180);

        JsonElement cut = await AddAsync(lab, "node/n1:flannel.1", "--peer", "n2", "--cut");
        CommandResult silent = await lab.ExecAsync("pod/a", "ping", "-c", "2", "-i", "0.1", "-W", "0.5", b);
        Assert.True(silent.ExitCode == 1 && silent.Output.Contains("100% packet loss", StringComparison.Ordinal), silent.ToString());
        Assert.Contains("flannel.1 Impaired", (await lab.StatusAsync("n1")).GetProperty("Drops").ToString(), StringComparison.Ordinal);
        CommandResult table = await Lab.RunAsync("fault", "list", "--state-dir", lab.Root);
        Assert.Matches($@"^ID +LINK +PEER(.|\n)*{cut.GetProperty("id").GetString()} +node/n1:flannel\.1 +n2 +both +cut ", table.Output);
        CommandResult all = await Lab.RunAsync("fault", "clear", "--all", "--state-dir", lab.Root);
        Assert.Matches(@"fault n1-3 cleared: cut on node/n1:flannel\.1 both towards n2, decided \d+, dropped \d+", all.Output);
        Assert.Equal(0, (await lab.ExecAsync("pod/a", "ping", "-c", "2", "-i", "0.1", "-W", "5", b)).ExitCode);
        Assert.Empty(await ListAsync(lab));
    }

    [Fact]
    public async Task A_cut_control_link_makes_the_peer_unreachable_until_it_is_cleared_and_pods_talk_on()
    {
        await using var lab = new Lab();
        LabProcess first = await lab.StartAsync("n1", lab.Place(83));
        await lab.StartAsync("n2", lab.Place(84), first.At);
        await lab.RunPodAsync("a", "n1");
        string b = await lab.RunPodAsync("b", "n2");
        await lab.PingsAsync("a", b);

        JsonElement delay = await AddAsync(lab, "node/n2:control", "--peer", "n1", "--delay", "50ms", "--direction", "egress");
        await Lab.UntilAsync(() => ListAsync(lab), rows => rows[0].GetProperty("decided").GetInt64() > 0, "messages are delayed");
        await ClearAsync(lab, delay.GetProperty("id").GetString()!);

        JsonElement cut = await AddAsync(lab, "node/n1:control", "--peer", "n2", "--cut");
        await Lab.UntilAsync(() => lab.StatusAsync("n1"), s => s.GetProperty("Unreachable").GetArrayLength() > 0 || s.GetProperty("Members").GetArrayLength() < 2, "n1 misses n2");
        Assert.Equal(0, (await lab.ExecAsync("pod/a", "ping", "-c", "2", "-i", "0.1", "-W", "5", b)).ExitCode);
        JsonElement counted = Assert.Single(await ListAsync(lab));
        Assert.True(counted.GetProperty("dropped").GetInt64() > 0, counted.ToString());
        await ClearAsync(lab, cut.GetProperty("id").GetString()!);
        await Lab.UntilAsync(
            () => lab.StatusAsync("n1"), s => s.GetProperty("Unreachable").GetArrayLength() == 0 && s.GetProperty("Members").GetArrayLength() == 2, "n1 sees n2 again");
    }

    [Theory]
    [InlineData("--loss 130%: give a share of frames between 0% and 100%", "pod/a:eth0", "--loss", "130%")]
    [InlineData("--delay 20: give a time with its unit us, ms, s, m or h", "pod/a:eth0", "--delay", "20")]
    [InlineData("--rate 10mbps: give a rate", "pod/a:eth0", "--rate", "10mbps")]
    [InlineData("--seed x: give a whole number", "pod/a:eth0", "--cut", "--seed", "x")]
    [InlineData("--mtu 20: give 68 to 65535 bytes", "pod/a:eth0", "--mtu", "20")]
    [InlineData("--direction up: give egress, ingress or both", "pod/a:eth0", "--cut", "--direction", "up")]
    [InlineData("--reorder 2%: needs a --delay", "pod/a:eth0", "--reorder", "2%")]
    [InlineData("at least one of --cut", "pod/a:eth0")]
    [InlineData("pod/a: names no link", "pod/a", "--cut")]
    [InlineData("-o yaml: unknown format. Give json", "pod/a:eth0", "--cut", "-o", "yaml")]
    [InlineData("--peer is missing", "node/n1:control", "--cut")]
    [InlineData("no host runs in", "pod/a:eth0", "--cut")]
    public async Task Wrong_use_is_refused_with_option_value_and_what_is_expected(string said, params string[] arguments)
    {
        await using var lab = new Lab();
        CommandResult result = await Lab.RunAsync(["fault", "add", .. arguments, "--state-dir", lab.Root]);
        Assert.True(result.ExitCode == 2, result.ToString());
        Assert.Contains(said, result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ActorNet.", result.Errors, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> AddAsync(Lab lab, params string[] arguments)
    {
        CommandResult added = await Lab.RunAsync(["fault", "add", .. arguments, "-o", "json", "--state-dir", lab.Root]);
        Assert.True(added.ExitCode == 0, added.ToString());
        return Parse(added.Output);
    }

    private static async Task<JsonElement[]> ListAsync(Lab lab)
    {
        CommandResult list = await Lab.RunAsync("fault", "list", "-o", "json", "--state-dir", lab.Root);
        Assert.True(list.ExitCode == 0, list.ToString());
        return [.. Parse(list.Output).EnumerateArray()];
    }

    private static async Task ClearAsync(Lab lab, string id)
    {
        CommandResult cleared = await Lab.RunAsync("fault", "clear", id, "--state-dir", lab.Root);
        Assert.True(cleared.ExitCode == 0, cleared.ToString());
        Assert.StartsWith($"fault {id} cleared: ", cleared.Output, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"icmp_seq=(\d+) ttl=")]
    private static partial Regex Sequence();

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
