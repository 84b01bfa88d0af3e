using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace ActorNet.Cluster.Stores.Peers;

/// <summary>A connection between members in the shape that the log's library takes.</summary>
internal sealed class PeerConnection : ConnectionContext
{
    private readonly Stream _stream;
    private readonly CancellationTokenSource _closed = new();
    private int _ended;

    /// <summary>Wraps a stream, which belongs to this from now on.</summary>
    public PeerConnection(Stream stream, EndPoint remote)
    {
        _stream = stream;
        RemoteEndPoint = remote;
        ConnectionClosed = _closed.Token;
        Transport = new Duplex(PipeReader.Create(stream), PipeWriter.Create(stream));
    }

    /// <inheritdoc/>
    public override string ConnectionId { get; set; } = Guid.NewGuid().ToString("N");

    /// <inheritdoc/>
    public override IFeatureCollection Features { get; } = new FeatureCollection();

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    /// <inheritdoc/>
    public override IDuplexPipe Transport { get; set; }

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) => Abort();

    /// <inheritdoc/>
    public override void Abort()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        _stream.Dispose();
        _closed.Cancel();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        Abort();
        await _stream.DisposeAsync().ConfigureAwait(false);
        _closed.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
