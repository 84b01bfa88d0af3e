using ActorNet.Packets;
using static ActorNet.Netstack.TcpState;

namespace ActorNet.Netstack.Tests;

/// <summary>
/// The transition table: a row for each state and event of RFC 9293 (figure 5 and 3.10), with the state that follows and what is sent.
/// Numbers are counted from the initial ones: the peer's data begin at 1, ours too. In the states behind our FIN, 2 acknowledges it.
/// </summary>
public sealed class TcpStateTableTests
{
    [Theory]

    // CLOSED: 3.10.7.1.
    [InlineData(Closed, "connect", SynSent, "SYN 0 0")]
    [InlineData(Closed, "listen", Listen, "")]
    [InlineData(Closed, "syn", Closed, "RST+ACK")]
    [InlineData(Closed, "ack", Closed, "RST")]
    [InlineData(Closed, "fin", Closed, "RST")]
    [InlineData(Closed, "rst", Closed, "")]

    // LISTEN: 3.10.7.2.
    [InlineData(Listen, "syn", SynReceived, "SYN+ACK 0 1")]
    [InlineData(Listen, "ack", Listen, "RST")]
    [InlineData(Listen, "syn-ack", Listen, "RST")]
    [InlineData(Listen, "rst", Listen, "")]
    [InlineData(Listen, "nothing", Listen, "")]
    [InlineData(Listen, "stop-listening", Closed, "")]

    // SYN-SENT: 3.10.7.3.
    [InlineData(SynSent, "syn-ack", Established, "ACK 1 1")]
    [InlineData(SynSent, "syn", SynReceived, "SYN+ACK 0 1")]
    [InlineData(SynSent, "wrong-ack", SynSent, "RST 77 0")]
    [InlineData(SynSent, "rst", Closed, "")]
    [InlineData(SynSent, "rst-without-ack", SynSent, "")]
    [InlineData(SynSent, "ack", SynSent, "")]
    [InlineData(SynSent, "time", SynSent, "SYN 0 0")]
    [InlineData(SynSent, "close", Closed, "")]
    [InlineData(SynSent, "abort", Closed, "")]

    // SYN-RECEIVED.
    [InlineData(SynReceived, "ack", Established, "")]
    [InlineData(SynReceived, "syn", SynReceived, "SYN+ACK 0 1")]
    [InlineData(SynReceived, "wrong-ack", SynReceived, "RST 77 0")]
    [InlineData(SynReceived, "rst", Closed, "")]
    [InlineData(SynReceived, "rst-in-window", SynReceived, "ACK 1 1")]
    [InlineData(SynReceived, "fin-ack", CloseWait, "ACK 1 2")]
    [InlineData(SynReceived, "nothing", SynReceived, "")]
    [InlineData(SynReceived, "time", SynReceived, "SYN+ACK 0 1")]
    [InlineData(SynReceived, "stop-listening", Closed, "")]

    // ESTABLISHED.
    [InlineData(Established, "data", Established, "ACK 1 11")]
    [InlineData(Established, "send", Established, "ACK 1 1 len 10")]
    [InlineData(Established, "fin", CloseWait, "ACK 1 2")]
    [InlineData(Established, "shutdown", FinWait1, "FIN+ACK 1 1")]
    [InlineData(Established, "close", FinWait1, "FIN+ACK 1 1")]
    [InlineData(Established, "abort", Closed, "RST+ACK 1 1")]
    [InlineData(Established, "rst", Closed, "")]
    [InlineData(Established, "rst-in-window", Established, "ACK 1 1")]
    [InlineData(Established, "rst-outside", Established, "")]
    [InlineData(Established, "syn", Established, "ACK 1 1")]
    [InlineData(Established, "wrong-ack", Established, "ACK 1 1")]
    [InlineData(Established, "ack", Established, "")]
    [InlineData(Established, "nothing", Established, "")]
    [InlineData(Established, "old-data", Established, "ACK 1 1")]

    // FIN-WAIT-1.
    [InlineData(FinWait1, "ack", FinWait2, "")]
    [InlineData(FinWait1, "fin", Closing, "ACK 2 2")]
    [InlineData(FinWait1, "fin-ack", TimeWait, "ACK 2 2")]
    [InlineData(FinWait1, "data", FinWait1, "ACK 2 11")]
    [InlineData(FinWait1, "rst", Closed, "")]
    [InlineData(FinWait1, "rst-in-window", FinWait1, "ACK 2 1")]
    [InlineData(FinWait1, "syn", FinWait1, "ACK 2 1")]
    [InlineData(FinWait1, "time", FinWait1, "FIN+ACK 1 1")]
    [InlineData(FinWait1, "abort", Closed, "RST+ACK 2 1")]
    [InlineData(FinWait1, "close", FinWait1, "")]

