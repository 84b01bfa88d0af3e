using System.Buffers.Binary;
using ActorNet.Dataplane.Observation;

namespace ActorNet.Cli.Client;

/// <summary>
/// Merges the files that hosts send into one section: interfaces are numbered anew, packets come in the order they arrive. Each block is written
/// whole. It reads what <see cref="PcapngWriter"/> writes, little-endian. Safe for several readers at once.
/// </summary>
/// <param name="output">Where the merged file goes; stays the caller's.</param>
/// <param name="limit">Packets written at most, or null.</param>
internal sealed class CaptureFile(Stream output, long? limit)
{
    private const int MaxBlock = 1 << 24;

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _full = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _begun;
    private uint _interfaces;

    /// <summary>Packets written.</summary>
    public long Packets { get; private set; }

    /// <summary>Completes when the limit is reached.</summary>
    public Task Full => _full.Task;

    /// <summary>Copies a host's file to its end.</summary>
    /// <param name="file">The host's file.</param>
    public async Task AddAsync(Stream file)
    {
        var numbers = new List<uint>();
        byte[] block = new byte[4096];
        try
        {
            while (await file.ReadAtLeastAsync(block.AsMemory(0, 8), 8, throwOnEndOfStream: false).ConfigureAwait(false) == 8)
            {
                uint length = BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(4));
                if (length is < 12 or > MaxBlock || length % 4 != 0)
                    throw new UsageException($"a host sent a block of {length} bytes, which is no capture of this version. Give hosts and command the same version.");
                if (length > block.Length)
                    Array.Resize(ref block, (int)length);
                await file.ReadExactlyAsync(block.AsMemory(8, (int)length - 8)).ConfigureAwait(false);
                Write(block.AsSpan(0, (int)length), numbers);
            }
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException or EndOfStreamException)
        {
            // The host ended in the middle of a block; what came before stands.
        }
    }

    private void Write(Span<byte> block, List<uint> numbers)
    {
        lock (_lock)
        {
            switch (BinaryPrimitives.ReadUInt32LittleEndian(block))
            {
                case PcapngWriter.SectionHeader when _begun:
                    return;
                case PcapngWriter.SectionHeader:
                    _begun = true;
                    break;
                case PcapngWriter.InterfaceDescription:
                    numbers.Add(_interfaces++);
                    break;
                case PcapngWriter.EnhancedPacket when Packets < (limit ?? long.MaxValue):
                    int own = (int)BinaryPrimitives.ReadUInt32LittleEndian(block[8..]);
                    BinaryPrimitives.WriteUInt32LittleEndian(block[8..], numbers[own]);
                    Packets++;
                    break;
                default:
                    return;
            }

            output.Write(block);
            output.Flush();
            if (Packets >= (limit ?? long.MaxValue))
                _full.TrySetResult();
        }
    }
}
