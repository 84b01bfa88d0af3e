using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Cli.Bench;

/// <summary>The HTTP load, the same over our sockets and over the kernel's: Kestrel answers, HttpClient asks on connections that stay.</summary>
internal static class HttpLoad
{
    /// <summary>Connections at a time, ours and the kernel's.</summary>
    public const int Connections = 16;

    private static readonly byte[] Body = [.. Enumerable.Repeat((byte)'x', 64)];

    /// <summary>Answers every request with 64 bytes.</summary>
    public static Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = Body.Length;
        return context.Response.Body.WriteAsync(Body, context.RequestAborted).AsTask();
    }

    /// <summary>Asks for a time, on each connection for one answer after the other.</summary>
    /// <param name="handler">Where connections come from, taken over.</param>
    /// <param name="uri">What to ask for.</param>
    /// <param name="duration">How long, counted from the first answer.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">A request failed.</exception>
    public static async Task<BenchHttpSent> RunAsync(SocketsHttpHandler handler, Uri uri, TimeSpan duration, CancellationToken ct)
    {
        handler.MaxConnectionsPerServer = Connections;
        using var client = new HttpClient(handler);
        try
        {
            await AskAsync(client, uri, ct).ConfigureAwait(false);
            long start = Stopwatch.GetTimestamp();
            long[] requests = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(() => AskForAsync(client, uri, start, duration, ct), ct))).ConfigureAwait(false);
            return new BenchHttpSent(requests.Sum(), Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        catch (HttpRequestException e)
        {
            throw new UsageException($"HTTP load to {uri}: {e.Message}");
        }
    }

    private static async Task<long> AskForAsync(HttpClient client, Uri uri, long start, TimeSpan duration, CancellationToken ct)
    {
        long requests = 0;
        for (; Stopwatch.GetElapsedTime(start) < duration; requests++)
            await AskAsync(client, uri, ct).ConfigureAwait(false);
        return requests;
    }

    private static async Task AskAsync(HttpClient client, Uri uri, CancellationToken ct)
    {
        byte[] answer = await client.GetByteArrayAsync(uri, ct).ConfigureAwait(false);
        if (!answer.AsSpan().SequenceEqual(Body))
            throw new UsageException($"HTTP load to {uri}: the answer has {answer.Length} bytes that are not the server's.");
    }
}