    // FIN-WAIT-2.
    [InlineData(FinWait2, "fin", TimeWait, "ACK 2 2")]
    [InlineData(FinWait2, "data", FinWait2, "ACK 2 11")]
    [InlineData(FinWait2, "rst", Closed, "")]
    [InlineData(FinWait2, "syn", FinWait2, "ACK 2 1")]
    [InlineData(FinWait2, "abort", Closed, "RST+ACK 2 1")]
    [InlineData(FinWait2, "close", FinWait2, "")]
    [InlineData(FinWait2, "ack", FinWait2, "")]

    // CLOSE-WAIT.
    [InlineData(CloseWait, "send", CloseWait, "ACK 1 2 len 10")]
    [InlineData(CloseWait, "shutdown", LastAck, "FIN+ACK 1 2")]
    [InlineData(CloseWait, "close", LastAck, "FIN+ACK 1 2")]
    [InlineData(CloseWait, "abort", Closed, "RST+ACK 1 2")]
    [InlineData(CloseWait, "rst", Closed, "")]
    [InlineData(CloseWait, "fin", CloseWait, "ACK 1 2")]
    [InlineData(CloseWait, "syn", CloseWait, "ACK 1 2")]
    [InlineData(CloseWait, "ack", CloseWait, "")]

    // CLOSING.
    [InlineData(Closing, "ack", TimeWait, "")]
    [InlineData(Closing, "old-ack", Closing, "")]
    [InlineData(Closing, "fin", Closing, "ACK 2 2")]
    [InlineData(Closing, "rst", Closed, "")]
    [InlineData(Closing, "syn", Closing, "ACK 2 2")]
    [InlineData(Closing, "time", Closing, "FIN+ACK 1 2")]
    [InlineData(Closing, "abort", Closed, "")]

    // LAST-ACK.
    [InlineData(LastAck, "ack", Closed, "")]
    [InlineData(LastAck, "old-ack", LastAck, "")]
    [InlineData(LastAck, "fin", LastAck, "ACK 2 2")]
    [InlineData(LastAck, "rst", Closed, "")]
    [InlineData(LastAck, "syn", LastAck, "ACK 2 2")]
    [InlineData(LastAck, "time", LastAck, "FIN+ACK 1 2")]
    [InlineData(LastAck, "abort", Closed, "")]

    // TIME-WAIT.
    [InlineData(TimeWait, "fin-ack", TimeWait, "ACK 2 2")]
    [InlineData(TimeWait, "ack", TimeWait, "")]
    [InlineData(TimeWait, "rst", Closed, "")]
    [InlineData(TimeWait, "old-data", TimeWait, "ACK 2 2")]
    [InlineData(TimeWait, "sixty-seconds", Closed, "")]
    public void A_state_and_an_event_lead_to(TcpState from, string happens, TcpState to, string sent)
    {
        using var run = new StateRun(from);
        run.Do(happens);
        string seen = run.Peer.TakeSent();
        if (from is Closed or Listen && sent.StartsWith("RST", StringComparison.Ordinal))
            seen = seen.Split(' ')[0];
        Assert.Equal(sent, seen);
        Assert.Equal(to, run.State);
    }

    private sealed class StateRun : IDisposable
    {
        private TcpListener? _listener;
        private TcpSocket? _socket;

        public StateRun(TcpState state)
        {
            Reach(state);
            Assert.Equal(state, State);
            Peer.TakeSent();
        }

        public RawPeer Peer { get; } = new();

        public TcpState State
        {
            get
            {
                if (Peer.Layer.TcpConnections.Any())
                    return Peer.Layer.TcpConnections.Single().State;
                if (_socket is not null)
                    return Closed;
                return _listener is { IsClosed: false } && !_endedHere ? Listen : Closed;
            }
        }

        private bool _endedHere;

        // Our FIN is out in these states, the peer's in those.
        private uint Ours => _finSent ? 2u : 1u;

        private uint Theirs => _finReceived ? 2u : 1u;

        private bool _finSent;
        private bool _finReceived;

