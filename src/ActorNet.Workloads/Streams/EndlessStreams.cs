using System.Buffers.Binary;
using ActorNet.Sockets;

namespace ActorNet.Workloads.Streams;

/// <summary>/dev/null: ends at once when read, swallows what is written. It gives way now and then, for nothing else on its way would.</summary>
internal sealed class NullDeviceStream : AsyncStream
{
    private int _writes;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(0);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (++_writes % 64 == 0)
            await Task.Yield();
    }
}

/// <summary>/dev/zero and /dev/urandom: as many bytes as are asked for.</summary>
/// <param name="seed">Seed of the random bytes, or null for zeros.</param>
internal sealed class EndlessStream(ulong? seed) : AsyncStream
{
    private int _reads;
    private ulong _block;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (++_reads % 64 == 0)
            await Task.Yield();
        if (seed is { } start)
            Fill(buffer.Span, start);
        else
            buffer.Span.Clear();
        return buffer.Length;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    // SplitMix64 over a counter.
    private void Fill(Span<byte> buffer, ulong start)
    {
        Span<byte> block = stackalloc byte[8];
        for (int at = 0; at < buffer.Length; at += block.Length)
        {
            ulong z = start + (++_block * 0x9E37_79B9_7F4A_7C15);
            z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
            z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
            BinaryPrimitives.WriteUInt64LittleEndian(block, z ^ (z >> 31));
            block[..Math.Min(block.Length, buffer.Length - at)].CopyTo(buffer[at..]);
        }
    }
}

/// <summary>A descriptor that was closed (`&gt;&amp;-`): EBADF on every use.</summary>
internal sealed class ClosedStream : AsyncStream
{
    public static ClosedStream Instance { get; } = new();
}
