using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorNet.Workloads.Tests.Programs;

/// <summary>
/// Expected text is what ping of iputils 20221126 (Debian 12) printed on a kernel, in throwaway network namespaces; times are normalised to T
/// and addresses are those of the rig.
/// </summary>
public partial class PingTests
{
    [Fact]
    public async Task Replies_and_statistics_look_as_the_tools()
    {
        await using var rig = new ProgramRig();
        (int code, string output, string error) = await ProgramRig.RunAsync(rig.A, "ping -c 2 -i 0.2 10.0.0.2");
        Assert.Equal(
            """
            PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.
            64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=T ms
            64 bytes from 10.0.0.2: icmp_seq=2 ttl=64 time=T ms

            --- 10.0.0.2 ping statistics ---
            2 packets transmitted, 2 received, 0% packet loss, time Tms
            rtt min/avg/max/mdev = T/T/T/T ms

            """, Normalise(output));
        Assert.Equal((0, ""), (code, error));
    }

    [Fact]
    public async Task Quiet_leaves_the_replies_out()
    {
        await using var rig = new ProgramRig();
        (int code, string output, _) = await ProgramRig.RunAsync(rig.A, "ping -q -c 1 peer");
        Assert.Equal(
            """
            PING peer (10.0.0.2) 56(84) bytes of data.

            --- peer ping statistics ---
            1 packets transmitted, 1 received, 0% packet loss, time Tms
            rtt min/avg/max/mdev = T/T/T/T ms

            """, Normalise(output));
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Without_room_for_a_time_stamp_there_are_no_times()
    {
        await using var rig = new ProgramRig();
        (int code, string output, _) = await ProgramRig.RunAsync(rig.A, "ping -c1 -s 4 127.0.0.1");
        Assert.Equal(
            """
            PING 127.0.0.1 (127.0.0.1) 4(32) bytes of data.
            12 bytes from 127.0.0.1: icmp_seq=1 ttl=64

            --- 127.0.0.1 ping statistics ---
            1 packets transmitted, 1 received, 0% packet loss, time Tms


            """, Normalise(output));
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Too_long_with_df_is_a_local_error()
    {
        await using var rig = new ProgramRig(mtu: 1450);
        (int code, string output, string error) = await ProgramRig.RunAsync(rig.A, "ping -M do -s 1472 -c 2 -i 0.2 10.0.0.2");
        Assert.Equal("ping: local error: message too long, mtu=1450\nping: local error: message too long, mtu=1450\n", error);
        Assert.Equal(
            """
            PING 10.0.0.2 (10.0.0.2) 1472(1500) bytes of data.

            --- 10.0.0.2 ping statistics ---
            2 packets transmitted, 0 received, +2 errors, 100% packet loss, time Tms


            """, Normalise(output));
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task A_silent_neighbour_is_destination_host_unreachable()
    {
        await using var rig = new ProgramRig();
        (int code, string output, _) = await ProgramRig.RunAsync(rig.A, "ping -c 1 10.0.0.77");
        Assert.Equal(
            """
            PING 10.0.0.77 (10.0.0.77) 56(84) bytes of data.
            From 10.0.0.1 icmp_seq=1 Destination Host Unreachable

            --- 10.0.0.77 ping statistics ---
            1 packets transmitted, 0 received, +1 errors, 100% packet loss, time Tms


            """, Normalise(output));
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task The_linger_time_ends_a_run_without_answer()
    {
        await using var rig = new ProgramRig();
        (int code, string output, _) = await ProgramRig.RunAsync(rig.A, "ping -c 1 -W 0.3 10.0.0.77");
        Assert.EndsWith("1 packets transmitted, 0 received, 100% packet loss, time Tms\n\n", Normalise(output), StringComparison.Ordinal);
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task The_deadline_ends_a_run_that_has_not_its_count()
    {
        await using var rig = new ProgramRig();
        (int code, string output, _) = await ProgramRig.RunAsync(rig.A, "ping -w 1 -c 500 -i 0.3 10.0.0.2");
        // The deadline may come between a request and its reply: how many came back is not judged.
        Match sent = Transmitted().Match(output);
        Assert.True(sent.Success, output);
        Assert.InRange(int.Parse(sent.Groups[1].Value, CultureInfo.InvariantCulture), 1, 499);
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task Control_c_prints_the_statistics()
    {
        await using var rig = new ProgramRig();
        using var stop = new CancellationTokenSource();
        Task<(int Code, string Out, string Error)> run = ProgramRig.RunAsync(rig.A, "ping -i 60 10.0.0.77", cancellation: stop.Token);
        await stop.CancelAsync();
        Assert.Contains("--- 10.0.0.77 ping statistics ---\n", (await run).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-c 0 127.0.0.1", 1, "ping: invalid argument: '0': out of range: 1 <= value <= 9223372036854775807\n")]
    [InlineData("-c x 127.0.0.1", 1, "ping: invalid argument: 'x'\n")]
    [InlineData("-t 300 127.0.0.1", 1, "ping: invalid argument: '300': out of range: 0 <= value <= 255\n")]
    [InlineData("-s -1 127.0.0.1", 1, "ping: invalid argument: '-1': out of range: 0 <= value <= 2147483647\n")]
    [InlineData("-w -1 127.0.0.1", 1, "ping: invalid argument: '-1': out of range: 0 <= value <= 2147483647\n")]
    [InlineData("-W -1 127.0.0.1", 2, "ping: bad linger time: -1\n")]
    [InlineData("-M foo 127.0.0.1", 2, "ping: invalid -M argument: foo\n")]
    [InlineData("", 1, "ping: usage error: Destination address required\n")]
    [InlineData("nohost", 2, "ping: nohost: Temporary failure in name resolution\n")]
    [InlineData("1.2.3.400", 2, "ping: 1.2.3.400: Temporary failure in name resolution\n")]
    [InlineData("-I 9.9.9.9 127.0.0.1", 2, "ping: bind: Cannot assign requested address\n")]
    [InlineData("-I nodev -c1 127.0.0.1", 2, "ping: SO_BINDTODEVICE nodev: No such device\n")]
    [InlineData("-c 1 192.0.2.1", 2, "ping: connect: Network is unreachable\n")]
    [InlineData("-c 1 10.0.0.255", 2, "ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules\n")]
    public async Task Bad_arguments_are_refused_in_the_tools_words(string args, int code, string message)
    {
        await using var rig = new ProgramRig();
        Assert.Equal((code, "", message), await ProgramRig.RunAsync(rig.A, "ping " + args));
    }

    [Theory]
    [InlineData("-Z", "ping: invalid option -- 'Z'\n\nUsage\n  ping [options] <destination>\n")]
    [InlineData("-c", "ping: option requires an argument -- 'c'\n\nUsage\n  ping [options] <destination>\n")]
    public async Task An_unknown_option_brings_the_usage(string args, string start)
    {
        await using var rig = new ProgramRig();
        (int code, _, string error) = await ProgramRig.RunAsync(rig.A, "ping " + args);
        Assert.StartsWith(start, error, StringComparison.Ordinal);
        Assert.Equal(2, code);
    }

    [Theory]
    [InlineData("-I 127.0.0.1", "PING 127.0.0.1 (127.0.0.1) from 127.0.0.1 : 56(84) bytes of data.\n")]
    [InlineData("-I lo", "PING 127.0.0.1 (127.0.0.1) from 127.0.0.1 lo: 56(84) bytes of data.\n")]
    public async Task The_interface_option_shows_in_the_header(string option, string header)
    {
        await using var rig = new ProgramRig();
        (int code, string output, _) = await ProgramRig.RunAsync(rig.A, $"ping {option} -c 1 127.0.0.1");
        Assert.StartsWith(header, output, StringComparison.Ordinal);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Time_stamps_come_in_brackets()
    {
        await using var rig = new ProgramRig();
        (_, string output, _) = await ProgramRig.RunAsync(rig.A, "ping -D -c 1 10.0.0.2");
        Assert.Matches(@"\n\[\d{10}\.\d{6}\] 64 bytes from 10\.0\.0\.2: icmp_seq=1 ttl=64 time=", output);
    }

    private static string Normalise(string output)
    {
        string text = RoundTrip().Replace(output, "time=T ms");
        text = Elapsed().Replace(text, "time Tms");
        return Times().Replace(text, "= T/T/T/T ms");
    }

    // Three decimals below a millisecond and fewer above, as the tool prints them.
    [GeneratedRegex(@"time=(0\.\d{3}|\d\.\d\d|\d\d\.\d|\d{3,}) ms")]
    private static partial Regex RoundTrip();

    [GeneratedRegex(@"^(\d+) packets transmitted, \d+ received", RegexOptions.Multiline)]
    private static partial Regex Transmitted();

    [GeneratedRegex(@"time \d+ms")]
    private static partial Regex Elapsed();

    [GeneratedRegex(@"= \d+\.\d{3}/\d+\.\d{3}/\d+\.\d{3}/\d+\.\d{3} ms")]
    private static partial Regex Times();
}
