using System.Collections.Immutable;
using ActorNet.Dataplane.Observation;
using ActorNet.Node;

namespace ActorNet.Cli.Host;

/// <summary>Where a host is to capture.</summary>
/// <param name="Target">node/NAME or pod/NAME.</param>
/// <param name="Device">One device, or null for all of the namespace.</param>
public sealed record CaptureRequest(string Target, string? Device);

/// <summary>Sends a capture as a pcapng file while it runs.</summary>
internal static class CaptureStream
{
    /// <summary>The header of the answer that says by which number the capture is stopped.</summary>
    public const string SessionHeader = "ActorNet-Session";

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    /// <summary>Sends until stopped or until the namespace ends; then sends what was left.</summary>
    /// <param name="target">What is captured; interfaces are named TARGET:DEVICE.</param>
    /// <param name="capture">The capture; it is stopped when this returns.</param>
    /// <param name="output">Where the file goes; only ever written to asynchronously.</param>
    /// <param name="stop">Ends the capture.</param>
    public static async Task RunAsync(string target, NodeCapture capture, Stream output, CancellationToken stop)
    {
        using var blocks = new MemoryStream();
        bool stopped = false;
        try
        {
            var file = new PcapngWriter(blocks);
            Dictionary<string, int> interfaces = capture.Devices.ToDictionary(d => d, d => file.AddInterface($"{target}:{d}", NodeCapture.SnapLength), StringComparer.Ordinal);
            await SendAsync(blocks, output).ConfigureAwait(false);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop, capture.Closed);
            using var timer = new PeriodicTimer(Period);
            while (await TickAsync(timer, ended.Token).ConfigureAwait(false))
            {
                Write(file, interfaces, await capture.DrainAsync(CancellationToken.None).ConfigureAwait(false));
                await SendAsync(blocks, output).ConfigureAwait(false);
            }

            stopped = true;
            Write(file, interfaces, await capture.StopAsync(CancellationToken.None).ConfigureAwait(false));
            await SendAsync(blocks, output).ConfigureAwait(false);
        }
        finally
        {
            if (!stopped)
                await capture.StopAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static void Write(PcapngWriter file, Dictionary<string, int> interfaces, ImmutableArray<CapturedPacket> packets)
    {
        foreach (CapturedPacket p in packets)
            file.WritePacket(interfaces[p.Device], p.WallClockNanoseconds, p.Direction, p.Bytes.Span, p.OriginalLength, p.LostBefore);
    }

    private static async Task SendAsync(MemoryStream blocks, Stream output)
    {
        if (blocks.Length == 0)
            return;
        await output.WriteAsync(blocks.GetBuffer().AsMemory(0, (int)blocks.Length)).ConfigureAwait(false);
        await output.FlushAsync().ConfigureAwait(false);
        blocks.SetLength(0);
    }

    private static async Task<bool> TickAsync(PeriodicTimer timer, CancellationToken ended)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
