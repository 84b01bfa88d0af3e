using System.Text.RegularExpressions;

namespace ActorNet.Interop.Tests.Tools;

/// <summary>Each use of traceroute once with Debian's between kernel hosts and once with ours between emulated ones: all the same but the times.</summary>
public sealed partial class TracerouteJudgeTests(ToolTwins twins) : IClassFixture<ToolTwins>
{
    // A router refuses five packets of a peer at once and one a second (ip_error; net.ipv4.route.error_burst): there are four such uses.
    public static TheoryData<string> Runs =>
    [
        "traceroute 10.0.0.2", "traceroute -n 10.0.0.2", "traceroute -I 10.0.0.2", "traceroute -U -n 10.0.0.2", "traceroute -n 127.0.0.1", "traceroute localhost", "traceroute -n 10.0.0.1",
        "traceroute -n 10.9.0.1", "traceroute -I -n 10.9.0.1", "traceroute -n -q 1 -N 1 10.9.2.5", "traceroute -q 1 -N 1 10.9.3.5", "traceroute -I -n -q 1 -N 1 10.9.2.5", "traceroute -n -q 1 -w 1 -m 3 10.9.4.5",
        "traceroute -n -w 3 -q 1 -N 1 -m 2 10.9.5.5", "traceroute -n -q 2 10.0.0.2", "traceroute -f 2 -m 4 -n 10.0.0.2", "traceroute -n -q 10 10.0.0.2", "traceroute -n -N 1 10.0.0.2", "traceroute -n -p 40000 10.0.0.2",
        "traceroute -n -s 10.0.0.1 10.0.0.2", "traceroute -n -i eth0 10.0.0.2", "traceroute -n -t 16 10.0.0.2", "traceroute -n -F 10.0.0.2 1500", "traceroute -n 10.0.0.2 20", "traceroute -n 10.0.0.2 3000", "traceroute -n -z 20 10.0.0.2",
        "traceroute --queries=1 --max-hops=5 -n 10.0.0.2", "traceroute -w 5,3,10 -n 10.0.0.2", "traceroute -n 10.0.0.77 -q 1",
    ];

    public static TheoryData<string> Mistakes =>
    [
        "traceroute", "traceroute --help", "traceroute -V", "traceroute -Y", "traceroute --foo x", "traceroute -m", "traceroute -m 0 10.0.0.2", "traceroute -m 256 10.0.0.2", "traceroute -f 5 -m 3 10.0.0.2",
        "traceroute -f 0 10.0.0.2", "traceroute -q 0 10.0.0.2", "traceroute -q 11 10.0.0.2", "traceroute -q x 10.0.0.2", "traceroute -w x 10.0.0.2", "traceroute -m x 10.0.0.2", "traceroute -p x 10.0.0.2", "traceroute -n 10.0.0.2 x",
        "traceroute -n 10.0.0.2 70000", "traceroute 10.0.0.2 60 70", "traceroute -n", "traceroute -s 1.2.3.4 10.0.0.2", "traceroute -i nope 10.0.0.2", "traceroute -n 192.0.2.1", "traceroute -I -n 192.0.2.1", "traceroute -I -s 1.2.3.4 10.0.0.2",
    ];

    [Theory]
    [MemberData(nameof(Runs))]
    [MemberData(nameof(Mistakes))]
    public async Task It_says_what_the_real_one_says(string command)
    {
        Need.Tool("traceroute");
        await twins.StartAsync();
        Assert.Equal(Still(await twins.RealAsync(0, command)), Still(await twins.OursAsync(0, command)));
    }

    private static string Still(ToolResult result) => Time().Replace(result.ToString(), "T ms");

    [GeneratedRegex(@"\d+\.\d{3} ms")]
    private static partial Regex Time();
}
