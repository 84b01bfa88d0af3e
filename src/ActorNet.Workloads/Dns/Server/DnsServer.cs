using System.Buffers.Binary;
using ActorNet.Netstack;
using ActorNet.Sockets;
using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Dns.Server;

/// <summary>
/// The server's sockets: one UDP socket, whose bounded buffer is all that waits, and TCP connections, of which there are a bounded number that
/// may be silent for a while only. Garbage is counted and has no effect.
/// </summary>
/// <param name="answerer">Answers.</param>
/// <param name="udp">The UDP socket.</param>
/// <param name="tcp">The TCP listener.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Takes a line about every question; null: nothing.</param>
internal sealed class DnsServer(DnsAnswerer answerer, DatagramEndpoint udp, TcpAcceptor tcp, TimeProvider time, Func<DnsMessage, DnsMessage, int, string, Task>? log)
{
    private const int MaxConnections = 128;

    // miekg/dns: a connection that says nothing is closed after 8 s.
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(8);

    private int _connections;

    /// <summary>What it counted.</summary>
    public DnsCounters Counters { get; } = new();

    /// <summary>Serves until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(ServeUdpAsync(cancel), ServeTcpAsync(cancel));

    private async Task ServeUdpAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                ReceivedDatagram datagram = await udp.ReceiveAsync(cancel).ConfigureAwait(false);
                if (datagram.Result == SocketResult.Closed)
                    return;
                // An ICMP error about an earlier answer is nobody's concern.
                if (datagram.Result != SocketResult.Ok || await AnswerAsync(datagram.Data, isUdp: true).ConfigureAwait(false) is not { } answer)
                    continue;
                await udp.SendToAsync(answer, datagram.Sender).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The server ends.
        }
    }

    private async Task ServeTcpAsync(CancellationToken cancel)
    {
        try
        {
            while (await tcp.AcceptAsync(cancel).ConfigureAwait(false) is { } connection)
            {
                if (Interlocked.Increment(ref _connections) <= MaxConnections)
                {
                    _ = ServeAsync(connection, cancel);
                    continue;
                }

                Interlocked.Decrement(ref _connections);
                Counters.CountBusy();
                connection.Abort();
            }
        }
        catch (OperationCanceledException)
        {
            // The server ends.
        }
    }

    private async Task ServeAsync(TcpDuplexPipe connection, CancellationToken cancel)
    {
        var stream = new TcpStream(connection);
        try
        {
            await using (stream.ConfigureAwait(false))
            {
                byte[] length = new byte[2];
                while (await ReadAsync(stream, length, cancel).ConfigureAwait(false))
                {
                    byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                    if (!await ReadAsync(stream, message, cancel).ConfigureAwait(false) || await AnswerAsync(message, isUdp: false).ConfigureAwait(false) is not { } answer)
                        return;
                    byte[] framed = new byte[answer.Length + 2];
                    BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)answer.Length);
                    answer.CopyTo(framed, 2);
                    await stream.WriteAsync(framed, cancel).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client went, was silent for too long, or the server ends.
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task<bool> ReadAsync(TcpStream stream, byte[] buffer, CancellationToken cancel)
    {
        using var idle = new CancellationTokenSource(Idle, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancel);
        return await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, either.Token).ConfigureAwait(false) == buffer.Length;
    }

    private async Task<byte[]?> AnswerAsync(byte[] bytes, bool isUdp)
    {
        if (DnsReader.Read(bytes) is not { } query || answerer.Answer(query) is not { } answer)
        {
            Counters.CountGarbage();
            return null;
        }

        Counters.CountQuestion();
        int limit = !isUdp ? ushort.MaxValue : query.Edns is { } edns ? Math.Max(edns.Size, (ushort)DnsMessage.PlainSize) : DnsMessage.PlainSize;
        byte[] written = DnsWriter.Write(answer, limit);
        if (log is not null)
            await log(query, answer, written.Length, isUdp ? "udp" : "tcp").ConfigureAwait(false);
        return written;
    }
}