        public void Do(string happens)
        {
            TcpState before = State;
            switch (happens)
            {
                case "syn":
                    Peer.Send(TcpFlags.Syn, 0);
                    break;
                case "syn-ack":
                    Peer.Send(TcpFlags.Syn | TcpFlags.Ack, 0, 1);
                    break;
                case "ack":
                    Peer.Send(TcpFlags.Ack, before == SynSent ? 0 : Theirs, Ours);
                    break;
                case "old-ack":
                    Peer.Send(TcpFlags.Ack, Theirs, 1);
                    break;
                case "wrong-ack":
                    Peer.Send(before == SynSent ? TcpFlags.Syn | TcpFlags.Ack : TcpFlags.Ack, before == SynSent ? 0u : 1u, 77);
                    break;
                case "fin":
                    Peer.Send(TcpFlags.Fin | TcpFlags.Ack, 1, before == FinWait2 ? 2u : 1u);
                    break;
                case "fin-ack":
                    Peer.Send(TcpFlags.Fin | TcpFlags.Ack, 1, Ours);
                    break;
                case "rst":
                    Peer.Send(before == SynSent ? TcpFlags.Rst | TcpFlags.Ack : TcpFlags.Rst, before == SynSent ? 0 : Theirs, 1);
                    break;
                case "rst-without-ack":
                    Peer.Send(TcpFlags.Rst, 0);
                    break;
                case "rst-in-window":
                    Peer.Send(TcpFlags.Rst, 100);
                    break;
                case "rst-outside":
                    Peer.Send(TcpFlags.Rst, 10_000_000);
                    break;
                case "data":
                    Peer.Send(TcpFlags.Ack, 1, before == FinWait1 ? 1 : Ours, 10);
                    break;
                case "old-data":
                    Peer.Send(TcpFlags.Ack, unchecked(0u - 9), Ours, 10);
                    break;
                case "nothing":
                    Peer.Send(TcpFlags.None, 1, length: 10);
                    break;
                case "time":
                    // RFC 6298, 2.1 before the first round-trip time; behind it 200 ms and that time, here next to nothing.
                    Peer.Run(TimeSpan.FromMilliseconds(before is SynSent or SynReceived ? 1001 : 201));
                    break;
                case "sixty-seconds":
                    Peer.Run(TimeSpan.FromSeconds(60));
                    break;
                default:
                    Call(happens);
                    break;
            }

            if (before == SynReceived && happens == "rst")
                _endedHere = true;
        }

        public void Dispose() => Peer.Dispose();

        private void Call(string happens)
        {
            switch (happens)
            {
                case "connect":
                    _socket = Peer.Layer.OpenTcp();
                    Assert.Equal(SocketResult.InProgress, _socket.Connect(new Ipv4Endpoint(RawPeer.PeerAddress, RawPeer.PeerPort)));
                    Peer.StackPort = _socket.Local.Port;
                    break;
                case "listen":
                    Assert.Equal(SocketResult.Ok, Peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 8, null, out _listener));
                    break;
                case "stop-listening":
                    _listener!.Close();
                    break;
                case "send":
                    Assert.Equal(SocketResult.Ok, _socket!.Send(new byte[10], out _));
                    break;
                case "shutdown":
                    Assert.Equal(SocketResult.Ok, _socket!.ShutdownSend());
                    _finSent = true;
                    break;
                case "close":
                    _socket!.Close();
                    break;
                case "abort":
                    _socket!.Abort();
                    break;
                default:
                    throw new ArgumentException($"'{happens}' is no event of this table.", nameof(happens));
            }

            Peer.Settle();
        }

        private void Reach(TcpState state)
        {
            switch (state)
            {
                case Closed:
                    break;
                case Listen:
                    Do("listen");
                    break;
                case SynSent:
                    Do("connect");
                    break;
                case SynReceived:
                    Reach(Listen);
                    Do("syn");
                    break;
                case Established:
                    Reach(SynReceived);
                    Do("ack");
                    Assert.True(_listener!.TryAccept(out _socket));
                    break;
                case FinWait1:
                    Reach(Established);
                    Do("shutdown");
                    break;
                case FinWait2:
                    Reach(FinWait1);
                    Do("ack");
                    break;
                case CloseWait:
                    Reach(Established);
                    Do("fin");
                    _finReceived = true;
                    break;
                case Closing:
                    Reach(FinWait1);
                    Do("fin");
                    _finReceived = true;
                    break;
                case LastAck:
                    Reach(CloseWait);
                    Do("shutdown");
                    break;
                case TimeWait:
                    Reach(FinWait2);
                    Do("fin");
                    _finReceived = true;
                    break;
            }
        }
    }
}
