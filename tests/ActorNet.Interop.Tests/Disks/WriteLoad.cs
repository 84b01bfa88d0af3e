using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using ActorNet.Cluster.Stores.Peers;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Interop.Tests.Disks;

/// <summary>Writers that put one key after the other, and what was acknowledged to them.</summary>
internal sealed class WriteLoad
{
    private const int Writers = 16;
    private readonly ConcurrentQueue<string> _acknowledged = new();
    private int _written;

    /// <summary>The keys whose writes were acknowledged by now.</summary>
    public IReadOnlyCollection<string> Acknowledged => _acknowledged.ToArray();

    /// <summary>What a key's value is.</summary>
    public static byte[] ValueOf(string key) => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(key + " ", 20)));

    /// <summary>Writes until cancelled, or until the server goes.</summary>
    public async Task RunAsync(IPEndPoint server, CancellationToken cancel)
    {
        await using StoreClient client = await StoreClient.ConnectAsync(server, cancel);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAsync(client, cancel)));
    }

    private async Task WriteAsync(StoreClient client, CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                string key = Interlocked.Increment(ref _written).ToString("00000000", CultureInfo.InvariantCulture);
                await client.CommitAsync(StoreTransaction.Of(new PutOperation(key, ValueOf(key))), cancel);
                _acknowledged.Enqueue(key);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or StoreException)
        {
            // The power cut. What was under way was not acknowledged.
        }
    }
}
