using System.Buffers.Binary;
using System.Security.Cryptography;
using ActorNet.Netstack;
using ActorNet.Sockets;
using ActorNet.Workloads.Dns.Wire;

namespace ActorNet.Workloads.Dns.Client;

/// <summary>What came of a question to one server.</summary>
/// <param name="Message">The answer; null: there was none in time.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Error">What the socket said instead, such as a refused connection; Ok: nothing.</param>
internal readonly record struct DnsReply(DnsMessage? Message, int Length, SocketResult Error);

/// <summary>Asks one server, once (RFC 1035 4.2, RFC 7766).</summary>
/// <param name="door">The door to the namespace.</param>
/// <param name="time">The clock.</param>
internal sealed class DnsExchange(INamespaceExecutor door, TimeProvider time)
{
    /// <summary>The port of name servers.</summary>
    public const ushort Port = 53;

    /// <summary>An id that cannot be guessed (RFC 5452 4.3).</summary>
    public static ushort NewId() => (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);

    /// <summary>Asks by UDP. What is no answer to the question is passed over, as is garbage.</summary>
    /// <param name="query">The question.</param>
    /// <param name="server">Whom to ask.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<DnsReply> AskUdpAsync(DnsMessage query, Ipv4Endpoint server, TimeSpan patience, CancellationToken cancel) =>
        (await AskUdpAsync([query], server, patience, cancel).ConfigureAwait(false))[0];

    /// <summary>Asks several questions at once by one socket, and waits for the answers to all of them. An error that the socket reports ends the waiting.</summary>
    /// <param name="queries">The questions, each with an id of its own.</param>
    /// <param name="server">Whom to ask.</param>
    /// <param name="patience">How long to wait for all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>What came of each.</returns>
    public async Task<DnsReply[]> AskUdpAsync(IReadOnlyList<DnsMessage> queries, Ipv4Endpoint server, TimeSpan patience, CancellationToken cancel)
    {
        var replies = new DnsReply[queries.Count];
        (SocketResult result, DatagramEndpoint? socket) = await DatagramEndpoint.OpenAsync(door, default, server).ConfigureAwait(false);
        if (socket is null)
            return Fail(replies, result);
        await using (socket.ConfigureAwait(false))
        {
            using var timeout = new CancellationTokenSource(patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
            try
            {
                for (int i = 0; i < queries.Count && result == SocketResult.Ok; i++)
                    result = await socket.SendAsync(DnsWriter.Write(queries[i])).ConfigureAwait(false);
                while (result == SocketResult.Ok && replies.Any(static reply => reply.Message is null))
                {
                    ReceivedDatagram datagram = await socket.ReceiveAsync(either.Token).ConfigureAwait(false);
                    result = datagram.Result;
                    if (result == SocketResult.Ok)
                        Take(replies, queries, datagram.Data);
                }

                return Fail(replies, result);
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                return replies;
            }
        }
    }

    /// <summary>Asks by TCP.</summary>
    /// <param name="query">The question.</param>
    /// <param name="server">Whom to ask.</param>
    /// <param name="patience">How long to wait for connection and answer together.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<DnsReply> AskTcpAsync(DnsMessage query, Ipv4Endpoint server, TimeSpan patience, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            (SocketResult result, TcpDuplexPipe? connection) = await TcpConnector.ConnectAsync(door, server, cancellationToken: either.Token).ConfigureAwait(false);
            if (connection is null)
                return new DnsReply(null, 0, result);
            var stream = new TcpStream(connection);
            await using (stream.ConfigureAwait(false))
            {
                byte[] text = DnsWriter.Write(query), framed = new byte[text.Length + 2];
                BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)text.Length);
                text.CopyTo(framed, 2);
                await stream.WriteAsync(framed, either.Token).ConfigureAwait(false);
                byte[] length = new byte[2];
                await stream.ReadExactlyAsync(length, either.Token).ConfigureAwait(false);
                byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(answer, either.Token).ConfigureAwait(false);
                return DnsReader.Read(answer) is { } read && IsAnswer(query, read) ? new DnsReply(read, answer.Length, SocketResult.Ok) : default;
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            return default;
        }
        catch (IOException)
        {
            return new DnsReply(null, 0, SocketResult.ConnectionReset);
        }
    }

    private static void Take(DnsReply[] replies, IReadOnlyList<DnsMessage> queries, byte[] data)
    {
        if (DnsReader.Read(data) is not { } answer)
            return;
        for (int i = 0; i < queries.Count; i++)
        {
            if (IsAnswer(queries[i], answer))
                replies[i] = new DnsReply(answer, data.Length, SocketResult.Ok);
        }
    }

    // What has no answer has the error instead.
    private static DnsReply[] Fail(DnsReply[] replies, SocketResult error) =>
        [.. replies.Select(reply => reply.Message is null ? new DnsReply(null, 0, error) : reply)];

    // RFC 5452 9.1; a server that did not understand may leave the question out.
    private static bool IsAnswer(DnsMessage query, DnsMessage answer) => answer.IsResponse && answer.Id == query.Id
        && (answer.Questions.IsEmpty || (answer.Questions.Length == 1 && answer.Questions[0].Equals(query.Questions[0])));
}
