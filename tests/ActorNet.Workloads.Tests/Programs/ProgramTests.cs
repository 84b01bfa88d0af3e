using System.Text;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tests.Programs;

public class ProgramTests
{
    [Fact]
    public async Task An_unknown_command_is_127()
    {
        await using var rig = new ProgramRig();
        Assert.Equal((127, "", "sh: 1: frobnicate: not found\n"), await ProgramRig.RunAsync(rig.A, "frobnicate now"));
    }

    [Theory]
    [InlineData("traceroute -T 10.0.0.2")]
    [InlineData("traceroute --tcp 10.0.0.2")]
    public async Task What_takes_a_raw_socket_is_refused_by_name(string command)
    {
        await using var rig = new ProgramRig();
        Assert.Equal((2, "", "traceroute: -T is not emulated\n"), await ProgramRig.RunAsync(rig.A, command));
    }

    [Fact]
    public async Task Small_programs_do_their_thing()
    {
        await using var rig = new ProgramRig();
        Assert.Equal((0, "web-0\n", ""), await ProgramRig.RunAsync(rig.A, "/bin/hostname"));
        Assert.Equal((0, "a b\n", ""), await ProgramRig.RunAsync(rig.A, "echo a b"));
        Assert.Equal((0, "text", ""), await ProgramRig.RunAsync(rig.A, "cat", "text"));
        Assert.Equal((1, "", "cat: can't open '/etc/x': No such file or directory\n"), await ProgramRig.RunAsync(rig.A, "cat /etc/x"));
    }

    [Theory]
    // netexec.go startUDPServer: lowered and trimmed before it is looked at; an unknown command gets no answer.
    [InlineData("hostname", "web-0")]
    [InlineData(" HostName\n", "web-0")]
    [InlineData("echo Hello World", "hello world")]
    [InlineData("clientip", "10.0.0.1:4000")]
    public async Task Netexec_answers_as_upstream(string request, string reply)
    {
        await using var rig = new ProgramRig();
        using var stop = new CancellationTokenSource();
        Task<(int Code, string Out, string Error)> server = ProgramRig.RunAsync(rig.B, "agnhost netexec --udp-port=8081 --http-port 80", cancellation: stop.Token);
        await Bound(rig.B, 8081);
        (_, DatagramEndpoint? client) = await DatagramEndpoint.OpenAsync(rig.A, new Ipv4Endpoint(default, 4000), Peer(8081));
        await client!.SendAsync("nonsense"u8.ToArray());
        await client.SendAsync(Encoding.UTF8.GetBytes(request));
        ReceivedDatagram got = await client.ReceiveAsync();
        Assert.Equal(reply, Encoding.UTF8.GetString(got.Data));
        Assert.Equal(Peer(8081), got.Sender);
        await client.DisposeAsync();
        await stop.CancelAsync();
        Assert.Equal(0, (await server).Code);
    }

    [Theory]
    [InlineData("netexec --udp-port=x", "Error: invalid argument \"x\" for \"--udp-port\" flag: strconv.ParseInt: parsing \"x\": invalid syntax\n")]
    [InlineData("netexec --bogus=1", "Error: unknown flag: --bogus\n")]
    [InlineData("netexec --http-port", "Error: flag needs an argument: --http-port\n")]
    [InlineData("netexec now", "Error: accepts at most 0 arg(s), received 1\n")]
    [InlineData("netexec --tls-cert-file=/c", "Error: --tls-cert-file=/c: HTTPS is not built in; leave the flag out to serve HTTP\n")]
    public async Task Agnhost_refuses_what_it_does_not_know(string args, string message)
    {
        await using var rig = new ProgramRig();
        Assert.Equal((1, "", message), await ProgramRig.RunAsync(rig.A, "agnhost " + args));
    }

    [Fact]
    public async Task Netexec_says_when_its_port_is_taken()
    {
        await using var rig = new ProgramRig();
        (_, DatagramEndpoint? taken) = await DatagramEndpoint.OpenAsync(rig.A, new Ipv4Endpoint(default, 8081));
        (int code, _, string error) = await ProgramRig.RunAsync(rig.A, "agnhost netexec");
        Assert.EndsWith("listen udp :8081: bind: address already in use\n", error, StringComparison.Ordinal);
        Assert.Equal(1, code);
        await taken!.DisposeAsync();
    }

