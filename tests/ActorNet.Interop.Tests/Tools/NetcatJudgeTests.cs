using System.Text.RegularExpressions;

namespace ActorNet.Interop.Tests.Tools;

/// <summary>Each use of nc once with Debian's netcat-openbsd between two kernel hosts and once with ours between two emulated ones: same output, messages and exit codes.</summary>
public sealed partial class NetcatJudgeTests(ToolTwins twins) : IClassFixture<ToolTwins>
{
    private static readonly string Bulk = string.Concat(Enumerable.Range(0, 40_000).Select(i => $"line {i}\n"));

    public static TheoryData<string> Mistakes =>
    [
        "nc", "nc -h", "nc -Y", "nc -w", "nc -w x 10.0.0.2 1", "nc -w -1 10.0.0.2 1", "nc -w 9999999999 10.0.0.2 1", "nc -p x 10.0.0.2 1", "nc -p 0 10.0.0.2 1",
        "nc 10.0.0.2", "nc 10.0.0.2 x", "nc 10.0.0.2 0", "nc 10.0.0.2 70000", "nc -z 10.0.0.2 5-", "nc -z 10.0.0.2 1-x", "nc -l", "nc -l -z 5000", "nc -k 10.0.0.2 5",
        "nc -l 10.0.0.1 5000 7", "nc -l -s 10.0.0.1 5000", "nc -vl 10.0.0.1 -p 6000", "nc -q x 10.0.0.2 1", "nc -i x 10.0.0.2 1", "nc -l 1.2.3.4 5000", "nc -l nosuch",
        "nc -s 1.2.3.4 10.0.0.2 1", "nc -n nosuch 80", "nc 10.0.0.2 1", "nc -v 10.0.0.2 1", "nc -v localhost 1", "nc -nv 10.0.0.2 1", "nc -vz 10.0.0.2 1-3", "nc -vz 10.0.0.2 3-1",
        "nc -vz 10.0.0.2 http", "nc -vu 10.0.0.2 1", "nc -vuz 10.0.0.2 1", "nc -uz 10.0.0.2 1", "nc -W x 10.0.0.2 1", "nc -W 0 10.0.0.2 1", "nc -M 300 10.0.0.2 1",
        "nc -T foo 10.0.0.2 1", "nc -T af31 -v 10.0.0.2 1", "nc -T 0x10 -v 10.0.0.2 1", "nc -O 0 10.0.0.2 1", "nc -I 0 10.0.0.2 1", "nc -6 -v 10.0.0.2 1",
        "nc -v 192.0.2.1 80", "nc -vu 192.0.2.1 80", "nc -v 10.0.0.77 80", "nc -vz -i 1 10.0.0.2 1-2",
    ];

    /// <summary>Server's flags, its input, client's flags, its input. A listener's -v goes with -n: without a name server the real one cannot tell an address that no file names.</summary>
    public static TheoryData<string, string, string, string> Pairs => new()
    {
        { "-l -N 6000", "from server\n", "-N 10.0.0.2 6000", "from client\n" },
        { "-vn -l -N 6000", "out", "-v -N 10.0.0.2 6000", "in" },
        { "-vn -l -N 10.0.0.2 6000", "out", "-vn -N 10.0.0.2 6000", "in" },
        { "-vn -lN -p 6000", "out", "-vNp 7001 10.0.0.2 6000", "in" },
        { "-vn -l -N -s 10.0.0.2 -p 6000", "out", "-vN -s 10.0.0.1 -p 7002 10.0.0.2 6000", "in" },
        { "-lN http", "", "-vN 10.0.0.2 http", "" },
        { "-l 6000", "", "-vz 10.0.0.2 5999-6001", "" },
        { "-l 6000", "", "-z 10.0.0.2 6000", "" },
        { "-l 6000", "", "-zvn 10.0.0.2 6000", "" },
        { "-l 6000", "out", "-w 1 10.0.0.2 6000", "in" },
        { "-l -w 1 6000", "out", "10.0.0.2 6000", "in" },
        { "-l 6000", "out", "-N -q 1 10.0.0.2 6000", "in" },
        { "-lN 6000", "out", "-d 10.0.0.2 6000", "in" },
        { "-lN 6000", "", "-C -N 10.0.0.2 6000", "a\nb\r\nc\n\nd" },
        { "-lN 6000", "", "-i 1 -N 10.0.0.2 6000", "a\nb\n" },
        { "-lN -W 1 6000", "", "-N 10.0.0.2 6000", "a" },
        // Not both at once: a listener whose peer has ended leaves, whatever it has not yet read of its own input (netcat.c readwrite).
        { "-lN 6000", "", "-N 10.0.0.2 6000", Bulk },
        { "-lN 6000", Bulk, "-d 10.0.0.2 6000", "" },
        { "-lN -I 4096 6000", "", "-O 4096 -N 10.0.0.2 6000", Bulk },
        { "-lN -T af21 -M 3 6000", "x", "-T lowdelay -M 1 -N 10.0.0.2 6000", "y" },
        { "-u -l -w 2 6000", "", "-u -w 1 10.0.0.2 6000", "ab\ncd" },
        { "-uvn -l -w 2 6000", "", "-u -q 0 10.0.0.2 6000", "ab" },
        { "-uvn -l -w 3 6000", "back", "-uvn -w 1 10.0.0.2 6000", "ab" },
        { "-uvn -l -w 2 -p 6000", "back", "-u -w 1 -p 7003 -s 10.0.0.1 10.0.0.2 6000", "ab" },
        { "-uvn -l -W 2 6000", "", "-uvz 10.0.0.2 6000", "" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task What_it_says_alone_is_what_the_real_one_says(string command)
    {
        Need.Tool("nc");
        await twins.StartAsync();
        Assert.Equal((await twins.RealAsync(0, command)).ToString(), (await twins.OursAsync(0, command)).ToString());
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_pair_says_what_a_real_pair_says(string server, string serverInput, string client, string clientInput)
    {
        Need.Tool("nc", "ss");
        await twins.StartAsync();
        // At the same time: the two pairs share nothing, and most of what they do is wait.
        string[] talks = await Task.WhenAll(
            TalkAsync(twins.RealAsync, twins.RealBoundAsync, server, serverInput, client, clientInput),
            TalkAsync(twins.OursAsync, twins.OursBoundAsync, server, serverInput, client, clientInput));
        Assert.Equal(talks[0], talks[1]);
    }

    // The listener stands on b, the client on a; a client's port that chance chose is masked.
    private static async Task<string> TalkAsync(
        Func<int, string, string, Task<ToolResult>> run, Func<int, bool, int, Task> bound, string server, string serverInput, string client, string clientInput)
    {
        Task<ToolResult> listening = run(1, "nc " + server, serverInput);
        await bound(1, server.Contains('u', StringComparison.Ordinal), server.Contains("http", StringComparison.Ordinal) ? 80 : 6000);
        ToolResult connected = await run(0, "nc " + client, clientInput);
        return ChosenPort().Replace($"client {connected}\nserver {await listening}", "$1 PORT");
    }

    [GeneratedRegex(@"(received on \S+) [3-6]\d{4}")]
    private static partial Regex ChosenPort();
}
