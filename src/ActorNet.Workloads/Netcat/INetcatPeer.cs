namespace ActorNet.Workloads.Netcat;

/// <summary>The network side of a netcat's relay.</summary>
internal interface INetcatPeer : IAsyncDisposable
{
    /// <summary>Cancelled when both directions have ended; what was received before may still be read.</summary>
    CancellationToken Gone { get; }

    /// <summary>Reads.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Bytes, 0 at the end, -1 for an error of the network.</returns>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation);

    /// <summary>Writes.</summary>
    /// <param name="data">Bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False when the network takes no more.</returns>
    ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation);

    /// <summary>Ends sending (shutdown SHUT_WR).</summary>
    ValueTask ShutdownSendAsync();
}
