using ActorNet.Node;

namespace ActorNet.Cli.Host.Telemetry;

/// <summary>
/// What only its owner can count, asked for before somebody collects: instruments are read at once and cannot wait for an actor. Those who
/// collect while actors are being asked share the next answer: however many there are, one question is under way.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="storeDirectory">Where the store's files are; null: there are none.</param>
/// <param name="time">The clock.</param>
internal sealed class HostReadings(NodeHost node, string? storeDirectory, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _asking = new(1, 1);
    private volatile Reading _now = new(new NodeMeasures(), new KubeProxyStatus(), 0);
    private long _askedAt = long.MinValue;

    /// <summary>The node's counters.</summary>
    public NodeMeasures Node => _now.Node;

    /// <summary>Its kube-proxy.</summary>
    public KubeProxyStatus KubeProxy => _now.KubeProxy;

    /// <summary>Bytes of the store's files.</summary>
    public long StoreBytes => _now.StoreBytes;

    /// <summary>Asks: what is read behind it is not older than the call.</summary>
    /// <param name="ct">Gives up.</param>
    public async Task RefreshAsync(CancellationToken ct)
    {
        long called = time.GetTimestamp();
        await _asking.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            if (_askedAt >= called)
                return;
            long asked = time.GetTimestamp();
            Task<NodeMeasures> measures = node.MeasureAsync(ct);
            Task<KubeProxyStatus> proxy = node.KubeProxyStatusAsync(ct);
            long bytes = storeDirectory is null ? 0 : await Task.Run(() => SizeOf(storeDirectory), ct).ConfigureAwait(false);
            _now = new Reading(await measures.ConfigureAwait(false), await proxy.ConfigureAwait(false), bytes);
            _askedAt = asked;
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _asking.Dispose();

    // Files come and go meanwhile.
    private static long SizeOf(string directory)
    {
        try
        {
            return new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static file => file.Exists ? file.Length : 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private sealed record Reading(NodeMeasures Node, KubeProxyStatus KubeProxy, long StoreBytes);
}
