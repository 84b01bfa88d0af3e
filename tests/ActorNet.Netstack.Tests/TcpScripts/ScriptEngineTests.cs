using ActorNet.Packets;
using ActorNet.TcpScripts;

namespace ActorNet.Netstack.Tests.TcpScripts;

/// <summary>The engine judged by itself: a stack that does something else, and a script that cannot be read, are told with file and line.</summary>
public sealed class ScriptEngineTests
{
    private const string Header = "title: t\nclause: RFC 9293 3.5\nstacks: both\n";

    [Fact]
    public void Every_script_can_be_read_and_names_an_RFC()
    {
        IReadOnlyList<string> names = TcpScript.Names(TcpScript.Folder);
        Assert.True(names.Count >= 60, $"{names.Count} scripts");
        Assert.All(names, name => Assert.Matches(@"RFC \d+ \d", TcpScript.Load(TcpScript.Folder, name).Clause));
    }

    [Theory]
    [InlineData("+0 > SYN seq=0", "nothing until 0.040, expected a segment")]
    [InlineData("+0 < ACK seq=1 ack=5\n+0 > RST seq=6", "seq: saw 5, expected 6")]
    [InlineData("+0 < ACK seq=1 ack=5\n+0 > RST+ACK seq=5 ack=0", "flags: saw Rst, expected Rst, Ack")]
    [InlineData("+0 < ACK seq=1 ack=5\n+0 > RST seq=5 len=1", "len: saw 0, expected 1")]
    [InlineData("+0 < ACK seq=1 ack=5\n+0 > RST seq=5 mss=1460", "option MaximumSegmentSize: is not there")]
    [InlineData("+0 < ACK seq=1 ack=5\n+0.1..0.2 > RST seq=5", "time: too early")]
    [InlineData("+0 < ACK seq=1 ack=5\n+0.1 quiet", "expected nothing before this line")]
    [InlineData("+0 < ACK seq=1 ack=5", "expected nothing before this line")]
    [InlineData("+0 < ACK seq=1 ack=5 on=b\n+0 > RST seq=5", "connection: saw b, expected a")]
    [InlineData("+0 S = socket\n+0 bind S 80 -> EADDRINUSE", "the call came to 0, expected EADDRINUSE")]
    [InlineData("+0 S = socket\n+0 read S 10", "the call came to EAGAIN, expected 10")]
    public void A_stack_that_does_something_else_is_told_with_the_conversation(string events, string told)
    {
        using var stack = new ResettingStack();
        ScriptException failure = Assert.Throws<ScriptException>(() => ScriptRun.Execute(Parse(Header + events), stack));
        Assert.Contains(told, failure.Message, StringComparison.Ordinal);
        Assert.StartsWith($"script.tcp:{3 + events.Split('\n').Length}: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("the conversation so far:", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("+0 < ACK seq=1 ack=5\n+0 > RST seq=5")]
    [InlineData("+0 < ACK seq=1 ack=5\n+0 > RST seq=$n\n+0 < ACK seq=1 ack=7\n+0 > RST seq=$n+2")]
    [InlineData("+0 < ACK seq=1 ack=5\n+0 >? ACK seq=1 ack=1\n+0 > RST seq=1..9")]
    public void A_stack_that_does_it_passes(string events)
    {
        using var stack = new ResettingStack();
        ScriptRun.Execute(Parse(Header + events), stack);
    }

    [Theory]
    [InlineData("soon > ACK seq=1 ack=1", "begins with a time")]
    [InlineData("+x > ACK seq=1 ack=1", "is no time")]
    [InlineData("+0 > ACK seq=1", "needs ack=")]
    [InlineData("+0 > ACK ack=1", "lacks seq=")]
    [InlineData("+0 > SIN seq=1", "'SIN' is none of")]
    [InlineData("+0 > SYN seq=1 size=4", "'size' is no field")]
    [InlineData("+0 < icmp whatever seq=1", "an ICMP error is one of")]
    [InlineData("+0 reed A 5", "nor one of the calls")]
    [InlineData("+0 state A", "says nothing without")]
    public void A_line_that_cannot_be_read_is_named(string line, string told)
    {
        ScriptException failure = Assert.Throws<ScriptException>(() => Parse(Header + line));
        Assert.StartsWith("script.tcp:4: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(told, failure.Message, StringComparison.Ordinal);
    }

    private static TcpScript Parse(string text) => new ScriptParser(_ => text.Split('\n')).Parse("script");

    /// <summary>A stack with no connection: it answers each ACK with a RST (RFC 9293 3.10.7.1) and knows no more.</summary>
    private sealed class ResettingStack : ITcpStackUnderTest
    {
        private readonly Queue<byte[]> _sent = new();

        public Ipv4Address Address { get; } = Ipv4Address.Parse("192.0.2.1");

        public Ipv4Address PeerAddress { get; } = Ipv4Address.Parse("192.0.2.2");

        public TimeSpan Now { get; private set; }

        public void Inject(ReadOnlySpan<byte> packet)
        {
            byte[] copy = packet.ToArray();
            Assert.Equal(ParseError.None, Ipv4View.TryParse(copy, out Ipv4View ip));
            Assert.Equal(ParseError.None, TcpView.TryParse(ip.Payload, out TcpView tcp));
            byte[] reset = new byte[40];
            new TcpHeader
            {
                SourcePort = tcp.DestinationPort,
                DestinationPort = tcp.SourcePort,
                SequenceNumber = tcp.AcknowledgmentNumber,
                Flags = TcpFlags.Rst,
            }.Write(reset.AsSpan(20), 0, Address, PeerAddress);
            new Ipv4Header { Source = Address, Destination = PeerAddress, Protocol = IpProtocol.Tcp, TotalLength = 40, TimeToLive = 64 }.Write(reset);
            _sent.Enqueue(reset);
        }

        public byte[]? NextEmitted(TimeSpan deadline)
        {
            if (_sent.TryDequeue(out byte[]? packet))
                return packet;
            Now = deadline > Now ? deadline : Now;
            return null;
        }

        public SocketAnswer Open() => SocketAnswer.Ok(1);

        public SocketAnswer Bind(int socket, ushort port) => SocketAnswer.Ok();

        public SocketAnswer Listen(int socket, int backlog) => SocketAnswer.Ok();

        public SocketAnswer Accept(int socket) => SocketAnswer.Fail("EAGAIN");

        public SocketAnswer Connect(int socket, ushort port) => SocketAnswer.Fail("EINPROGRESS");

        public SocketAnswer Write(int socket, ReadOnlySpan<byte> data) => SocketAnswer.Fail("EAGAIN");

        public SocketAnswer Read(int socket, Span<byte> buffer) => SocketAnswer.Fail("EAGAIN");

        public SocketAnswer Shutdown(int socket, ShutdownWay way) => SocketAnswer.Ok();

        public SocketAnswer Close(int socket) => SocketAnswer.Ok();

        public SocketAnswer SetOption(int socket, string option, int value) => SocketAnswer.Ok();

        public SocketAnswer TakeError(int socket) => SocketAnswer.Ok();

        public string? State(int socket) => null;

        public SocketAnswer Info(int socket, string field) => SocketAnswer.Ok();

        public void Dispose()
        {
        }
    }
}
