namespace ActorNet.Processes.Tests;

public sealed class DemoTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    public async Task The_demo_shows_the_whole_story_and_leaves_nothing(string singleLoopback)
    {
        await using var lab = new Lab();
        var environment = new Dictionary<string, string> { ["ACTORNET_SINGLE_LOOPBACK"] = singleLoopback, ["TMPDIR"] = lab.Root };

        CommandResult demo = await Lab.RunAsync(["demo"], environment);

        Assert.True(demo.ExitCode == 0, demo.ToString());
        Assert.Contains("3 packets transmitted, 3 received, 0% packet loss", demo.Output, StringComparison.Ordinal);
        Assert.Contains("2 packets transmitted, 2 received, 0% packet loss", demo.Output, StringComparison.Ordinal);
        Assert.Contains("\nserver\n", demo.Output, StringComparison.Ordinal);
        foreach (string hop in new[] { @"pod client\s+eth0\s+Transmit", @"node n1\s+veth\w+\s+Receive", @"node n1\s+cni0\s+Receive", @"node n2\s+cni0\s+Transmit", @"node n2\s+veth\w+\s+Transmit", @"pod server\s+eth0\s+Receive" })
            Assert.Matches(hop, demo.Output);
        string second = singleLoopback == "1" ? @"127\.0\.0\.1" : @"127\.0\.10\.2";
        Assert.Matches($@"node n1\s+flannel\.1\s+Transmit\s+UDP {second}:\d+, VXLAN VNI 1", demo.Output);
        Assert.Matches(@"node n2\s+flannel\.1\s+Receive\s+UDP 127\.0\.\d+\.1:\d+, VXLAN VNI 1", demo.Output);
        // Handshake, request and answer of the curl cross both hosts, each packet in two lines.
        Assert.Matches(@"\n10\.244\.0\.2:\d+\nHTTP 200 in \d", demo.Output);
        foreach (string flags in new[] { @"10\.244\.0\.2 > 10\.244\.1\.2 TCP \d+ > 8080 \[S\]", @"10\.244\.1\.2 > 10\.244\.0\.2 TCP 8080 > \d+ \[S\.\]", @"10\.244\.0\.2 > 10\.244\.1\.2 TCP \d+ > 8080 \[P\.\]", @"10\.244\.1\.2 > 10\.244\.0\.2 TCP 8080 > \d+ \[P\.\]" })
            Assert.Matches(flags + @"[^\n]*\n +pod \w+: eth0 > n\d: veth\w+ cni0 flannel\.1 \(VXLAN in UDP to 127[\d.]+:\d+\) > n\d: flannel\.1 cni0 veth\w+ > pod \w+: eth0\n", demo.Output);
        Assert.Empty(Directory.EnumerateFileSystemEntries(lab.Root, "actornet-demo-*"));
        foreach (System.Text.RegularExpressions.Match process in System.Text.RegularExpressions.Regex.Matches(demo.Output, @"\(process (\d+)\)"))
            Assert.Throws<ArgumentException>(() => System.Diagnostics.Process.GetProcessById(int.Parse(process.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)));
    }
}
