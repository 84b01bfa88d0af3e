using System.IO.Pipelines;
using ActorNet.Sockets;

namespace ActorNet.Workloads.Streams;

/// <summary>
/// A pipe between two programs, as pipe(7): it holds 64 KiB, a writer waits while it is full, a reader while it is empty. When every writer is
/// gone the reader sees the end; when the reader is gone a writer gets <see cref="BrokenPipeException"/>. Several programs may share an end.
/// </summary>
internal sealed class BytePipe
{
    /// <summary>What Linux's pipes hold, in bytes.</summary>
    public const int Capacity = 65_536;

    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: Capacity, resumeWriterThreshold: Capacity / 2, useSynchronizationContext: false));

    public BytePipe()
    {
        Reader = new ReadEnd(_pipe.Reader.AsStream());
        Writer = new WriteEnd(_pipe.Writer);
    }

    /// <summary>The end to read from; disposing it closes it.</summary>
    public Stream Reader { get; }

    /// <summary>The end to write to; disposing it closes it.</summary>
    public Stream Writer { get; }

    private sealed class ReadEnd(Stream stream) : AsyncStream
    {
        private readonly SemaphoreSlim _turn = new(1, 1);

        public override bool CanRead => true;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                stream.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class WriteEnd(PipeWriter writer) : AsyncStream
    {
        private readonly SemaphoreSlim _turn = new(1, 1);

        public override bool CanWrite => true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                // In pieces, so that what is under way stays near the capacity.
                for (int at = 0; at < buffer.Length; at += Capacity / 2)
                {
                    FlushResult result = await writer.WriteAsync(buffer.Slice(at, Math.Min(Capacity / 2, buffer.Length - at)), cancellationToken).ConfigureAwait(false);
                    if (result.IsCompleted)
                        throw new BrokenPipeException();
                }
            }
            finally
            {
                _turn.Release();
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                writer.Complete();
            base.Dispose(disposing);
        }
    }
}