    [Fact]
    public async Task Two_netcats_talk()
    {
        await using var rig = new ProgramRig();
        Task<(int Code, string Out, string Error)> server = ProgramRig.RunAsync(rig.B, "nc -u -l -v -W 1 9000");
        await Bound(rig.B, 9000);
        (int code, string output, string error) = await ProgramRig.RunAsync(rig.A, "nc -u -p 4000 -w 1 10.0.0.2 9000", "one\ntwo\n");
        Assert.Equal((0, "", ""), (code, output, error));
        Assert.Equal((0, "one\ntwo\n", "Bound on 0.0.0.0 9000\nConnection received on 10.0.0.1 4000\n"), await server);
    }

    [Fact]
    public async Task Netcat_ends_when_the_port_is_closed_there()
    {
        await using var rig = new ProgramRig();
        // netcat-openbsd 1.219 ends at once, silently, with 0.
        long start = TimeProvider.System.GetTimestamp();
        Assert.Equal((0, "", ""), await ProgramRig.RunAsync(rig.A, "nc -u -w 60 10.0.0.2 9", "x\n"));
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Theory]
    // netcat-openbsd 1.219's words.
    [InlineData("-u 127.0.0.1", "nc: missing port number\n")]
    [InlineData("-u 127.0.0.1 99999", "nc: port number too large: 99999\n")]
    [InlineData("-u -w x 127.0.0.1 9", "nc: timeout invalid: x\n")]
    [InlineData("-u nohost 9", "nc: getaddrinfo for host \"nohost\" port 9: Temporary failure in name resolution\n")]
    [InlineData("-u -v 192.0.2.1 9", "nc: connect to 192.0.2.1 port 9 (udp) failed: Network is unreachable\n")]
    [InlineData("-u 192.0.2.1 9", "")]
    public async Task Netcat_complains_in_the_tools_words(string args, string message)
    {
        await using var rig = new ProgramRig();
        Assert.Equal((1, "", message), await ProgramRig.RunAsync(rig.A, "nc " + args));
    }

    [Fact]
    public async Task A_cancelled_receive_loses_no_datagram()
    {
        await using var rig = new ProgramRig();
        (_, DatagramEndpoint? server) = await DatagramEndpoint.OpenAsync(rig.B, new Ipv4Endpoint(default, 53));
        using (var stop = new CancellationTokenSource())
        {
            Task<ReceivedDatagram> given = server!.ReceiveAsync(stop.Token);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        }

        (_, DatagramEndpoint? client) = await DatagramEndpoint.OpenAsync(rig.A, default, Peer(53));
        await client!.SendAsync("x"u8.ToArray());
        Assert.Equal("x"u8.ToArray(), (await server.ReceiveAsync()).Data);
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData("registry.k8s.io/e2e-test-images/agnhost:2.53", "/agnhost pause", false)]
    [InlineData("registry.k8s.io/pause:3.10@sha256:abc", "/pause", false)]
    [InlineData("busybox", "sh", true)]
    [InlineData("localhost:5000/shop/web:1", "pause", true)]
    public void Images_name_their_programs(string image, string command, bool notice)
    {
        ImageWorkload workload = ImageTable.Find(image);
        Assert.Equal(command, string.Join(' ', workload.Compose(null, null)));
        Assert.Equal(notice, workload.Notice is not null);
    }

    [Fact]
    public void Command_and_args_replace_what_the_image_says()
    {
        // The table in the Kubernetes documentation, "Define a Command and Arguments for a Container".
        var image = new ImageWorkload(["/ep-1"], ["foo", "bar"]);
        Assert.Equal(["/ep-1", "foo", "bar"], image.Compose(null, null));
        Assert.Equal(["/ep-2"], image.Compose(["/ep-2"], null));
        Assert.Equal(["/ep-1", "zoo", "boo"], image.Compose(null, ["zoo", "boo"]));
        Assert.Equal(["/ep-2", "zoo", "boo"], image.Compose(["/ep-2"], ["zoo", "boo"]));
    }

    private static Ipv4Endpoint Peer(ushort port) => new(Ipv4Address.Parse("10.0.0.2"), port);

    private static async Task Bound(INamespaceExecutor door, ushort port)
    {
        while (!await door.RunAsync(sockets => sockets.UdpSockets.Any(s => s.Local.Port == port)))
            await Task.Yield();
    }
}
