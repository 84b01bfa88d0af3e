using ActorNet.Packets;
using CsCheck;

namespace ActorNet.Netstack.Tests;

/// <summary>Segments that no peer would send, near the window and far from it, at a socket whose user does what comes to mind.</summary>
public sealed class TcpFuzzTests
{
    private static readonly Gen<uint> NearOrFar = Gen.OneOf(
        Gen.UInt[0, 20], Gen.UInt[0, 100_000], Gen.UInt[0, 200].Select(n => 0u - n), Gen.UInt);

    private static readonly Gen<byte[]> Options = Gen.OneOf(
        Gen.Const(Array.Empty<byte>()),
        Gen.Byte.Array[0, 10].Select(b => b.Concat(b).Concat(b).Concat(b).ToArray()),
        Gen.Select(NearOrFar, Gen.UInt[1, 3000]).Select((left, length) => Sack(left, length)));

    private static readonly Gen<Step> Steps = Gen.Select(
        Gen.Int[0, 20], Gen.Int[0, 511], NearOrFar, NearOrFar, Gen.Int[0, 1400], Gen.UShort, Options)
        .Select((what, flags, sequence, ack, length, window, options) => new Step(what, (TcpFlags)flags, sequence, ack, length, window, options));

    [Fact]
    public void Nothing_throws_and_nothing_leaks() => Steps.Array[1, 120].Sample(Play, iter: 3000);

    private static void Play(Step[] steps)
    {
        using var peer = new RawPeer(new TcpSettings { MaxConnections = 50 });
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 8, null, out TcpListener? listener));
        peer.Send(TcpFlags.Syn, 0, options: [2, 4, 5, 0xB4, 4, 2, 1, 1]);
        peer.Send(TcpFlags.Ack, 1, 1);
        Assert.True(listener!.TryAccept(out TcpSocket? socket));
        var buffer = new byte[5000];
        foreach (Step step in steps)
        {
            switch (step.What)
            {
                case 0:
                    socket.Send(buffer, out _);
                    break;
                case 1:
                    socket.Receive(buffer, out _);
                    break;
                case 2:
                    peer.Run(TimeSpan.FromMilliseconds(step.Length));
                    break;
                case 3 when step.Length < 100:
                    socket.ShutdownSend();
                    break;
                case 4 when step.Length < 50:
                    socket.Close();
                    break;
                case 5:
                    peer.Send(TcpFlags.Ack, 1, step.Acknowledgment % 5000, window: step.Window);
                    break;
                case < 12:
                    peer.Send(TcpFlags.Ack, 1 + step.Sequence, 1, step.Length, step.Window, step.Options);
                    break;
                default:
                    peer.Send(step.Flags, step.Sequence, step.Acknowledgment, step.Length, step.Window, step.Options);
                    break;
            }

            peer.Settle();
        }

        socket.Close();
        peer.Run(TimeSpan.FromSeconds(200));
    }

    // Left and right are taken from the script's own counting; what they mean to the stack is of no matter here.
    private static byte[] Sack(uint left, uint length)
    {
        var bytes = new byte[12];
        var writer = new TcpOptionWriter(bytes);
        writer.NoOperation();
        writer.NoOperation();
        writer.Sack([new SackBlock(left, left + length)]);
        writer.Finish();
        return bytes;
    }

    private sealed record Step(int What, TcpFlags Flags, uint Sequence, uint Acknowledgment, int Length, ushort Window, byte[] Options);
}
